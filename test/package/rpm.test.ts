/** The .rpm: what is in it, and its scripts, run by rpm in a small Debian (which has what they call). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../e2e/support/command.ts';
import { difference } from '../install/support.ts';
import { here, light, type Machine, packageFile, startMachine } from './support.ts';

const machineName = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const rpmFile = packageFile(`.${machineName}.rpm`, light);
const debFile = packageFile(process.arch === 'arm64' ? '_arm64.deb' : '_amd64.deb', light);

/** The shells' own, which no other package need have made: an .rpm owns what it is to remove. */
const shellDirectory = /^\/usr\/share\/(?:bash-completion|fish|zsh)(?:\/\S*)? 755 root:root $/;

/** `path mode owner checksum`; directories without one. */
async function filesOfRpm(): Promise<readonly string[]> {
  const dump = await here(`rpm --query --package --dump ${rpmFile}`);
  return dump
    .trim()
    .split('\n')
    .map((line) => {
      const [path = '', , , digest = '', mode = '', owner, group] = line.split(' ');
      return `${path} ${(Number.parseInt(mode, 8) & 0o7777).toString(8)} ${owner}:${group} ${/^0+$/.test(digest) ? '' : digest}`;
    })
    .filter((line) => !shellDirectory.test(line))
    .sort();
}

/** The same of the .deb, but for the directories that are everybody's and what Debian alone wants, or has elsewhere. */
async function filesOfDeb(): Promise<readonly string[]> {
  const list = await here(
    `d=$(mktemp -d); dpkg-deb --extract ${debFile} $d; cd $d
     find . '(' -type f -o -path '*/userdocker*' ')' -printf '/%P %m %u:%g %y\\n' | while read -r path mode owner type; do
       sum=; [ $type = d ] || sum=$(sha256sum .$path | cut -c1-64); echo "$path $mode $owner $sum"
     done; rm -r $d`,
  );
  const debianOnly = /^\/usr\/share\/(?:lintian\/|doc\/userdocker\/changelog\.Debian\.gz)/;
  return list
    .trimEnd()
    .split('\n')
    .filter((line) => !debianOnly.test(line))
    .map((line) => line.replace('/zsh/vendor-completions/', '/zsh/site-functions/'))
    .sort();
}

test('the same files, modes and contents as in the .deb', async () => {
  const files = await filesOfRpm();
  expect(files.length).toBeGreaterThan(20);
  expect(files).toEqual(await filesOfDeb());
});

test('an admin’s edits of what is meant to be edited are kept', async () => {
  const config = await here(
    `rpm --query --package --queryformat '[%{FILEFLAGS:fflags} %{FILENAMES}\\n]' ${rpmFile}`,
  );
  expect(config.split('\n').filter((line) => /^\S*c/.test(line))).toEqual([
    'cn /etc/logrotate.d/userdocker',
    'cn /etc/sudoers.d/userdocker',
  ]);
});

describe('the scripts, run by rpm', () => {
  let machine: Machine;
  let before: ReadonlyMap<string, string>;
  // rpm is this machine's own; its data base is kept in the machine that it installs into.
  const rpm = async (line: string) => {
    const { status, stdout, stderr } = await run({
      argv: ['/bin/sh', '-ec', `rpm --force-debian --root ${machine.root} --nodeps ${line}`],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
      cwd: process.cwd(),
      timeoutMs: 120_000,
    });
    return { status, stderr: `${stdout}${stderr}` };
  };
  const installed = { status: 0, stderr: expect.not.stringMatching(/error|failed/) };

  beforeAll(async () => {
    machine = await startMachine();
    await machine.must('mkdir -p /var/lib/rpm');
    before = await machine.snapshot();
  });
  afterAll(() => machine.end());

  test('a clash with an admin’s sudoers rule is refused before a file is in place', async () => {
    await machine.must('echo "Cmnd_Alias USERDOCKER_COMMANDS = /bin/true" >/etc/sudoers.d/other');
    const { status, stderr } = await rpm(`--install ${rpmFile}`);
    await machine.must('rm /etc/sudoers.d/other');
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('visudo refuses') });
    expect(difference(before, await machine.snapshot())).toEqual([]);
  });
  test('installation, a second one, removal', async () => {
    expect(await rpm(`--install ${rpmFile}`)).toMatchObject(installed);
    expect(
      await machine.must('getent group userdocker; visudo --check --quiet; userdocker --version'),
    ).toMatch(/^userdocker:x:\d+:\na program\n$/);
    expect(await machine.must('stat --format "%a %U" /etc/userdocker/docker/config.json')).toBe('600 root\n');
    await machine.must('echo "limits: {containers: 1}" >/etc/userdocker/config.yaml');
    await machine.must("sed -i 's/^%userdocker ALL/%userdocker node-1/' /etc/sudoers.d/userdocker");
    await machine.must('chmod 755 /var/lib/userdocker');
    const edited = await machine.snapshot();
    await machine.must('chmod 755 /var/lib/userdocker; echo x >/var/lib/userdocker/1000');
    expect(await rpm(`--upgrade --replacepkgs ${rpmFile}`)).toMatchObject(installed);
    expect(difference(edited, await machine.snapshot())).toEqual([
      '+ /var/lib/userdocker/1000',
      '~ /var/lib/userdocker',
    ]);
    expect(await rpm('--erase userdocker')).toMatchObject({ status: 0 });
    expect(difference(before, await machine.snapshot())).toEqual([
      '+ /etc/sudoers.d/userdocker.rpmsave',
      '+ /etc/userdocker',
      '+ /etc/userdocker/config.yaml',
      '+ /var/lib/userdocker',
      '+ /var/lib/userdocker/1000',
    ]);
  });
});
