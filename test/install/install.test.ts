import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { mustRun, run } from '../e2e/support/command.ts';
import { difference, install, snapshot, uninstall } from './support.ts';

const rule = '/etc/sudoers.d/userdocker';
const mode = (path: string): string => {
  const { mode: bits, uid, gid } = statSync(path);
  return `${(bits & 0o7777).toString(8)} ${uid}:${gid}`;
};
const shell = (line: string) =>
  mustRun({ argv: ['/bin/sh', '-c', line], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });

afterEach(async () => {
  await uninstall(['--purge']);
});

describe('what is installed', () => {
  test('owners and modes', async () => {
    const { status, stderr } = await install();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const modes = {
      '/usr/local/bin/userdocker': '755 0:0',
      '/usr/local/bin/nvidia-userdocker': '755 0:0',
      '/usr/local/sbin/userdocker-admin': '755 0:0',
      '/usr/local/lib/userdocker': '755 0:0',
      '/usr/local/lib/userdocker/userdocker': '755 0:0',
      '/usr/local/lib/userdocker/userdocker-admin': '755 0:0',
      '/etc/userdocker': '755 0:0',
      '/etc/userdocker/default.yaml': '644 0:0',
      '/etc/userdocker/config.yaml': '644 0:0',
      '/etc/userdocker/docker': '700 0:0',
      '/etc/userdocker/docker/config.json': '600 0:0',
      '/var/lib/userdocker': '700 0:0',
      '/var/log/userdocker': '700 0:0',
      '/usr/share/bash-completion/completions/userdocker': '644 0:0',
      '/usr/share/bash-completion/completions/nvidia-userdocker': '644 0:0',
      '/usr/share/zsh/vendor-completions/_userdocker': '644 0:0',
      '/usr/share/fish/vendor_completions.d/userdocker.fish': '644 0:0',
      '/usr/share/fish/vendor_completions.d/nvidia-userdocker.fish': '644 0:0',
      [rule]: '440 0:0',
    };
    expect(Object.fromEntries(Object.keys(modes).map((path) => [path, mode(path)]))).toEqual(modes);
  });
  test('under a strange umask just the same', async () => {
    await shell(`umask 0; cd ${process.cwd()} && ./install.sh --no-build`);
    const open = (
      await shell('find /etc/userdocker /usr/local/lib/userdocker /var/lib/userdocker -perm /022')
    ).trim();
    expect(open).toBe('');
  });
  test('default.yaml is the one in the source', async () => {
    await install();
    expect(readFileSync('/etc/userdocker/default.yaml')).toEqual(readFileSync('etc-userdocker/default.yaml'));
  });
  test('the launcher starts the program beside it, under another prefix too', async () => {
    expect((await install(['--prefix', '/opt/userdocker'])).status).toBe(0);
    expect(readFileSync('/opt/userdocker/bin/userdocker', 'utf8')).toContain(
      ' /opt/userdocker/lib/userdocker/userdocker "$@"',
    );
    expect(readFileSync('/opt/userdocker/sbin/userdocker-admin', 'utf8')).toContain(
      ' /opt/userdocker/lib/userdocker/userdocker-admin "$@"',
    );
    expect(readFileSync('/opt/userdocker/bin/nvidia-userdocker', 'utf8')).toContain(
      'exec /opt/userdocker/bin/userdocker ',
    );
    expect(readFileSync(rule, 'utf8')).toContain(
      '= /opt/userdocker/bin/userdocker, /opt/userdocker/bin/nvidia-userdocker\n',
    );
    expect(readFileSync('/usr/share/zsh/vendor-completions/_userdocker', 'utf8')).toContain(
      'program=/opt/userdocker/bin/userdocker ',
    );
    expect((await uninstall()).stderr).toContain('give --prefix');
    await uninstall(['--prefix', '/opt/userdocker', '--purge']);
    rmSync('/opt/userdocker', { recursive: true });
  });
});

describe('--destdir', () => {
  test('lays out the files of a package, by anybody, and changes nothing on this machine', async () => {
    await shell('install -d -o nobody /srv/anybody');
    const before = snapshot();
    const argv = [
      'setpriv',
      '--reuid=nobody',
      '--regid=nogroup',
      '--clear-groups',
      './install.sh',
      '--no-build',
    ];
    const { status, stderr } = await run({
      argv: [...argv, '--destdir', '/srv/anybody/root', '--prefix', '/usr'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      cwd: process.cwd(),
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(difference(before, snapshot())).toEqual([]);
    const list = await shell(
      "cd /srv/anybody/root; find . -path '*userdocker*' ! -path '*/man/*' -printf '%m %P\\n' | sort -k2",
    );
    await shell('rm -r /srv/anybody');
    expect(list.trim().split('\n')).toEqual([
      '644 etc/logrotate.d/userdocker',
      '440 etc/sudoers.d/userdocker',
      '755 etc/userdocker',
      '644 etc/userdocker/default.yaml',
      '700 etc/userdocker/docker',
      '755 usr/bin/nvidia-userdocker',
      '755 usr/bin/userdocker',
      '755 usr/lib/userdocker',
      '755 usr/lib/userdocker/userdocker',
      '755 usr/lib/userdocker/userdocker-admin',
      '755 usr/sbin/userdocker-admin',
      '644 usr/share/bash-completion/completions/nvidia-userdocker',
      '644 usr/share/bash-completion/completions/userdocker',
      '644 usr/share/fish/vendor_completions.d/nvidia-userdocker.fish',
      '644 usr/share/fish/vendor_completions.d/userdocker.fish',
      '755 usr/share/userdocker',
      '644 usr/share/userdocker/config.yaml',
      '644 usr/share/zsh/site-functions/_userdocker',
      '700 var/lib/userdocker',
      '700 var/log/userdocker',
    ]);
  });
});

describe('a second time', () => {
  test('nothing changes, not even a time', async () => {
    await install();
    const before = snapshot({ times: true });
    const { stdout } = await install();
    expect(difference(before, snapshot({ times: true }))).toEqual([]);
    expect(stdout).not.toContain('installed ');
  });
  test('what was damaged is mended', async () => {
    await install();
    const before = snapshot();
    appendFileSync('/usr/local/lib/userdocker/userdocker', 'x');
    chmodSync('/usr/local/bin/userdocker', 0o777);
    chmodSync('/var/lib/userdocker', 0o755);
    rmSync(rule);
    await install();
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('the admin’s settings stay', async () => {
    await install();
    mkdirSync('/etc/userdocker/user');
    writeFileSync('/etc/userdocker/config.yaml', 'limits: {containers: 1}\n');
    writeFileSync('/etc/userdocker/user/config_alice.yaml', 'limits: {containers: 2}\n');
    writeFileSync('/etc/userdocker/docker/config.json', '{"auths": {}}\n');
    const before = snapshot({ times: true });
    await install();
    expect(difference(before, snapshot({ times: true }))).toEqual([]);
  });
  test.each(['config.yml', 'config.json'])('%s is a config, too', async (name) => {
    mkdirSync('/etc/userdocker');
    writeFileSync(`/etc/userdocker/${name}`, '{}\n');
    await install();
    expect(() => statSync('/etc/userdocker/config.yaml')).toThrow('ENOENT');
  });
  test('an edited default.yaml is put right: it is for reading only', async () => {
    await install();
    writeFileSync('/etc/userdocker/default.yaml', 'user_in_container: false\n');
    await install();
    expect(readFileSync('/etc/userdocker/default.yaml')).toEqual(readFileSync('etc-userdocker/default.yaml'));
  });
});

describe('removal', () => {
  test('leaves the machine as it was', async () => {
    const before = snapshot();
    await install();
    expect(difference(before, snapshot()).length).toBeGreaterThan(10);
    expect((await uninstall()).status).toBe(0);
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('leaves the machine as it was where no shell has a place for completions', async () => {
    const shells = ['/usr/share/bash-completion', '/usr/share/zsh', '/usr/share/fish'];
    // Directories of an overlay can't be renamed, but mv copies them.
    for (const directory of shells) await shell(`mv ${directory} ${directory}.away`);
    const before = snapshot();
    const { status } = await install();
    const installed = shells.map((directory) => statSync(directory).isDirectory());
    await uninstall();
    const left = difference(before, snapshot());
    for (const directory of shells) await shell(`rm -rf ${directory}; mv ${directory}.away ${directory}`);
    expect({ status, installed, left }).toEqual({ status: 0, installed: [true, true, true], left: [] });
  });
  test('leaves what is the admin’s and what was recorded, and a purge takes them', async () => {
    const before = snapshot();
    await install();
    writeFileSync('/etc/userdocker/config.yaml', 'limits: {containers: 1}\n');
    writeFileSync('/var/log/userdocker/audit.jsonl', '{}\n');
    writeFileSync('/var/lib/userdocker/1000', 'x');
    await uninstall();
    expect(difference(before, snapshot())).toEqual([
      '+ /etc/userdocker',
      '+ /etc/userdocker/config.yaml',
      '+ /var/lib/userdocker',
      '+ /var/lib/userdocker/1000',
      '+ /var/log/userdocker',
      '+ /var/log/userdocker/audit.jsonl',
    ]);
    await uninstall(['--purge']);
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('a purge does not follow a mount', async () => {
    await install();
    await shell('mkdir /home/data /var/lib/userdocker/pin; touch /home/data/precious');
    await shell('mount --bind /home/data /var/lib/userdocker/pin');
    const { status } = await uninstall(['--purge']);
    const left = await shell('ls /home/data; umount /var/lib/userdocker/pin');
    expect({ status, left }).toEqual({ status: 1, left: 'precious\n' });
  });
  test('of nothing is no error', async () => {
    expect((await uninstall()).status).toBe(0);
  });
});

describe('a place that others can write to is refused, and nothing is changed', () => {
  const cases: readonly (readonly [
    name: string,
    arrange: string,
    restore: string,
    args: readonly string[],
  ])[] = [
    ['group may write the prefix', 'chmod g+w /usr/local', 'chmod g-w /usr/local', []],
    ['others may write bin', 'chmod o+w /usr/local/bin', 'chmod o-w /usr/local/bin', []],
    ['lib is somebody’s', 'chown 1234 /usr/local/lib', 'chown root /usr/local/lib', []],
    [
      'lib/userdocker is somebody’s',
      'install -d -o 1234 /usr/local/lib/userdocker',
      'rm -r /usr/local/lib/userdocker',
      [],
    ],
    ['/etc/userdocker is open', 'install -d -m 777 /etc/userdocker', 'rm -r /etc/userdocker', []],
    [
      'a directory far above is open',
      'install -d -m 777 /opt/a; install -d /opt/a/b/c',
      'rm -r /opt/a',
      ['--prefix', '/opt/a/b/c'],
    ],
    ['below /tmp', 'mkdir /tmp/prefix', 'rm -r /tmp/prefix', ['--prefix', '/tmp/prefix']],
  ];
  test.each(cases)('%s', async (_name, arrange, restore, args) => {
    const before = snapshot();
    await shell(arrange);
    const { status, stderr } = await install(args);
    await shell(restore);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/chown root|chmod go-w/) });
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('a link to such a place', async () => {
    mkdirSync('/home/somebody/prefix', { recursive: true });
    await shell('chown -R 1234 /home/somebody');
    symlinkSync('/home/somebody/prefix', '/opt/link');
    const { status, stderr } = await install(['--prefix', '/opt/link']);
    rmSync('/opt/link');
    rmSync('/home/somebody', { recursive: true });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/\/(?:opt\/link|home\/somebody\/prefix) belongs to another user/),
    });
  });
  test.each(['/etc/userdocker', '/var/lib/userdocker', '/var/log/userdocker'])(
    '%s is a link',
    async (path) => {
      mkdirSync('/opt/elsewhere');
      symlinkSync('/opt/elsewhere', path);
      const { status, stderr } = await install();
      rmSync(path);
      rmSync('/opt/elsewhere', { recursive: true });
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('symbolic link') });
    },
  );
});

describe('wrong usage is refused before anything is done', () => {
  test.each([
    ['--group', 'a b'],
    ['--group', 'ALL'],
    ['--group', ''],
    ['--group', '-x'],
    ['--group', 'x\n%evil ALL=(ALL) ALL'],
    ['--group', 'x,y'],
    ['--group=a!b'],
    ['--group'],
    ['--hosts', 'a b'],
    ['--hosts', 'a,,b'],
    ['--hosts', 'a=(ALL)'],
    ['--hosts', ''],
    ['--prefix', 'relative'],
    ['--prefix', '/'],
    ['--prefix', '/opt/../tmp'],
    ['--prefix', '/opt/a b'],
    ['--prefix', '/opt/a|b'],
    ['--purge'],
    ['--destdir', ''],
    ['--destdir', 'relative'],
    ['--destdir', '/'],
    ['--destdir', '/srv/..'],
    ['--destdir', '/srv/x', '--uninstall'],
    ['--unknown'],
    ['word'],
  ])('%s %j', async (...args) => {
    const before = snapshot();
    const { status, stderr } = await install(args);
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr: expect.stringMatching(/^install: [\s\S]*\nusage: /),
    });
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('an ordinary user', async () => {
    const argv = ['setpriv', '--reuid', '1234', '--clear-groups', './install.sh', '--no-build'];
    const { status, stderr } = await run({ argv, env: { PATH: '/usr/bin:/bin' }, cwd: process.cwd() });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'install: only root can install: sudo ./install.sh\n',
    });
  });
  test('--help is none', async () => {
    expect(await install(['--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^usage: /),
      stderr: '',
    });
  });
});

describe('without what it builds on', () => {
  test('no program was built', async () => {
    const before = snapshot();
    renameSync('dist/userdocker', 'dist/away');
    const { status, stderr } = await install();
    renameSync('dist/away', 'dist/userdocker');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('npm run build') });
    expect(difference(before, snapshot())).toEqual([]);
  });
  test('a sudoers that reads no sudoers.d', async () => {
    const sudoers = readFileSync('/etc/sudoers', 'utf8');
    writeFileSync('/etc/sudoers', sudoers.replace('@includedir', '# @includedir'));
    const { status, stderr } = await install();
    writeFileSync('/etc/sudoers', sudoers);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('@includedir') });
  });
  test('members of the group docker are named', async () => {
    await shell('useradd --groups docker wheel');
    const { status, stderr } = await install();
    await shell('userdel wheel');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/warning: .*: wheel\n$/) });
  });
});
