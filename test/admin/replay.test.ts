import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAdminCall } from '../../src/admin/command-line.ts';
import { openSources } from '../../src/admin/log/sources.ts';
import { compare } from '../../src/admin/replay/compare.ts';
import { decideAgain, type Outcome, type Rules } from '../../src/admin/replay/decide-again.ts';
import { parseRecord, type RepeatedCall, readRecords } from '../../src/admin/replay/records.ts';
import { replayJson, replayText } from '../../src/admin/replay/report.ts';
import { type ReplayOptions, replay } from '../../src/admin/replay.ts';
import type { NameService } from '../../src/caller/name-service.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import { auditLine } from '../../src/report/audit.ts';
import { alice, configDirectory, must, trustedDirectory } from '../config/support.ts';
import { answering } from '../docker/fake-engine.ts';

/** As the program itself writes it. */
function record(argv: string, changes: { readonly [field: string]: unknown } = {}): string {
  const line: unknown = JSON.parse(
    auditLine(
      {
        caller: alice,
        environment: {},
        asked: argv.split(' '),
        payloadLength: 0,
        decision: 'allow',
        reasons: [],
        plan: undefined,
        version: '3.0.0',
        configFiles: [],
      },
      new Date('2026-01-02T03:04:05.678Z'),
    ),
  );
  return JSON.stringify(Object.assign({}, line, changes));
}

function log(...lines: readonly string[]): string {
  const file = join(trustedDirectory(), 'audit.jsonl');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

describe('records', () => {
  test('equal calls are counted, with their first and last time', async () => {
    const file = log(
      record('ps', { time: '2026-02-01T00:00:00.000Z' }),
      record('ps', { time: '2026-01-01T00:00:00.000Z', pid: 5, cwd: '/' }),
      record('ps', { uid: 7 }),
      record('ps', { decision: 'deny' }),
    );
    const { calls, records } = await readRecords(openSources([file]).sources);
    expect({ records, counts: calls.map(({ count }) => count) }).toEqual({ records: 4, counts: [2, 1, 1] });
    expect(calls[0]).toMatchObject({ first: '2026-01-01T00:00:00.000Z', last: '2026-02-01T00:00:00.000Z' });
  });
  test('what is no record is counted', async () => {
    const file = log(
      'nonsense',
      '{}',
      '',
      record('ps'),
      '[]',
      'null',
      record('ps', { argv: ['ps', 1] }),
      `"${'x'.repeat(6_000_000)}"`,
    );
    expect(await readRecords(openSources([file]).sources)).toMatchObject({ records: 1, unreadable: 6 });
  });
  test('a last line without its end is one too', async () => {
    const file = join(trustedDirectory(), 'x');
    writeFileSync(file, record('ps'));
    expect(await readRecords(openSources([file, file]).sources)).toMatchObject({ records: 2, unreadable: 0 });
  });
  test.each([
    ['run -e A=b debian', undefined],
    ['run -e TOKEN debian', undefined],
    ['run --env=A=b -ite A=b debian', undefined],
    ['run -e a/b debian', 'hides more'],
    [`run ${'x'.repeat(9000)}`, 'only the beginning'],
  ])('%.40s can be judged again: %s', (argv, problem) => {
    expect(parseRecord(record(argv))?.call.problem).toEqual(
      problem === undefined ? undefined : expect.stringContaining(problem),
    );
  });
  test('of older versions: the wishes and groups are not known', () => {
    const { groups: _groups, env: _env, ...old }: { [field: string]: unknown } = JSON.parse(record('ps'));
    expect(parseRecord(JSON.stringify(old))?.call).toMatchObject({
      groups: undefined,
      environment: undefined,
    });
    expect(parseRecord(record('ps', { env: { NV_GPU: '1' } }))?.call).toMatchObject({
      groups: [1000, 2000, 3000],
      environment: { NV_GPU: '1' },
    });
  });
});

describe('what a candidate would change', () => {
  const allow = (...words: readonly string[]): Outcome => ({ kind: 'allow', words });
  const deny = (message: string): Outcome => ({ kind: 'deny', reasons: [{ rule: 'x', message }] });
  const unknown: Outcome = { kind: 'unknown', why: 'down' };
  const called = (decision: 'allow' | 'deny'): RepeatedCall => {
    const call = parseRecord(record('ps', { decision }))?.call;
    if (call === undefined) throw new Error('no record');
    return { call, count: 1, first: '', last: '' };
  };
  test.each([
    ['allow', allow('a'), allow('a'), { kind: 'same' }],
    ['deny', deny('a'), deny('b'), { kind: 'same' }],
    [
      'allow',
      allow('a'),
      deny('b'),
      { kind: 'change', change: { kind: 'allow-to-deny', reasons: [{ message: 'b' }] } },
    ],
    ['deny', deny('a'), allow('b'), { kind: 'change', change: { kind: 'deny-to-allow' } }],
    [
      'allow',
      allow('a', 'b', 'b'),
      allow('b', 'a', 'c'),
      { kind: 'change', change: { kind: 'command', removed: ['b'], added: ['c'] } },
    ],
    // The facts of that time are gone.
    [
      'allow',
      deny('gone'),
      deny('gone'),
      { kind: 'unjudged', unjudged: { why: expect.stringContaining('gone') } },
    ],
    ['deny', allow('a'), allow('a'), { kind: 'unjudged' }],
    ['deny', allow('a'), deny('b'), { kind: 'change', change: { kind: 'allow-to-deny' } }],
    ['allow', deny('a'), allow('b'), { kind: 'change', change: { kind: 'deny-to-allow' } }],
    ['allow', unknown, allow('b'), { kind: 'unjudged', unjudged: { why: 'down' } }],
    ['allow', allow('a'), unknown, { kind: 'unjudged', unjudged: { why: 'down' } }],
  ] as const)('%s then, %j now, %j with it', (then, now, candidate, expected) => {
    expect(compare(called(then), now, candidate)).toMatchObject(expected);
  });
});

const group = must(parseGid('1000'));
const people: NameService = {
  userById: () => undefined,
  userByName: (name) =>
    name === 'alice' || name === 'root'
      ? { name, uid: must(parseUid(name === 'root' ? '0' : '1000')), gid: group, home: `/home/${name}` }
      : undefined,
  groupIdsOf: () => [group, must(parseGid('2000'))],
  groupNamesOf: () => new Map([[group, 'users']]),
  groupIdsByName: () => new Map(),
};

/** Decides by the policy's list of commands alone. */
const byCommand: NonNullable<ReplayOptions['decide']> = async (argv, _environment, caller, rules) => {
  if ('problems' in rules)
    return { kind: 'deny', reasons: rules.problems.map(({ message }) => ({ rule: 'config', message })) };
  const [command = ''] = argv;
  return rules.policy.allowed_subcommands.includes(command)
    ? { kind: 'allow', words: [command, `--user=${caller.uid}:${caller.gid}`] }
    : { kind: 'deny', reasons: [{ rule: 'allowed_subcommands', message: `no ${command}` }] };
};

describe('replay', () => {
  const present = () => configDirectory({ 'config.yaml': '' });
  const run = (config: string, ...lines: readonly string[]) =>
    replay({ config, files: [log(...lines)] }, { present: present(), names: people, decide: byCommand });

  test('says what would change, for whom and how often', async () => {
    const config = configDirectory({
      'config.yaml': '',
      'user/config_alice.yaml': 'allowed_subcommands-: [pull]\nallowed_subcommands+: [rmi]',
    });
    const deny = { decision: 'deny' };
    const result = await run(
      config,
      record('pull debian'),
      record('pull debian'),
      record('rmi x', deny),
      record('ps'),
    );
    expect(result).toMatchObject({ judged: 4, records: 4, unreadable: 0, unjudged: [] });
    expect(replayText(result)).toBe(`Would be refused:
  alice, 2 times, last 2026-01-02T03:04:05.678Z: userdocker pull debian
      allowed_subcommands: no pull

Would be allowed:
  alice, last 2026-01-02T03:04:05.678Z: userdocker rmi x

Judged with the groups of today, which were others then: alice
4 records: 4 judged, 3 of them would change, 0 could not be judged
`);
    expect(JSON.parse(replayJson(result))).toMatchObject({
      judged: 4,
      changes: [
        {
          kind: 'allow-to-deny',
          user: 'alice',
          uid: 1000,
          argv: ['pull', 'debian'],
          count: 2,
          recorded: 'allow',
        },
        { kind: 'deny-to-allow', argv: ['rmi', 'x'], count: 1 },
      ],
      regrouped: ['alice'],
    });
  });
  test('shows the words in which the command would differ', async () => {
    const decide: typeof byCommand = async (_argv, _environment, _caller, rules) => {
      const level = 'problems' in rules ? 'none' : rules.policy.log_level;
      return { kind: 'allow', words: ['docker', 'run', `--label=${level} \u001b`, '--rm'] };
    };
    const config = configDirectory({ 'config.yaml': 'log_level: debug' });
    const options = { present: present(), names: people, decide };
    const text = replayText(await replay({ config, files: [log(record('run x'))] }, options));
    expect(text).toContain(`Would become another command:
  alice, last 2026-01-02T03:04:05.678Z: userdocker run x
      - $'--label=info \\033'
      + $'--label=debug \\033'
`);
  });
  test('a mistake in the configuration of today, which refuses the calls, and the candidate without it', async () => {
    const mistaken = configDirectory({ 'config.yaml': '', 'user/config_alice.yaml': 'limitz: {}' });
    const files = [log(record('ps', { decision: 'deny' }))];
    const result = await replay(
      { config: present(), files },
      { present: mistaken, names: people, decide: byCommand },
    );
    expect(result.changes).toMatchObject([{ kind: 'deny-to-allow' }]);
  });
  test('as JSON with what could not be judged', async () => {
    const result = await run(present(), record('ps', { user: 'gone' }));
    expect(JSON.parse(replayJson(result))).toMatchObject({
      judged: 0,
      unjudged: [{ user: 'gone', argv: ['ps'], count: 1, why: 'there is no user gone any more' }],
    });
  });
  test('nothing changes under the same configuration', async () => {
    expect(await run(present(), record('ps'), record('rmi x', { decision: 'deny' }))).toMatchObject({
      changes: [],
      judged: 2,
    });
  });
  test.each([
    [{ user: 'gone' }, 'there is no user gone any more'],
    [{ uid: 1001 }, 'there is no user alice with uid 1001 any more'],
    [{ argv_cut: { words: 3, bytes: 9, sha256: '' } }, 'only the beginning'],
    [{ argv: ['run', '***'] }, 'hides more'],
    [{ argv: ['--executor=nvidia-docker', 'run', 'x'], env: undefined }, 'did not note NV_GPU'],
  ])('%j can not be judged', async (changes, why) => {
    const { unjudged, judged } = await run(present(), record('ps', changes));
    expect({ judged, why: unjudged[0]?.why }).toEqual({ judged: 0, why: expect.stringContaining(why) });
  });
  test('the group that the user worked with counts while it is one of theirs', async () => {
    const seen: number[] = [];
    const decide: typeof byCommand = (argv, environment, caller, rules) => {
      seen.push(caller.gid);
      return byCommand(argv, environment, caller, rules);
    };
    const files = [log(record('ps', { gid: 2000 }), record('ps', { gid: 3000 }))];
    await replay({ config: present(), files }, { present: present(), names: people, decide });
    expect(seen).toEqual([2000, 2000, 1000, 1000]);
  });
  test('a candidate with a mistake is refused, with its line', async () => {
    const config = configDirectory({ 'config.yaml': '\nlimitz: {}' });
    await expect(run(config, record('ps'))).rejects.toMatchObject({
      failure: { code: 'config', problems: [{ line: 2 }] },
    });
  });
  test('a candidate that others can write is refused', async () => {
    const config = configDirectory({ 'config.yaml': '' });
    const { chmodSync } = await import('node:fs');
    chmodSync(config, 0o777);
    await expect(run(config, record('ps'))).rejects.toMatchObject({ failure: { code: 'config' } });
    chmodSync(config, 0o755);
    await expect(run(join(config, 'missing'), record('ps'))).rejects.toMatchObject({
      failure: { code: 'config' },
    });
  });
  test('a log that is not there', async () => {
    const files = ['/nonexistent/audit.jsonl'];
    await expect(
      replay({ config: present(), files }, { present: present(), names: people }),
    ).rejects.toMatchObject({
      failure: { code: 'unavailable' },
    });
  });
  test('what users wrote can not reach the terminal', async () => {
    const config = configDirectory({ 'config.yaml': 'allowed_subcommands-: [ps]' });
    const text = replayText(
      await run(config, record('ps', { argv: ['ps', '\u001b[2J', '\u202e'], time: '\u001b[2J' })),
    );
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });
});

const stateDirectories = ['/run/userdocker', '/var/lib/userdocker', '/var/log/userdocker'];
/** Before the first test. */
const untouched = stateDirectories.map(listing);

describe('a call decided again', () => {
  const engine = {
    '/info': { DockerRootDir: '/root' },
    '/version': {
      Version: '28.2.2',
      ApiVersion: '1.50',
      Arch: 'amd64',
      Components: [{ Name: 'runc', Version: '1.3.0' }],
    },
    '/containers/json': [],
    '/images/json': [{ RepoTags: ['debian:latest'] }],
    '/images/debian:latest/json': { Id: 'sha256:1', RepoTags: ['debian:latest'], Config: {} },
  };
  const rulesOf = async (changes: { readonly [setting: string]: unknown } = {}): Promise<Rules> => {
    const docker_host = await answering(engine);
    const volume_mounts = { default: [], available: ['/etc:/x'] };
    const settings = { executors: { docker: '/bin/true' }, docker_host, volume_mounts, ...changes };
    return loadPolicy({
      directory: configDirectory({ 'config.yaml': JSON.stringify(settings) }),
      caller: alice,
    });
  };
  test.each([
    [
      'run debian true',
      {},
      { kind: 'allow', words: expect.arrayContaining(['/bin/true', 'run', '--rm', 'sha256:1']) },
    ],
    ['run --cpus=1 debian', { cpus_default: 1 }, { kind: 'allow' }],
    ['run other', {}, { kind: 'allow' }],
    ['run --pull=never other', {}, { kind: 'deny', reasons: [{ rule: 'images' }] }],
    ['run --privileged debian', {}, { kind: 'deny', reasons: [{ rule: 'args.run.available' }] }],
    ['run --nonsense debian', {}, { kind: 'deny', reasons: [{ rule: 'usage' }] }],
    ['--nonsense run debian', {}, { kind: 'deny', reasons: [{ rule: 'usage' }] }],
    ['--executor=none run debian', {}, { kind: 'deny', reasons: [{ rule: 'executors' }] }],
    ['build .', {}, { kind: 'deny', reasons: [{ rule: 'allowed_subcommands' }] }],
    ['nonsense', {}, { kind: 'deny', reasons: [{ rule: 'usage' }] }],
    ['stop gone', {}, { kind: 'deny', reasons: [{ rule: 'ownership' }] }],
    ['load', {}, { kind: 'allow', words: [] }],
    ['run --help', {}, { kind: 'allow', words: [] }],
    ['ps', { allowed_subcommands: ['run'] }, { kind: 'deny', reasons: [{ rule: 'allowed_subcommands' }] }],
    ['ps', { docker_host: 'unix:///nonexistent' }, { kind: 'allow' }],
    ['images', { executors: { docker: '/tmp/docker' } }, { kind: 'deny', reasons: [{ rule: 'config' }] }],
  ])('%s under %j', async (line, changes, expected) => {
    expect(await decideAgain(line.split(' '), {}, alice, await rulesOf(changes))).toMatchObject(expected);
  });
  test('where the engine does not answer', async () => {
    const rules = await rulesOf({ docker_host: 'unix:///nonexistent/docker.sock' });
    expect(await decideAgain(['run', 'debian'], {}, alice, rules)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('does not answer'),
    });
  });
  test('where the configuration has a mistake nobody can call', async () => {
    const problems = [{ file: '/x', line: 3, message: 'no' }];
    expect(await decideAgain(['ps'], {}, alice, { problems })).toEqual({
      kind: 'deny',
      reasons: [{ rule: 'config', message: '/x:3: no' }],
    });
  });
  test('nothing is held open, however many there are', async () => {
    const rules = await rulesOf();
    const line = ['run', '-v', '/etc:/x', 'debian'];
    await decideAgain(line, {}, alice, rules);
    const before = readdirSync('/proc/self/fd').length;
    for (let count = 0; count < 20; count += 1) await decideAgain(line, {}, alice, rules);
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 10);
  });
  test('nothing was made or noted down where the program keeps its state, by any of these', () => {
    expect(stateDirectories.map(listing)).toEqual(untouched);
  });
});

function listing(directory: string): readonly string[] | undefined {
  return existsSync(directory) ? readdirSync(directory, { recursive: true }).map(String).sort() : undefined;
}

describe('the command line', () => {
  test.each([
    [['replay', '--config', '/x'], { kind: 'replay', config: '/x', files: [], json: false }],
    [
      ['replay', '--config=/x', '--format=json', 'a', '-'],
      { kind: 'replay', config: '/x', files: ['a', '-'], json: true },
    ],
  ])('%j', (argv, expected) => {
    expect(parseAdminCall(argv)).toEqual(expected);
  });
  test.each([[['replay']], [['replay', '--config', '/x', '--format', 'xml']]])('wrong: %j', (argv) => {
    expect(() => parseAdminCall(argv)).toThrow(UserdockerError);
  });
});
