/** pull --login against a registry that asks who one is: who may run what was fetched, and where the password is not. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lastAuditRecord } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, startEngine, stopEngine, tryDocker } from './support/engine.ts';
import { type Registry, startRegistry } from './support/registry.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

const password = 'hunter2-of-the-team';
const own = 'localhost/alice/registry.test_5000/team/secret:1';
const marks = '/var/lib/userdocker/private-repositories';
let registry: Registry;

const pull = (user: 'alice' | 'bob', stdin = `${password}\n`, words = '--login team') =>
  userdocker(user, `pull ${words} ${registry.image}`, { stdin });

beforeAll(async () => {
  registry = await startRegistry('team', password);
  await stopEngine();
  await startEngine(['--add-runtime', 'nvidia=/usr/sbin/runc', '--insecure-registry', registry.host]);
});
afterEach(async () => {
  await tryDocker(['rmi', own, own.replace('alice', 'bob')]);
  rmSync(marks, { recursive: true, force: true });
  resetConfig();
});
afterAll(async () => {
  await registry.close();
  await stopEngine();
  await startEngine();
});

describe('what was fetched', () => {
  test('is the user’s, under a name of the user’s own', async () => {
    const { status, stdout } = await pull('alice');
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${own}\n` });
    expect(await mustUserdocker('alice', `run ${own} cat /secret`)).toBe('the secret of the team');
    expect(await mustUserdocker('alice', "images --format '{{.Repository}}:{{.Tag}}'")).toContain(own);
  });
  test('has no other name, and is nobody else’s', async () => {
    await pull('alice');
    const named = await docker(['image', 'inspect', '--format', '{{.RepoTags}} {{.RepoDigests}}', own]);
    expect(named).toBe(`[${own}] []`);
    const names = [registry.image, own, `registry.test:5000/team/secret@${registry.digest}`];
    for (const name of names) {
      const { status, stdout } = await userdocker('bob', `run ${name} cat /secret`);
      expect({ status: status === 0, stdout }, name).toEqual({ status: false, stdout: '' });
    }
    expect(await mustUserdocker('bob', 'images')).not.toContain('secret');
  });
  test('leaves a name by digest alone that was everybody’s before', async () => {
    const config = '/tmp/docker-config';
    const auth = Buffer.from(`team:${password}`).toString('base64');
    await mustRoot(
      `mkdir -p ${config}; echo '{"auths": {"${registry.host}": {"auth": "${auth}"}}}' >${config}/config.json`,
    );
    const name = `registry.test:5000/team/secret@${registry.digest}`;
    await docker(['--config', config, 'pull', name]);
    expect((await pull('alice')).status).toBe(0);
    expect(await docker(['image', 'inspect', '--format', '{{.RepoDigests}}', own])).toBe(`[${name}]`);
    await docker(['rmi', name]);
  });
  test('can be removed again by its owner', async () => {
    writeConfig({ 'allowed_subcommands+': ['rmi'] });
    await pull('alice');
    expect((await userdocker('bob', `rmi ${own}`)).status).toBe(77);
    await mustUserdocker('alice', `rmi ${own}`);
    expect((await tryDocker(['image', 'inspect', own])).status).not.toBe(0);
  });
  test('what a killed call left is taken away by the next one', async () => {
    const config = '/tmp/docker-config';
    const name = `registry.test:5000/team/secret@${registry.digest}`;
    await docker(['--config', config, 'pull', name]);
    const note = { bootId: 'of an earlier start', pid: 1, startTime: 1, pidNamespace: 'pid:[1]', name };
    await mustRoot(`mkdir -p -m 700 /var/lib/userdocker/private-pulls
      echo '${JSON.stringify(note)}' >/var/lib/userdocker/private-pulls/left`);
    expect((await pull('alice')).status).toBe(0);
    expect(await docker(['image', 'inspect', '--format', '{{.RepoDigests}}', own])).toBe('[]');
    expect(readdirSync('/var/lib/userdocker/private-pulls')).toEqual([]);
  });
});

describe('by its digest', () => {
  const byDigest = (repository = 'team/secret') => `registry.test:5000/${repository}@${registry.digest}`;
  const ways = (name: string) => [
    `run ${name} cat /secret`,
    `run --pull=never ${name} cat /secret`,
    `pull ${name}`,
  ];
  const answers = async (user: 'alice' | 'bob') => {
    const all = await Promise.all(ways(byDigest()).map((line) => userdocker(user, line)));
    return all.map(({ status, stdout, stderr }) => ({ status, stdout, stderr }));
  };
  const refused = { status: 77, stdout: '', stderr: expect.stringMatching(/by tag only/) };

  test('it is given to nobody from what the engine keeps, and all are told the same', async () => {
    await pull('alice');
    expect(await answers('bob')).toEqual([refused, refused, refused]);
    expect(await answers('alice')).toEqual(await answers('bob'));
    // docker itself: the engine does not ask the registry, which would want a name.
    expect((await tryDocker(['pull', byDigest()])).status).toBe(0);
    // As after a call that somebody stopped, by job control, before the repository was a private one.
    expect(await answers('bob')).toEqual([refused, refused, refused]);
    expect(await mustUserdocker('alice', `run ${own} cat /secret`)).toBe('the secret of the team');
    await docker(['rmi', byDigest()]);
  });
  test('not as one of another repository either', async () => {
    await pull('alice');
    for (const line of ways(byDigest('team/other'))) {
      const { status, stdout } = await userdocker('bob', line);
      expect({ status: status === 0, stdout }, line).toEqual({ status: false, stdout: '' });
    }
  });
  test('it is not before somebody has fetched it so', async () => {
    expect((await pull('alice', 'wrong\n')).status).toBe(69);
    expect(existsSync(marks)).toBe(false);
    for (const { stderr } of await answers('bob')) expect(stderr).not.toMatch(/by tag only/);
  });
  test('what the registry gives to anybody is left to all', async () => {
    registry.open(true);
    expect((await pull('alice')).status).toBe(0);
    expect(existsSync(marks)).toBe(false);
    expect(await mustUserdocker('bob', `run ${byDigest()} cat /secret`)).toBe('the secret of the team');
    registry.open(false);
    await docker(['rmi', byDigest()]);
  });
});

describe('the password', () => {
  test('is in no record, no file, no output', async () => {
    const { stdout, stderr } = await pull('alice');
    const record = lastAuditRecord();
    expect(record).toMatchObject({
      decision: 'allow',
      argv: ['pull', '--login', 'team', registry.image],
      exec: null,
    });
    expect(JSON.stringify(record) + stdout + stderr).not.toContain(password);
    const found = await mustRoot(
      `grep -rls '${password}' -D skip /etc/userdocker /var/lib/userdocker /run/userdocker /var/log/userdocker 2>/dev/null || true`,
    );
    expect(found).toBe('');
  });
  test('is nobody’s but the call’s', async () => {
    await pull('alice');
    const before = registry.requests.length;
    expect((await userdocker('alice', `pull ${registry.image}`)).status).not.toBe(0);
    expect((await userdocker('bob', `pull ${registry.image}`)).status).not.toBe(0);
    expect(registry.requests.slice(before).filter((line) => line.endsWith(' team'))).toEqual([]);
  });
  test('that is wrong fetches nothing, and is told', async () => {
    const { status, stdout, stderr } = await pull('alice', 'wrong\n');
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toMatch(/who are you|unauthorized|authentication|basic auth/i);
    expect(stderr).not.toContain('wrong\n');
    expect(readdirSync('/var/lib/userdocker/private-pulls')).toEqual([]);
  });
  test.each([
    ['none', ''],
    ['two lines', 'a\nb\n'],
    ['too much', 'x'.repeat(20_000)],
  ])('%s: is asked for again', async (_what, stdin) => expect((await pull('alice', stdin)).status).toBe(64));
  test('typed on a terminal is not shown, and the terminal is as it was', async () => {
    const terminal = openTerminal(
      'alice',
      `sudo userdocker pull --login team ${registry.image}; stty -a | grep -ow -- '-*echo'`,
    );
    await terminal.expect(/Password of team at registry\.test:5000: /);
    terminal.type(`${password}\n`);
    await terminal.expect(/registry\.test_5000\/team\/secret:1\r\n/, 20_000);
    await terminal.expect(/\r\necho\r\n|^echo\r\n/);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output()).not.toContain(password);
  });
});

describe('refused', () => {
  test.each([
    [
      'what the policy does not allow',
      '--login team',
      { images: { allowed: ['debian:.*', 'localhost/.*'] } },
    ],
    [
      'what could not be run under the own name',
      '--login team',
      { images: { allowed: ['registry[.]test.*'] } },
    ],
    ['where nothing is fetched', '--login team', { images: { pull: 'never' } }],
    ['an empty name', "--login ''", {}],
    ['a name with a colon', '--login a:b', {}],
    ['another platform', '--login team --platform linux/amd64', {}],
  ])('%s', async (_what, words, settings) => {
    writeConfig(settings);
    const before = registry.requests.length;
    expect((await pull('alice', password, words)).status).toBe(77);
    expect(registry.requests).toHaveLength(before);
  });
  test('login itself says what to do instead', async () => {
    const { status, stderr } = await userdocker('alice', 'login registry.test:5000');
    expect({ status, stderr }).toEqual({ status: 77, stderr: expect.stringMatching(/pull --login USER/) });
  });
});
