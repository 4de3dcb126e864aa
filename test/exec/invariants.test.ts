import { describe, expect, it } from 'vitest';
import type { ExecPlan, Part } from '../../src/domain/decision.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { type Gid, parseGid, parseUid, type Uid } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import { ownEnvironment } from '../../src/exec/exec.ts';
import { assertInvariants, isExpectedVariable, type Terms } from '../../src/exec/invariants.ts';

function valid<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
const caller: { uid: Uid; gid: Gid } = { uid: valid(parseUid('1000')), gid: valid(parseGid('100')) };

const strict: Terms = {
  allowed_subcommands: ['run', 'exec', 'ps'],
  user_in_container: true,
  caps_drop: ['ALL'],
  caps_add: ['CHOWN'],
  no_new_privileges: true,
};
const confined = ['--user=1000:100', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
const you = (...words: readonly string[]): Part => ({ words, source: 'you', rule: 'docker' });
const us = (...words: readonly string[]): Part => ({ words, source: 'enforced', rule: 'test' });

function plan(parts: readonly Part[], changes: Partial<ExecPlan> = {}): ExecPlan {
  return { executable: '/usr/bin/docker', parts, env: { DOCKER_HOST: 'unix:///x' }, ...changes };
}
function broken(
  parts: readonly Part[],
  terms: Partial<Terms> = {},
  changes: Partial<ExecPlan> = {},
): string | undefined {
  try {
    assertInvariants(plan(parts, changes), { ...strict, ...terms }, caller);
    return undefined;
  } catch (error) {
    if (!(error instanceof UserdockerError) || error.failure.code !== 'denied') throw error;
    return error.failure.reasons[0]?.message.replace(/^.*invariant: /, '');
  }
}

/** Words of a `run` of the user's with the given options put in by userdocker. */
const run = (options: readonly string[], ...rest: readonly string[]) => [
  you('run'),
  us(...options),
  you(...rest),
];
const image = ['--', 'debian', 'id'];

describe('what holds', () => {
  it.each([
    ['run', run(confined, ...image)],
    ['run without --, for nvidia-docker', run(confined, 'debian', 'id')],
    ['what enforced options are said again', [you('run', ...confined), us(...confined), you(...image)]],
    ['a payload that looks like options', run(confined, '--', 'debian', '--user=0', '--cap-add=ALL', '-x')],
    [
      'a capability that the policy adds',
      [you('run', '--cap-add=cap_chown'), us(...confined), you(...image)],
    ],
    ['a capability of args.run.always', run([...confined, '--cap-add=SYS_PTRACE'], ...image)],
    ['another security option of the policy', run([...confined, '--security-opt=seccomp=/etc/x'], ...image)],
    ['no_new_privileges said twice', run([...confined, '--security-opt=no-new-privileges:true'], ...image)],
    ['exec', [you('exec'), us('--user=1000:100'), you('--', 'f00', 'id')]],
    ['ps', [you('ps', '--all', '--filter=x')]],
  ])('%s', (_, parts) => expect(broken(parts)).toBeUndefined());

  it.each([
    [
      'user_in_container',
      { user_in_container: false },
      ['--cap-drop=ALL', '--security-opt=no-new-privileges'],
    ],
    ['caps_drop', { caps_drop: [] }, ['--user=1000:100', '--security-opt=no-new-privileges']],
    ['no_new_privileges', { no_new_privileges: false }, ['--user=1000:100', '--cap-drop=ALL']],
  ])('%s is not demanded: not there', (_, terms, options) => {
    expect(broken(run(options, ...image), terms)).toBeUndefined();
  });
});

const without = (flag: string) => confined.filter((word) => !word.startsWith(flag));

describe('what does not', () => {
  it.each([
    ['no user', run(without('--user'), ...image), 'processes run as 1000:100'],
    ['root as user', run(['--user=0:0', ...without('--user')], ...image), 'processes run as 1000:100'],
    [
      'a user without group: the image says which',
      run(['--user=1000', ...without('--user')], ...image),
      'processes run as 1000:100',
    ],
    ['a second user', run([...confined, '--user=0'], ...image), 'processes run as 1000:100'],
    [
      'a user behind the image only',
      run(without('--user'), '--', 'debian', '--user=1000:100'),
      'processes run as 1000:100',
    ],
    [
      'a user with its value in the next word',
      run([...confined, '--user', '0'], ...image),
      'processes run as 1000:100',
    ],
    ['exec without user', [you('exec', '--', 'f00', 'id')], 'processes run as 1000:100'],
    ['exec as root', [you('exec', '--user=0:0'), you('--', 'f00')], 'processes run as 1000:100'],
    [
      'no dropped capabilities',
      run(without('--cap-drop'), ...image),
      'the capabilities of caps_drop are dropped',
    ],
    [
      'others dropped',
      run([...without('--cap-drop'), '--cap-drop=CHOWN'], ...image),
      'the capabilities of caps_drop are dropped',
    ],
    [
      "a capability of the user's",
      [you('run', '--cap-add=SYS_ADMIN'), us(...confined), you(...image)],
      'no capability is added but those of caps_add',
    ],
    [
      'all of them',
      [you('run', '--cap-add=ALL'), us(...confined), you(...image)],
      'no capability is added but those of caps_add',
    ],
    ['no no-new-privileges', run(without('--security'), ...image), 'processes gain no new privileges'],
    [
      'its opposite behind it',
      run([...confined, '--security-opt=no-new-privileges=false'], ...image),
      'processes gain no new privileges',
    ],
    [
      'its opposite, spelled with a colon',
      run([...confined, '--security-opt=no-new-privileges:0'], ...image),
      'processes gain no new privileges',
    ],
    ['a short option', run([...confined, '-v=/:/host'], ...image), 'every option is in its long form'],
    ['a subcommand that is not allowed', [you('create')], 'the subcommand is an allowed one'],
    ['no subcommand', [], 'the subcommand is an allowed one'],
    ['an option before the subcommand', [you('--host=x', 'ps')], 'the subcommand is an allowed one'],
    ['a NUL', [you('ps', 'a\0b')], 'no word and no variable holds a NUL byte'],
  ])('%s', (_, parts, invariant) => expect(broken(parts)).toBe(invariant));

  it('a relative executable', () => {
    expect(broken([you('ps')], {}, { executable: 'docker' })).toBe('the executable is an absolute path');
  });
  it.each(['LD_PRELOAD', 'BUN_OPTIONS', 'HOME', 'DOCKER_CONTEXT', 'NVIDIA_VISIBLE_DEVICES', '', 'PATH '])(
    'the variable %j',
    (name) => {
      expect(broken([you('ps')], {}, { env: { [name]: 'x' } })).toBe('docker gets no variable but its own');
    },
  );
  it('a NUL in a variable', () => {
    expect(broken([you('ps')], {}, { env: { DOCKER_HOST: 'a\0b' } })).toBe(
      'no word and no variable holds a NUL byte',
    );
  });
});

describe("docker's own environment", () => {
  it('has a PATH of fixed directories that only root can write, whatever the caller has', () => {
    expect(ownEnvironment({ PATH: '/home/alice/bin' })).toEqual({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin' });
  });
  it.each([
    ['TERM', 'xterm-256color'],
    ['LANG', 'de_DE.UTF-8@euro'],
    ['LC_ALL', 'C'],
    ['LC_CTYPE', 'en_US.UTF-8'],
  ])('keeps %s=%s', (name, value) =>
    expect(ownEnvironment({ [name]: value })).toMatchObject({ [name]: value }),
  );
  it.each([
    ['TERM', '../../home/alice/evil'],
    ['TERM', '/x'],
    ['TERM', ''],
    ['TERM', 'x'.repeat(65)],
    ['LANG', '../x'],
    ['LANG', 'C\n'],
    ['LC_all', 'C'],
    ['LOCPATH', 'x'],
    ['DOCKER_HOST', 'x'],
    ['DOCKER_CONTEXT', 'x'],
    ['HOME', 'x'],
    ['LD_PRELOAD', 'x'],
    ['NODE_OPTIONS', 'x'],
    ['BUN_OPTIONS', 'x'],
    ['TERM', undefined],
  ])('leaves out %s=%j', (name, value) =>
    expect(Object.keys(ownEnvironment({ [name]: value }))).toEqual(['PATH']),
  );
  it('holds nothing that the invariants do not expect', () => {
    expect(
      Object.keys(ownEnvironment({ TERM: 'x', LANG: 'C', LANGUAGE: 'de', LC_ALL: 'C' })).every(
        isExpectedVariable,
      ),
    ).toBe(true);
  });
});

describe('files that docker reads', () => {
  const file = '--env-file=/proc/self/fd/3';
  const reads = 'docker reads no file but those that userdocker has written';
  it.each<[string, readonly string[], readonly string[], string | undefined]>([
    ['what is handed over', [file], ['A=b'], undefined],
    ['two', [file, '--label-file=/proc/self/fd/4'], ['A=b', 'c=d'], undefined],
    ['one of somebody else', ['--env-file=/etc/shadow'], [], reads],
    ['one of somebody else beside ours', [file, '--env-file=/etc/shadow'], ['A=b'], reads],
    ['the next word', ['--env-file'], ['A=b'], reads],
    ['a descriptor that nobody opens', [file], [], reads],
    ['a file that is not read', [], ['A=b'], reads],
    ['another order', ['--env-file=/proc/self/fd/4', '--label-file=/proc/self/fd/3'], ['A=b', 'c=d'], reads],
  ])('%s', (_what, words, files, expected) => {
    expect(broken(run([...confined, ...words], ...image), {}, { files })).toBe(expected);
  });
});
