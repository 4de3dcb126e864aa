/** The .deb on a small Debian with docker and sudo: dpkg, apt, real sudo, a real engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { difference } from '../install/support.ts';
import { light, type Machine, packageFile, packages, startMachine } from './support.ts';

const [debEnding, tarballEnding] =
  process.arch === 'arm64'
    ? (['_arm64.deb', '-aarch64.tar.gz'] as const)
    : (['_amd64.deb', '-x86_64.tar.gz'] as const);
const deb = packageFile(debEnding, light);
const released = `/${packageFile(debEnding)}`;
const unpack = (directory: string) =>
  `mkdir -p /tmp/release; tar -x -f ${packageFile(tarballEnding, directory)} -C /tmp/release --strip-components=1; cd /tmp/release`;
const unpackLight = unpack(light);
const noPrompt = 'DEBIAN_FRONTEND=noninteractive';

let machine: Machine;
let before: ReadonlyMap<string, string>;

const install = () => machine.run(`${noPrompt} dpkg --install ${deb}`);
const mustInstall = async (): Promise<void> => {
  const { status, stdout, stderr } = await install();
  expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
};
const changes = async () => difference(before, await machine.snapshot());

beforeAll(async () => {
  machine = await startMachine();
  before = await machine.snapshot();
});
afterAll(() => machine.end());
beforeEach(async () => {
  await machine.must(`${noPrompt} dpkg --purge userdocker 2>/dev/null; rm -rf /tmp/release`);
  await machine.must('rm -rf /etc/userdocker /etc/sudoers.d/userdocker /etc/sudoers.d/other');
});

describe('what is installed', () => {
  test('with apt, all that it depends on being there; visudo and dpkg are content', async () => {
    await machine.must(`${noPrompt} apt-get install --yes --no-install-recommends ${released} 2>&1`);
    expect(await machine.must('dpkg --verify userdocker; visudo --check --quiet; dpkg --audit')).toBe('');
    expect(await machine.must('getent group userdocker')).toMatch(/^userdocker:x:\d+:$/m);
  });
  test('the same files as install.sh installs from the tarball, with the same modes', async () => {
    await machine.must(`${unpackLight}; ./install.sh --prefix /usr`);
    const byScript = await changes();
    const scripted = await machine.snapshot();
    expect(byScript.length).toBeGreaterThan(15);
    await machine.must(`cd /tmp/release; ./install.sh --prefix /usr --uninstall --purge`);
    expect(await changes()).toEqual([]);
    await mustInstall();
    const packageOnly = /^\+ \/usr\/share\/(?:userdocker|doc\/userdocker|lintian)(?:\/|$)/;
    expect((await changes()).filter((line) => !packageOnly.test(line))).toEqual(byScript);
    const differing = difference(scripted, await machine.snapshot());
    expect(differing.filter((line) => !packageOnly.test(line))).toEqual([]);
  });
  test('where the admin has a config.json, no config.yaml is made beside it', async () => {
    await machine.must('mkdir /etc/userdocker; echo "{}" >/etc/userdocker/config.json');
    await mustInstall();
    expect(await machine.must('ls /etc/userdocker; cat /etc/userdocker/config.json')).toBe(
      'config.json\ndefault.yaml\ndocker\n{}\n',
    );
  });
});

describe('a container of an ordinary user', () => {
  // demo.sh fails where the container is not the user, or where --privileged and -v /etc are not refused.
  test.each([
    [
      'with the package',
      `${unpackLight}; ${noPrompt} dpkg --install ${released}; bash scripts/demo.sh userdocker ALL /usr installed`,
    ],
    ['with the tarball', `cd /; ${unpack(packages)}; ./install.sh --demo`],
  ])('%s', async (_name, line) => {
    const { status, stdout, stderr } = await machine.run(line);
    expect({ status, stdout, stderr }).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('That worked.'),
    });
    expect(stdout).toMatch(/^CapEff:\t0{16}$/m);
    const remove =
      'if [ -d /tmp/release/dist ]; then cd /tmp/release; ./install.sh --uninstall --purge || true; fi';
    await machine.must(remove);
  });
});

describe('an upgrade', () => {
  test('keeps what is the admin’s, mends what is not', async () => {
    await mustInstall();
    await machine.must(
      'mkdir /etc/userdocker/user; echo "limits: {containers: 2}" >/etc/userdocker/user/config_root.yaml',
    );
    await machine.must('echo "limits: {containers: 1}" >/etc/userdocker/config.yaml');
    await machine.must("sed -i 's/^%userdocker ALL/%userdocker node-1/' /etc/sudoers.d/userdocker");
    await machine.must(
      'echo "{\\"auths\\": {}}" >/etc/userdocker/docker/config.json; echo x >/var/lib/userdocker/1000',
    );
    const edited = await machine.snapshot();
    await machine.must(
      'echo "log_level: debug" >/etc/userdocker/default.yaml; echo >>/usr/lib/userdocker/userdocker',
    );
    await machine.must('chmod 755 /var/lib/userdocker /etc/userdocker/docker; chmod 777 /usr/bin/userdocker');
    await mustInstall();
    expect(difference(edited, await machine.snapshot())).toEqual([]);
  });
});

describe('removal', () => {
  const arrange = async () => {
    await mustInstall();
    await machine.must('echo "limits: {containers: 1}" >/etc/userdocker/config.yaml');
    await machine.must('echo "{}" >/var/log/userdocker/audit.jsonl; echo x >/var/lib/userdocker/1000');
  };
  test('takes the program, keeps settings, state and log', async () => {
    await arrange();
    await machine.must('dpkg --remove userdocker');
    expect(await changes()).toEqual(
      [
        '/etc/logrotate.d/userdocker',
        '/etc/sudoers.d/userdocker',
        '/etc/userdocker',
        '/etc/userdocker/config.yaml',
        '/etc/userdocker/docker',
        '/etc/userdocker/docker/config.json',
        '/var/lib/userdocker',
        '/var/lib/userdocker/1000',
        '/var/log/userdocker',
        '/var/log/userdocker/audit.jsonl',
      ].map((path) => `+ ${path}`),
    );
    await mustInstall();
    expect(await machine.must('cat /etc/userdocker/config.yaml /var/lib/userdocker/1000')).toBe(
      'limits: {containers: 1}\nx\n',
    );
  });
  test('a purge takes these, too, and the members of the group stay members', async () => {
    await arrange();
    await machine.must('useradd --groups userdocker member');
    await machine.must('dpkg --purge userdocker');
    expect(await changes()).toEqual([]);
    expect(await machine.must('id -Gn member; userdel member')).toMatch(/userdocker/);
  });
  test('a purge goes through no mount and no link', async () => {
    await arrange();
    await machine.must('mkdir -p /srv/shared /srv/linked; touch /srv/shared/precious /srv/linked/precious');
    await machine.must('mount --bind /srv/shared /var/log/userdocker; rm -r /var/lib/userdocker');
    await machine.must('ln -s /srv/linked /var/lib/userdocker');
    const { status, stderr } = await machine.run('dpkg --purge userdocker');
    const left = await machine.must(
      'ls /srv/shared /srv/linked; umount /var/log/userdocker; rm -f /var/lib/userdocker',
    );
    await machine.must('rm -r /srv/shared /srv/linked /var/log/userdocker');
    expect({ status, left }).toEqual({
      status: 0,
      left: '/srv/linked:\nprecious\n\n/srv/shared:\nprecious\n',
    });
    expect(stderr).toContain('something is mounted at or below /var/log/userdocker');
  });
});

describe('refused before a file is in place', () => {
  test.each([
    [
      'another rule gives SETENV',
      'echo "nobody ALL = (root) SETENV: /usr/bin/userdocker" >/etc/sudoers.d/other',
      'gives SETENV',
    ],
    [
      'the rule clashes with the admin’s',
      'echo "Cmnd_Alias USERDOCKER_COMMANDS = /bin/true" >/etc/sudoers.d/other',
      'visudo refuses',
    ],
    ['install.sh has been here', `${unpackLight}; ./install.sh`, 'install.sh --uninstall first'],
    ['sudoers.d is not read', "sed -i 's/^@includedir/# &/' /etc/sudoers", '@includedir'],
  ])('%s', async (_name, arrange, message) => {
    await machine.must(arrange);
    await machine.must('chmod 440 /etc/sudoers.d/other 2>/dev/null || true');
    const arranged = await machine.snapshot();
    const { status, stderr } = await install();
    const differing = difference(arranged, await machine.snapshot());
    await machine.must("sed -i 's/^# @includedir/@includedir/' /etc/sudoers");
    await machine.must('if [ -d /tmp/release ]; then cd /tmp/release; ./install.sh --uninstall --purge; fi');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) });
    expect(differing).toEqual([]);
  });
  test('install.sh, where the package is', async () => {
    await mustInstall();
    const installed = await machine.snapshot();
    const { status, stderr } = await machine.run(`${unpackLight}; ./install.sh`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('package userdocker is installed'),
    });
    expect(difference(installed, await machine.snapshot())).toEqual([]);
  });
});
