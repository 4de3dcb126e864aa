import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { processes } from './support/processes.ts';
import { openTerminal } from './support/terminal.ts';
import { clients, mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

const id = /^[0-9a-f]{64}$/;
const shortId = /^[0-9a-f]{12}$/;

/** alice's; bob has one beside it that must never show. */
const main = `run -d --name main -p 8080 -e COLOUR=blue box sh -c '
  trap "echo usr1" USR1; trap "exit 5" TERM; echo out; echo err >&2; while :; do sleep 300 & wait $!; done'`;

describe.each(clients)('with the client %s', (client) => {
  beforeAll(async () => {
    writeConfig({ executors: { docker: client }, 'allowed_subcommands+': ['inspect'] });
    await mustUserdocker('alice', main);
    await mustUserdocker('bob', 'run -d --name bobs box sleep 300');
  });
  afterAll(async () => {
    await removeContainers();
    resetConfig();
  });

  test('version is that client’s', async () => {
    const own = await mustRoot(`${client} version --format '{{.Client.Version}}'`);
    expect(await mustUserdocker('alice', "version -f '{{.Client.Version}}'")).toBe(own.trim());
  });

  describe('ps', () => {
    test('shows a header and a line', async () => {
      const [header, line, ...more] = (await mustUserdocker('alice', 'ps')).split('\n');
      expect(header).toMatch(/^CONTAINER ID +IMAGE .*NAMES$/i);
      expect(line).toMatch(/^[0-9a-f]{12} +box:latest .*8080\/tcp.* main$/);
      expect(more).toEqual([]);
    });
    test.each([
      ['-q', shortId],
      ['-q --no-trunc', id],
      ['-aq --no-trunc', id],
      ['--format \'{{.Names}} {{.Label "userdocker.image"}}\'', /^main box:latest$/],
      ['-q --filter name=main', shortId],
      ['-q -f status=running', shortId],
      ['-q -f status=exited', /^$/],
      ['-q --filter name=bobs', /^$/],
      ['-q --filter ancestor=box', shortId],
      ['-q --filter ancestor=setuid', /^$/],
      ['-q --filter label=userdocker.user=alice', shortId],
      ['-q --filter label=userdocker.user=bob', /^$/],
      ['-q --filter health=none', shortId],
      ['-ql', shortId],
      ['-q -n 5', shortId],
      ["-s --format '{{.Size}}'", /^\d+B/],
    ])('%s', async (words, pattern) => {
      expect(await mustUserdocker('alice', `ps ${words}`)).toMatch(pattern);
    });
  });

  describe('logs', () => {
    test('brings each stream where it belongs', async () => {
      const { stdout, stderr, status } = await userdocker('alice', 'logs main');
      expect({ stdout, stderr, status }).toEqual({ stdout: 'out\n', stderr: 'err\n', status: 0 });
    });
    test('--tail and --timestamps', async () => {
      await mustUserdocker('alice', "run -d --name counter box sh -c 'seq 9; sleep 300'");
      await expect
        .poll(() => mustUserdocker('alice', 'logs -t --tail=1 counter'))
        .toMatch(/^\d{4}-\d\d-\d\dT\S+Z 9$/);
      await mustUserdocker('alice', 'kill counter');
    });
    test('-f follows, and ends with the container', async () => {
      const speaker = 'trap "echo two; sleep 1; exit" USR1; echo one; while :; do sleep 0.1; done';
      await mustUserdocker('alice', `run -d --name speaker box sh -c '${speaker}'`);
      const followed = mustUserdocker('alice', 'logs -f speaker');
      const isFollowing = () =>
        processes().some(({ program, words }) => program === client && words[1] === 'logs');
      await expect.poll(isFollowing, { timeout: 10_000 }).toBe(true);
      await mustUserdocker('alice', 'kill -s USR1 speaker');
      expect(await followed).toBe('one\ntwo');
    });
  });

  test('top shows the processes', async () => {
    const [header, ...lines] = (await mustUserdocker('alice', 'top main')).split('\n');
    expect(header).toMatch(/^UID +PID/);
    expect(lines.join('\n')).toMatch(/^alice .*sleep 300$/m);
  });
  test('stats shows one’s own', async () => {
    expect(await mustUserdocker('alice', "stats --no-stream --format '{{.Name}}'")).toBe('main');
  });
  test('port shows the published ones', async () => {
    expect(await mustUserdocker('alice', 'port main')).toMatch(/^8080\/tcp -> 0\.0\.0\.0:\d+/);
    expect(await mustUserdocker('alice', 'port main 8080/tcp')).toMatch(/^0\.0\.0\.0:\d+/);
    expect((await userdocker('alice', 'port main 99')).status).toBe(1);
  });
  test('inspect shows a container, if the policy has it', async () => {
    expect(await mustUserdocker('alice', "inspect -f '{{.Name}}' main")).toBe('/main');
  });

  describe('exec', () => {
    test('is the caller, with the caller’s groups', async () => {
      const inside = await mustUserdocker('alice', "exec main sh -c 'id -u; id -g; id -G'");
      const [uid, gid, groups = ''] = inside.split('\n');
      expect([uid, gid]).toEqual((await mustRoot('id -u alice; id -g alice')).trim().split('\n'));
      expect(groups.split(' ').sort()).toEqual((await mustRoot('id -G alice')).trim().split(' ').sort());
    });
    test('has the variables of the container, and new ones', async () => {
      const inside = await mustUserdocker(
        'alice',
        "exec -e SIZE=big -w /tmp main sh -c 'echo $COLOUR $SIZE $PWD'",
      );
      expect(inside).toBe('blue big /tmp');
    });
    test('-i reads, the status comes back', async () => {
      const { stdout, status } = await userdocker('alice', "exec -i main sh -c 'cat; exit 9'", {
        stdin: 'word',
      });
      expect({ stdout, status }).toEqual({ stdout: 'word', status: 9 });
    });
    test('-it has a terminal', async () => {
      const terminal = openTerminal('alice', 'sudo userdocker exec -it main sh', { columns: 91 });
      await terminal.expect(/[$#] /);
      terminal.type('tty; until stty size; do sleep 0.1; done; exit 4\n');
      await terminal.expect(/\/dev\/pts\/\d+\r\n(?:.*\r\n)*24 91\r/);
      expect(await terminal.ended).toBe(4);
    });
    test('-d returns at once', async () => {
      expect(await mustUserdocker('alice', 'exec -d main sleep 200')).toBe('');
      expect(await mustUserdocker('alice', 'top main')).toContain('sleep 200');
    });
    test.each(['--user=0', '-u root', '--privileged', '-e HOME'])('not with %s', async (word) => {
      const { status, stdout } = await userdocker('alice', `exec ${word} main id`);
      expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    });
  });

  test('kill -s sends that signal and no other', async () => {
    await mustUserdocker('alice', 'kill -s USR1 main');
    await expect.poll(() => mustUserdocker('alice', 'logs --tail 1 main')).toBe('usr1');
  });
  test('stop asks, wait tells how it ended, and --rm removes', async () => {
    const ended = userdocker('alice', 'wait main');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await mustUserdocker('alice', 'stop main');
    expect((await ended).stdout).toBe('5\n');
    expect(await mustUserdocker('alice', 'ps -aq')).toBe('');
  });

  test('attach types into it, the detach keys leave it running', async () => {
    await mustUserdocker('alice', 'run -dit --name shell box sh');
    const terminal = openTerminal('alice', 'sudo userdocker attach shell');
    terminal.type('\n');
    await terminal.expect(/[$#] /);
    terminal.type('echo $((6*7)); touch /tmp/seen\n');
    await terminal.expect(/42\r\n/);
    terminal.type('\x10\x11');
    await terminal.ended;
    expect(await mustUserdocker('alice', 'exec shell ls /tmp')).toBe('seen');
  });
  test('rm wants -f for one that runs', async () => {
    expect((await userdocker('alice', 'rm shell')).status).toBe(1);
    await mustUserdocker('alice', 'rm -f shell');
    expect(await mustUserdocker('alice', 'ps -aq')).toBe('');
  });
});

describe('where the policy does not say --rm', () => {
  beforeAll(() => writeConfig({ args: { run: { 'always-': ['--rm'] } } }));
  afterAll(async () => {
    await removeContainers();
    resetConfig();
  });

  test('a container that ended is there, starts again, and goes with rm', async () => {
    await mustUserdocker('alice', "run --name keeps box sh -c 'echo once more; exit 3'").catch(
      () => undefined,
    );
    expect(await mustUserdocker('alice', "ps -a --format '{{.Names}} {{.Status}}'")).toMatch(
      /^keeps Exited \(3\)/,
    );
    expect(await mustUserdocker('alice', 'ps -q')).toBe('');
    const again = await userdocker('alice', 'start -a keeps');
    expect({ status: again.status, stdout: again.stdout }).toEqual({ status: 3, stdout: 'once more\n' });
    expect(await mustUserdocker('alice', 'logs keeps')).toBe('once more\nonce more');
    await mustUserdocker('alice', 'rm keeps');
    expect(await mustUserdocker('alice', 'ps -aq')).toBe('');
  });
  test('restart begins anew', async () => {
    await mustUserdocker('alice', "run -d --name loops box sh -c 'echo begun; exec sleep 300'");
    await mustUserdocker('alice', 'restart -t 0 loops');
    await expect.poll(() => mustUserdocker('alice', 'logs loops')).toBe('begun\nbegun');
  });
  test('several at a time', async () => {
    await mustUserdocker('alice', 'run -d --name one box sleep 300');
    await mustUserdocker('alice', 'run -d --name two box sleep 300');
    await mustUserdocker('alice', 'kill one two');
    await mustUserdocker('alice', 'start one two');
    expect((await docker(['ps', '--format', '{{.Names}}'])).split('\n').sort()).toEqual([
      'loops',
      'one',
      'two',
    ]);
    await mustUserdocker('alice', 'rm -f one two loops');
    expect(await docker(['ps', '-aq'])).toBe('');
  });
});
