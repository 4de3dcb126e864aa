import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from './support/command.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { userdockerProgram } from './support/processes.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, asRoot, mustRoot } from './support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

const idOf = async (what: string) => (await mustRoot(`id ${what}`)).trim();
const withoutSudo = (ids: string, line: string) =>
  asRoot(`cd /tmp; exec setpriv ${ids} --reset-env sh -c '${line.replaceAll("'", `'\\''`)}'`);

describe('a call without sudo', () => {
  test('goes through it, once, with the same words', async () => {
    const { status, stdout } = await as('alice', `userdocker run box printf '[%s]' '' "a b" '$x' é`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '[][a b][$x][é]' });
  });
  test('from somebody whom no rule allows: one sentence, and what to do', async () => {
    const { status, stdout, stderr } = await as('mallory', 'userdocker run box id');
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toMatch(
      /^userdocker: denied: sudo does not allow you to run \/usr\/local\/bin\/userdocker/,
    );
    expect(stderr).toContain('ask an admin');
  });
  test('where there is no sudo', async () => {
    renameSync('/usr/bin/sudo', '/usr/bin/sudo.away');
    try {
      const { status, stderr } = await as('alice', 'userdocker ps');
      expect(status).toBe(69);
      expect(stderr).toContain('there is no sudo here');
    } finally {
      renameSync('/usr/bin/sudo.away', '/usr/bin/sudo');
    }
  });
  test('shows help and version nevertheless', async () => {
    expect((await as('mallory', 'userdocker --version')).stdout).toMatch(/^userdocker \d/);
  });
  test('nvidia-userdocker is userdocker with its executor', async () => {
    const { stdout } = await as('alice', 'sudo nvidia-userdocker --help');
    expect(stdout).toMatch(/^Usage: userdocker/);
    expect((await as('alice', 'sudo nvidia-userdocker --executor=docker -n ps')).stdout).toContain(
      '/usr/bin/docker ps',
    );
  });
});

describe('who one says to be', () => {
  test.each([
    'SUDO_UID=0 SUDO_GID=0 userdocker',
    'SUDO_UID=0 SUDO_GID=0 SUDO_USER=root sudo userdocker',
    'USER=bob LOGNAME=bob HOME=/root USERNAME=bob sudo userdocker',
    'USER=bob LOGNAME=bob HOME=/root userdocker',
    'USERDOCKER_USER=bob USERDOCKER_UID=0 sudo userdocker',
  ])('counts for nothing: %s', async (call) => {
    const { stdout } = await as(
      'alice',
      `${call} run box sh -c 'id -u; echo $HOME $USERDOCKER_USER $USERDOCKER_UID'`,
    );
    const uid = await idOf('-u alice');
    expect(stdout).toBe(`${uid}\n/home/alice alice ${uid}\n`);
  });
  test.each([
    'sudo -u bob userdocker ps',
    'sudo SUDO_UID=0 userdocker ps',
    'sudo -E SUDO_UID=0 userdocker ps',
    `sudo ${userdockerProgram} ps`,
    'sudo -i userdocker ps',
    'sudo -s userdocker ps',
  ])('sudo does not take it either: %s', async (call) => {
    const { status, stdout } = await as('alice', `${call} </dev/null`);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
  test('the program itself, called past its launcher, makes nobody root', async () => {
    const call = `env SUDO_UID=0 SUDO_GID=0 ${userdockerProgram} -n run box`;
    expect((await as('mallory', call)).status).toBe(77);
    const { stdout } = await as('alice', call);
    expect(stdout).toContain(`--user=${await idOf('-u alice')}:${await idOf('-g alice')} `);
  });
  test.each([
    '00',
    '-1',
    '+5',
    '01',
    '0x0',
    '1e3',
    '4294967295',
    '4294967296',
    'alice',
    '',
    ' 0',
    '0 ',
    '54321',
    '99999999999999999999',
  ])('a SUDO_UID that is no uid of anybody is not root’s: "%s"', async (uid) => {
    const { status, stdout } = await asRoot(`SUDO_UID='${uid}' SUDO_GID=0 userdocker ps`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
  });
  test.each(['SUDO_UID=0', 'SUDO_GID=0', 'SUDO_USER=alice'])(
    'nor is half a statement: %s',
    async (variable) => {
      expect((await asRoot(`${variable} userdocker ps`)).status).toBe(77);
    },
  );
});

describe('groups', () => {
  test('the group one works with is the one inside, as after newgrp', async () => {
    const gid = await idOf('-g alice');
    const students = (await mustRoot('getent group students')).split(':')[2];
    const { stdout } = await withoutSudo(
      '--reuid alice --regid students --init-groups',
      'sudo userdocker run box id',
    );
    expect(stdout).toMatch(new RegExp(`gid=${students} groups=.*\\b${gid}\\b`));
  });
  test('one that is not one’s own is not, wherever it was got', async () => {
    const { stdout } = await withoutSudo(
      '--reuid bob --regid gpu --init-groups',
      'sudo userdocker run box id',
    );
    const groups = (await idOf('-G bob')).split(' ');
    expect(stdout).toContain(` gid=${await idOf('-g bob')} `);
    expect(stdout.trim().split('groups=')[1]?.split(',').sort()).toEqual(groups.sort());
  });
  test('a new membership counts at once, a lost one no more', async () => {
    const gpu = String((await mustRoot('getent group gpu')).split(':')[2]);
    writeConfig({ env: { LAYER: 'gpu' } }, 'group/config_10_gpu');
    await mustRoot('usermod --append --groups gpu carol');
    expect(await mustUserdocker('carol', '-n run box')).toMatch(
      new RegExp(`--env=LAYER=gpu .*--group-add=${gpu} `),
    );
    await mustRoot('gpasswd --delete carol gpu');
    const { stdout } = await withoutSudo(
      '--reuid carol --regid carol --groups users,gpu',
      'sudo userdocker -n run box',
    );
    expect(stdout).toContain('docker run');
    expect(stdout).not.toMatch(new RegExp(`LAYER|--group-add=${gpu} `));
  });
});

/** As LDAP or SSSD would: names that are in no file of /etc (libnss-extrausers). */
describe('users of a directory service', () => {
  const nsswitch = readFileSync('/etc/nsswitch.conf', 'utf8');
  const database = '/var/lib/extrausers';
  const sudoers = '/etc/sudoers.d/theory';
  const passwd = [
    'dora:x:70001:70001:Dora:/home/dora:/bin/sh',
    'eve@dom.example:x:70002:70001:Eve:/home/eve:/bin/sh',
    'DOM\\carl:x:70003:70001:Carl:/home/carl:/bin/sh',
    'twin:x:70004:70001:a:b:/root:/bin/sh',
  ];
  const call = (uid: number, line: string): Promise<Outcome> =>
    withoutSudo(`--reuid ${uid} --regid 70001 --init-groups`, line);

  beforeAll(async () => {
    writeFileSync(
      '/etc/nsswitch.conf',
      nsswitch.replace(/^(passwd|group|shadow):.*/gm, '$1: files extrausers'),
    );
    mkdirSync(database, { recursive: true });
    writeFileSync(`${database}/passwd`, `${passwd.join('\n')}\n`);
    writeFileSync(
      `${database}/shadow`,
      passwd.map((line) => `${line.split(':')[0]}:*:19000:0:99999:7:::\n`).join(''),
    );
    writeFileSync(
      `${database}/group`,
      `physics:x:70001:\ntheory:x:70010:${passwd.map((line) => line.split(':')[0]).join()}\n`,
    );
    writeFileSync(
      sudoers,
      '#70001, #70002, #70003, #70004 ALL = (root) NOPASSWD: /usr/local/bin/userdocker\n',
      { mode: 0o440 },
    );
    await mustRoot(
      'for user in dora:70001 eve:70002 carl:70003; do mkdir -m 700 /home/${user%:*}; chown ${user#*:}:70001 /home/${user%:*}; done',
    );
  });
  afterAll(async () => {
    writeFileSync('/etc/nsswitch.conf', nsswitch);
    await mustRoot(`rm -rf ${database}/* ${sudoers} /home/dora /home/eve /home/carl`);
    const own = (await docker(['images', '--format', '{{.Repository}}'])).match(/^localhost\/.*$/gm) ?? [];
    if (own.length > 0) await docker(['rmi', ...own]);
  });

  test('are who they are, with their groups, home and layers', async () => {
    writeConfig({ env: { LAYER: '${user} of ${group}' } }, 'group/config_10_theory');
    const { stdout, stderr } = await call(
      70001,
      "sudo userdocker run box sh -c 'id; echo $HOME, $LAYER; touch $HOME/made'",
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('uid=70001 gid=70001 groups=70001,70010\n/home/dora, dora of physics\n');
    expect(await mustRoot('stat -c %u:%g /home/dora/made')).toBe('70001:70001\n');
  });
  test.each([
    [70001, 'dora_1', 'localhost/dora/box:latest'],
    [70002, 'u70002_1', 'localhost/u70002/box:latest'],
    [70003, 'u70003_1', 'localhost/u70003/box:latest'],
  ])('have containers and images, whatever their names: %i', async (uid, name, image) => {
    const run = await call(uid, 'sudo userdocker run -d box sleep 300');
    expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
    expect((await call(uid, "sudo userdocker ps --format '{{.Names}}'")).stdout).toBe(`${name}\n`);
    await mustRoot('docker save box >/run/box.tar');
    const load = await asRoot(
      `setpriv --reuid ${uid} --regid 70001 --init-groups --reset-env sudo userdocker load -q </run/box.tar`,
    );
    expect(load.status).toBe(0);
    expect((await docker(['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n')).toContain(image);
  });
  test('whose entry is not of its form is nobody', async () => {
    const { status, stdout } = await call(70004, 'sudo userdocker run box id');
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
  });
  test('no layer drops out while the directory is down', async () => {
    writeConfig({ limits: { containers: 1 } }, 'group/config_10_theory');
    renameSync(`${database}/group`, `${database}/group.down`);
    try {
      const { status, stdout, stderr } = await call(70001, 'sudo userdocker run box id');
      expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
      expect(stderr).toContain('a directory service may be down');
    } finally {
      renameSync(`${database}/group.down`, `${database}/group`);
    }
    expect((await call(70001, 'sudo userdocker run box id -u')).stdout).toBe('70001\n');
  });
  test('nobody takes a name that the directory’s users’ containers get', async () => {
    expect((await userdocker('alice', '-n run --name dora_5 box')).status).toBe(77);
    expect((await userdocker('alice', '-n run --name nosuch_5 box')).status).toBe(0);
  });
});
