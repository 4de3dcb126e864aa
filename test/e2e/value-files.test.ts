/** --env-file and --label-file through real sudo and a real engine: whose rights, which values, and who can see them. */
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lastAuditRecord } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { inspect, removeContainers } from './support/engine.ts';
import { processes } from './support/processes.ts';
import { clients, mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustAs, mustRoot } from './support/users.ts';

const files = '/run/userdocker/files';

beforeAll(() =>
  mustAs(
    'alice',
    `cat >secrets.env <<'END'
# of alice
TOKEN=hunter2 hunter3
QUOTED="as it is"
HOME=/from/file
END
    printf 'project=x\\nnote=hunter2\\n' >labels; mkfifo pipe; ln -s /etc/shadow shadow`,
  ),
);
afterEach(removeContainers);

describe.each(clients)('with %s', (client) => {
  test('run: the variables are in the container, and in nobody’s sight', async () => {
    writeConfig({ executors: { docker: client } });
    try {
      const printed = await mustUserdocker('alice', 'run --env-file secrets.env -e HOME=/from/line box env');
      expect(printed.split('\n')).toEqual(
        expect.arrayContaining(['TOKEN=hunter2 hunter3', 'QUOTED="as it is"', 'HOME=/from/line']),
      );
      expect(printed).not.toContain('/from/file');
      expect(readdirSync(files)).toEqual([]);
      expect(JSON.stringify(lastAuditRecord())).not.toContain('hunter');
    } finally {
      resetConfig();
    }
  });
  test('exec', async () => {
    writeConfig({ executors: { docker: client } });
    try {
      await mustUserdocker('alice', 'run -d --name main box sleep 300');
      const printed = await mustUserdocker('alice', 'exec --env-file secrets.env main sh -c "echo $TOKEN"');
      expect(printed).toBe('');
      const inside = await mustUserdocker('alice', "exec --env-file secrets.env main sh -c 'echo $TOKEN'");
      expect(inside).toBe('hunter2 hunter3');
    } finally {
      resetConfig();
    }
  });
});

test('labels', async () => {
  await mustUserdocker('alice', 'run -d --name main --label-file labels -l note=line box sleep 300');
  expect(await inspect('main', '(index .Config.Labels "project")')).toBe('"x"');
  expect(await inspect('main', '(index .Config.Labels "note")')).toBe('"line"');
});

test('nobody finds a value in the process list while docker runs', async () => {
  const running = mustUserdocker(
    'alice',
    'run --name main --env-file secrets.env box sh -c "echo up; sleep 2"',
  );
  await expect
    .poll(() => processes().some(({ program, words }) => program === '/usr/bin/docker' && words[1] === 'run'))
    .toBe(true);
  const words = processes().flatMap((each) => each.words);
  expect(words).toContain('--env-file=/proc/self/fd/3');
  expect(words.filter((word) => word.includes('hunter'))).toEqual([]);
  const seen = await as(
    'bob',
    'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -c "hunte[r]"',
  );
  expect(seen.stdout.trim()).toBe('0');
  await running;
});

test('from standard input, however sudo passes it on', async () => {
  const line = 'printf "A=from stdin\\n" | sudo userdocker run --env-file /dev/stdin box env | grep ^A=';
  expect((await mustAs('alice', line)).trim()).toBe('A=from stdin');
});

describe('with the user’s rights', () => {
  test.each([
    ['/etc/shadow', /permission denied/],
    ['shadow', /permission denied/],
    ['/proc/self/environ', /./],
    ['/root', /permission denied|directory/],
    ['nowhere', /no such file/],
    ['.', /directory/],
  ])('not %s', async (path, message) => {
    const { status, stdout, stderr } = await userdocker('alice', `run --env-file ${path} box env`);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/root:|hunter/);
  });
  test('of another user’s file', async () => {
    const { status } = await userdocker('bob', 'run --env-file /home/alice/secrets.env box env');
    expect(status).toBe(64);
  });
  test('a file without an end', async () => {
    expect((await userdocker('alice', 'run --env-file /dev/zero box env')).stderr).toMatch(/larger than/);
  });
  test('a pipe into which nobody writes', async () => {
    const { status, stderr } = await userdocker('alice', 'run --env-file pipe box env');
    expect(status).toBe(64);
    expect(stderr).toMatch(/nothing more came/);
  });
});

test('the rules of -e hold, and the answer does not repeat the file', async () => {
  await mustAs('alice', `printf 'A=b\\nUSERDOCKER_UID=0\\nhunter2\\n' >bad.env`);
  const { status, stderr } = await userdocker('alice', 'run --env-file bad.env box env');
  expect(status).toBe(77);
  expect(stderr).toMatch(/bad\.env line 2 is set by userdocker alone/);
  expect(stderr).toMatch(/bad\.env line 3 has no value/);
  expect(stderr).not.toContain('hunter2');
});

test('a dry run and explain show where docker would read, and leave nothing', async () => {
  for (const word of ['-n', 'explain']) {
    const printed = await mustUserdocker('alice', `${word} run --env-file secrets.env box env`);
    expect(printed).toContain('--env-file=/proc/self/fd/3');
    expect(printed).not.toContain('hunter');
  }
  expect(existsSync(files) ? readdirSync(files) : []).toEqual([]);
});

test('a call that is killed on the way leaves a file for root alone, and the next call removes it', async () => {
  await mustRoot(`mkdir -p -m 700 ${files}; echo hunter2 >${files}/left; touch -d @1 ${files}/left`);
  expect((await as('alice', `cat ${files}/left`)).status).not.toBe(0);
  await mustUserdocker('alice', 'run --env-file secrets.env box true');
  expect(readdirSync(files)).toEqual([]);
});
