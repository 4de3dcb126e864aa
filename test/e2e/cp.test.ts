/** cp through real sudo and a real engine: both ways, whose files they are, and whose rights count. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lastAuditRecord } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { processes } from './support/processes.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustAs, mustRoot } from './support/users.ts';

const start = (words = '') =>
  mustUserdocker('alice', `run -d --no-default-mounts --name main ${words} box sleep 300`);
const inside = (line: string) => mustUserdocker('alice', `exec main sh -c '${line}'`);
const cp = (words: string) => userdocker('alice', `cp ${words}`);

const policy = (more: { readonly [key: string]: unknown } = {}) =>
  writeConfig({ 'allowed_subcommands+': ['cp'], ...more });

beforeAll(async () => {
  policy();
  await importImage('bare', { prepare: 'rm bin/tar' });
  // A tar that says what a hostile container may say.
  await importImage('hostile', {
    prepare: `mkdir -p x/src; cp /dev/null x/pwned
      printf 'pwned' >x/pwned; ln -s /home/alice x/src/l
      busybox tar -c -f out.tar -C x src
      (cd x; rm src/l; mkdir src/l; cp pwned src/l/authorized; busybox tar -c -f ../more.tar src/l/authorized)
      busybox dd if=out.tar of=both.tar bs=512 count=2 2>/dev/null; cat more.tar >>both.tar
      rm bin/tar; printf '#!/bin/sh\\ncat /both.tar\\n' >bin/tar; chmod 755 bin/tar both.tar`,
  });
});
beforeEach(() =>
  mustAs(
    'alice',
    'rm -rf out in; mkdir out in; printf one >in/a; mkdir in/d; printf two >in/d/b; ln -s a in/l',
  ),
);
afterEach(removeContainers);
afterAll(resetConfig);

describe('in and out', () => {
  test('a directory, whole, as the user on both sides', async () => {
    await start();
    expect(await cp('in main:/tmp/')).toEqual(expect.objectContaining({ status: 0, stdout: '', stderr: '' }));
    expect(await inside('cat /tmp/in/a /tmp/in/d/b; readlink /tmp/in/l; stat -c %u /tmp/in/a')).toBe(
      `onetwoa\n${(await mustRoot('id -u alice')).trim()}`,
    );
    expect((await cp('main:/tmp/in out')).status).toBe(0);
    expect(await mustAs('alice', 'diff -r in out/in && stat -c %U out/in/a out/in/d')).toBe('alice\nalice\n');
  });
  test.each([
    ['in/a main:/tmp/b', 'cat /tmp/b', 'one'],
    ['in/a main:tmp', 'cat /tmp/a', 'one'],
    ['in main:/tmp/new', 'cat /tmp/new/d/b', 'two'],
    ['in/. main:/tmp', 'cat /tmp/d/b', 'two'],
    ['in/. main:/tmp/new', 'cat /tmp/new/d/b', 'two'],
    ['/home/alice/in/a main:/tmp/', 'cat /tmp/a', 'one'],
  ])('%s', async (words, line, expected) => {
    await start();
    expect((await cp(words)).status).toBe(0);
    expect(await inside(line)).toBe(expected);
  });
  test.each([
    ['main:/tmp/s/f out', 'cat out/f'],
    ['main:/tmp/s/f out/g', 'cat out/g'],
    ['main:/tmp/s out/new', 'cat out/new/f'],
    ['main:/tmp/s/. out', 'cat out/f'],
    ['main:tmp/s/f /home/alice/out/h', 'cat out/h'],
  ])('%s', async (words, line) => {
    await start();
    await inside('mkdir /tmp/s; printf text >/tmp/s/f');
    expect(await cp(words)).toEqual(expect.objectContaining({ status: 0, stderr: '' }));
    expect(await mustAs('alice', line)).toBe('text');
  });
  test('streams', async () => {
    await start();
    await mustAs('alice', 'tar c in | sudo userdocker cp - main:/tmp');
    expect(await inside('cat /tmp/in/a')).toBe('one');
    expect(await mustAs('alice', 'sudo userdocker cp main:/tmp/in - | tar t | sort')).toBe(
      './in/\n./in/a\n./in/d/\n./in/d/b\n./in/l\n',
    );
  });
  test('200 MB of nothing, whole', async () => {
    await start();
    await mustAs('alice', 'truncate -s 200M in/large');
    expect((await cp('in/large main:/tmp/large')).status).toBe(0);
    expect((await cp('main:/tmp/large out')).status).toBe(0);
    expect(await mustAs('alice', 'cmp in/large out/large && stat -c %s out/large')).toBe('209715200\n');
  });
});

describe('with the user’s rights', () => {
  test('what the user can not read does not get in', async () => {
    await start();
    await mustRoot(
      'mkdir -p /srv/closed; echo secret >/srv/closed/file; chmod 700 /srv/closed; echo x >/home/alice/in/of-root; chmod 600 /home/alice/in/of-root',
    );
    for (const path of [
      '/etc/shadow',
      '/srv/closed/file',
      '/home/alice/in/of-root',
      '/proc/1/environ',
      'in',
    ]) {
      const { status, stderr } = await cp(`${path} main:/tmp/x`);
      expect(status, path).not.toBe(0);
      expect(stderr, path).toMatch(/EACCES/);
    }
    expect(await inside('cat /tmp/x 2>&1 | grep -c secret || true')).toBe('0');
    await mustRoot('rm -rf /srv/closed /home/alice/in/of-root');
  });
  test('what the user can not write is not written', async () => {
    await start();
    await inside('echo evil >/tmp/passwd');
    for (const path of ['/etc/', '/etc/passwd', '/root/x', '/srv/x', '/var/lib/userdocker/x']) {
      expect((await cp(`main:/tmp/passwd ${path}`)).status, path).not.toBe(0);
    }
    expect(await mustRoot('grep -c evil /etc/passwd || true')).toBe('0\n');
  });
  test('nothing of the process is root’s while it reads and writes', async () => {
    await start();
    await inside('dd if=/dev/zero of=/tmp/large bs=1M count=300 2>/dev/null');
    const copying = cp('main:/tmp/large out/large');
    let seen: readonly string[] = [];
    while (seen.length === 0) {
      const own = processes().filter(
        ({ words, program }) => program.endsWith('/userdocker') && words.includes('cp'),
      );
      const lines = await Promise.all(
        own.map(({ pid }) =>
          mustRoot(`[ -e /home/alice/out/large ] && grep -h ^Uid: /proc/${pid}/task/*/status || true`),
        ),
      );
      seen = lines.flatMap((text) => text.split('\n')).filter((line) => line !== '');
      if (own.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const uid = (await mustRoot('id -u alice')).trim();
    expect(new Set(seen)).toEqual(new Set([`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`]));
    expect((await copying).status).toBe(0);
  });
  test('inside as the user, not as root', async () => {
    await start();
    expect((await cp('in/a main:/etc/passwd')).status).not.toBe(0);
    expect((await cp('in/a main:/new')).status).not.toBe(0);
  });
  test('through mounts no more than the user has', async () => {
    policy({ volume_mounts: { 'available+': ['/srv/ro:/ro:ro'] } });
    await mustRoot('mkdir -p /srv/ro; chown alice /srv/ro');
    await start('-v /srv/ro:/ro');
    expect((await cp('in/a main:/ro/a')).status).not.toBe(0);
    expect(await mustRoot('ls /srv/ro')).toBe('');
    policy();
  });
});

describe('refused', () => {
  test.each([
    ['another user’s container', 'his:/etc/passwd out', 77],
    ['one that is not there', 'nobodys:/etc/passwd out', 77],
    ['two files of the host', 'in out', 64],
    ['two containers', 'main:/a main:/b', 64],
    ['options that are not offered', '-a main:/a out', 77],
    ['links followed', '-L main:/a out', 77],
  ])('%s', async (_what, words, status) => {
    await mustUserdocker('bob', 'run -d --name his box sleep 300');
    const outcome = await cp(words);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr.replaceAll('nobodys', 'his')).not.toMatch(/bob/);
  });
  test('one that does not run', async () => {
    policy({ args: { run: { 'always-': ['--rm'] } } });
    await mustUserdocker('alice', 'run --name main box true');
    const { status, stderr } = await cp('main:/etc/passwd out');
    expect({ status, stderr }).toEqual({ status: 77, stderr: expect.stringMatching(/does not run/) });
    policy();
  });
  test('an image without tar, with a sentence', async () => {
    await mustUserdocker('alice', 'run -d --name main bare sleep 300');
    for (const words of ['main:/etc/passwd out', 'in main:/tmp/']) {
      const { status, stderr } = await cp(words);
      expect({ status, stderr }).toEqual({ status: 69, stderr: expect.stringMatching(/image has none/) });
    }
  });
  test('what is not in the container', async () => {
    await start();
    const { status, stderr } = await cp('main:/nowhere out');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/nowhere/);
    expect(await mustAs('alice', 'ls out')).toBe('');
  });
});

test('a hostile tar in the container writes nothing outside', async () => {
  await mustUserdocker('alice', 'run -d --no-default-mounts --name main hostile sleep 300');
  const { status, stderr } = await cp('main:/src out');
  expect(status).toBe(69);
  expect(stderr).toMatch(/lies behind a link/);
  expect((await as('alice', 'ls -A ~ | grep authorized')).stdout).toBe('');
});

test('it is on record, and is done by userdocker itself', async () => {
  await start();
  await cp('in/a main:/tmp/b');
  expect(lastAuditRecord()).toMatchObject({
    decision: 'allow',
    argv: ['cp', 'in/a', 'main:/tmp/b'],
    exec: null,
  });
  expect((await userdocker('alice', '-n cp in/a main:/tmp/b')).stderr).toMatch(/by userdocker itself/);
  expect(await docker(['ps', '--quiet'])).not.toBe('');
});
