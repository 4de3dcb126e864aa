import { describe, expect, it } from 'vitest';
import {
  launcherOf,
  reexecThroughSudo,
  refuses,
  type SudoSources,
  throughSudoMarker,
} from '../../src/caller/sudo.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import type { Program } from '../../src/exec/replace.ts';

const launcher = '/usr/local/bin/userdocker';
const allowed = { status: 0, stderr: '' };

function world(changes: Partial<SudoSources> = {}) {
  const asked: unknown[] = [];
  const started: { program: Program; title: string | undefined }[] = [];
  const sources: SudoSources = {
    env: { NV_GPU: '0,1', TERM: 'xterm', EMPTY: undefined },
    launcher,
    isExecutable: (path) => path === '/usr/bin/sudo',
    ask: (sudo, words) => {
      asked.push([sudo, ...words]);
      return allowed;
    },
    hasTerminal: () => true,
    replace: async (program, title) => {
      started.push({ program, title });
      return { kind: 'exited', status: 0 };
    },
    ...changes,
  };
  return { sources, asked, started };
}

const odd = ['run', '', '-it', '--', 'debian', 'a b', "'", '\n'];

it('asks sudo first, without a password, then becomes it, with the same words', async () => {
  const { sources, asked, started } = world();
  await reexecThroughSudo(odd, sources);
  expect(asked).toEqual([['/usr/bin/sudo', '-n', '-l', '-u', 'root', '--', launcher, ...odd]]);
  expect(started).toEqual([
    {
      program: {
        executable: '/usr/bin/sudo',
        args: ['-u', 'root', '--', launcher, ...odd],
        env: { NV_GPU: '0,1', TERM: 'xterm', [throughSudoMarker]: '1' },
      },
      title: 'sudo',
    },
  ]);
});

it.each(['/run/wrappers/bin/sudo', '/usr/local/bin/sudo', '/bin/sudo'])('finds %s', async (path) => {
  const { sources, started } = world({ isExecutable: (candidate) => candidate === path });
  await reexecThroughSudo(['ps'], sources);
  expect(started[0]?.program.executable).toBe(path);
});

describe('says how to call it', () => {
  function messageOf(changes: Partial<SudoSources>): string {
    const { sources, started } = world(changes);
    try {
      reexecThroughSudo(['ps'], sources);
    } catch (error) {
      expect(started).toEqual([]);
      if (error instanceof UserdockerError) return JSON.stringify(error.failure);
    }
    throw new Error('no failure');
  }
  it('where there is no sudo', () => {
    expect(messageOf({ isExecutable: () => false })).toMatch(/"unavailable".*there is no sudo here/);
  });
  it('where sudo refuses', () => {
    expect(messageOf({ ask: () => ({ status: 1, stderr: '' }) })).toMatch(
      /"denied".*sudo \/usr\/local\/bin\/userdocker COMMAND/,
    );
  });
  it('where sudo would have to ask for a password, and can ask nobody', async () => {
    const ask = () => ({ status: 1, stderr: 'sudo: a password is required\n' });
    expect(messageOf({ ask, hasTerminal: () => false })).toMatch(/"denied".*without a password/);
    const { sources, started } = world({ ask });
    await reexecThroughSudo(['ps'], sources);
    expect(started).toHaveLength(1);
  });
  it('where sudo led back here: once only', () => {
    expect(messageOf({ env: { [throughSudoMarker]: '1' } })).toMatch(/"unavailable".*sudo -u root/);
  });
});

describe("sudo's answers (1.8 to 1.9.16, sudo-rs)", () => {
  it.each([
    [0, ''],
    [1, 'sudo: a password is required\n'],
    [1, 'sudo: interactive authentication is required\n'],
    [1, 'sudo: unknown option -l\n'],
    [1, 'sudo: /usr/local/bin/userdocker: command not found\n'],
    [null, ''],
  ])('left to sudo: %j %j', (status, stderr) => expect(refuses({ status, stderr })).toBe(false));
  it.each([
    [1, ''],
    [1, '\n'],
    [1, 'Sorry, user dave may not run sudo on node7.\n'],
    [1, "Sorry, user dave is not allowed to execute '/usr/local/bin/userdocker ps' as root on node7.\n"],
  ])('refused: %j %j', (status, stderr) => expect(refuses({ status, stderr })).toBe(true));
});

it.each([
  ['/usr/local/lib/userdocker/userdocker', '/usr/local/bin/userdocker'],
  ['/opt/site/lib/userdocker/userdocker', '/opt/site/bin/userdocker'],
])('the launcher of %s is %s', (program, path) => {
  expect(launcherOf(program)).toBe(path);
});
