/** The rule in /etc/sudoers.d, read by visudo and by sudo itself. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mustRun, run } from '../e2e/support/command.ts';
import { loginArguments, makeUser } from '../e2e/support/users.ts';
import { difference, install, snapshot, uninstall } from './support.ts';

const rule = '/etc/sudoers.d/userdocker';
const shell = (line: string) =>
  mustRun({ argv: ['/bin/sh', '-c', line], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
const as = (user: 'alice' | 'mallory', line: string, env: { readonly [name: string]: string } = {}) =>
  run({ argv: loginArguments(user, line, env), env: {}, cwd: '/' });

beforeAll(async () => {
  await shell('groupadd --force --system userdocker');
  await makeUser('alice', ['userdocker']);
  await makeUser('mallory');
});
afterAll(() => shell('userdel --remove alice; userdel --remove mallory; groupdel userdocker'));
afterEach(async () => {
  await uninstall(['--purge']);
});

describe('the rule', () => {
  test.each([
    [[], '%userdocker ALL = (root) NOPASSWD: NOSETENV: USERDOCKER_COMMANDS\n'],
    [['--group', 'users'], '%users ALL = '],
    [['--group=users', '--hosts=node-1,node-2.example.org'], '%users node-1, node-2.example.org = '],
  ])('%j', async (args, line) => {
    expect((await install(args)).status).toBe(0);
    expect(readFileSync(rule, 'utf8')).toContain(line);
    await shell('visudo --check --quiet');
  });
  test('a group that is missing is made', async () => {
    await install(['--group', 'newgroup']);
    expect(await shell('getent group newgroup')).toMatch(/^newgroup:/);
    await shell('groupdel newgroup');
  });
  test('it holds on the named hosts only', async () => {
    await install(['--hosts', 'some-other-node']);
    expect((await as('alice', 'sudo -n userdocker')).stderr).toContain('password is required');
  });
});

describe('what sudo makes of it', () => {
  /** In the program's place: prints its environment and arguments. */
  const installProbe = async () => {
    await install();
    const probe = '#!/bin/sh\ntr "\\0" "\\n" </proc/$$/environ\nprintf "<%s>" "$@"\nid -u\n';
    rmSync('/usr/local/lib/userdocker/userdocker');
    writeFileSync('/usr/local/lib/userdocker/userdocker', probe, { mode: 0o755 });
  };
  test.each([
    ['userdocker', '<ps>'],
    ['nvidia-userdocker', '<--executor=nvidia-docker><ps>'],
  ])('a member becomes root for %s', async (command, seen) => {
    await installProbe();
    const { status, stdout } = await as('alice', `sudo -n ${command} ps`);
    expect({ status, end: stdout.split('\n').slice(-2, -1) }).toEqual({ status: 0, end: [`${seen}0`] });
  });
  test.each([
    'sudo -n id',
    'sudo -n /usr/local/lib/userdocker/userdocker',
    'sudo -n -u mallory userdocker',
    'sudo -n sh',
  ])('a member does not for %s', async (line) => {
    await installProbe();
    expect((await as('alice', line)).stderr).toContain('password is required');
  });
  test('nobody else becomes root', async () => {
    await installProbe();
    expect((await as('mallory', 'sudo -n userdocker')).stderr).toContain('password is required');
  });
  test('the GPU variables come through sudo, and who calls', async () => {
    await installProbe();
    const { stdout } = await as('alice', 'sudo -n userdocker', {
      NV_GPU: '1,2',
      NVIDIA_VISIBLE_DEVICES: 'GPU-0',
    });
    const id = (await shell('id -u alice')).trim();
    const gid = (await shell('id -g alice')).trim();
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'NV_GPU=1,2',
        'NVIDIA_VISIBLE_DEVICES=GPU-0',
        `SUDO_UID=${id}`,
        `SUDO_GID=${gid}`,
      ]),
    );
  });
  test('no other variable does, though the machine keeps it for other commands', async () => {
    writeFileSync(
      '/etc/sudoers.d/keeps',
      'Defaults env_keep += "FOO LD_PRELOAD BUN_OPTIONS"\nDefaults !env_reset, setenv\n',
      { mode: 0o440 },
    );
    await installProbe();
    const env = {
      FOO: '1',
      BUN_OPTIONS: '--x',
      LD_PRELOAD: '/nonexistent.so',
      SUDO_UID: '0',
      DOCKER_HOST: 'tcp://evil',
    };
    const { stdout, stderr } = await as('alice', 'sudo -n userdocker', env);
    rmSync('/etc/sudoers.d/keeps');
    const names = stdout
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => line.split('=')[0]);
    expect(names.sort()).toEqual(['PATH', 'SUDO_COMMAND', 'SUDO_GID', 'SUDO_UID', 'SUDO_USER', 'TERM']);
    expect(stdout).toContain('SUDO_COMMAND=set\n');
    expect(stdout).not.toContain('SUDO_UID=0');
    // env(1), which runs before sudo, complains of its own LD_PRELOAD; what sudo starts must not.
    expect(
      stderr.split('\n').filter((line) => line.includes('nonexistent') && /userdocker|\/bin\/sh/.test(line)),
    ).toEqual([]);
  });
  test.each(['sudo -n -E userdocker', 'sudo -n FOO=1 userdocker', 'sudo -n --preserve-env=FOO userdocker'])(
    '%s is refused',
    async (line) => {
      await installProbe();
      const { status, stderr } = await as('alice', line, { FOO: '1' });
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('not allowed to') });
    },
  );
});

describe('a broken sudoers never comes into place', () => {
  /** install.sh with this in place of visudo. */
  const installWithVisudo = async (text: string, args: readonly string[]) => {
    mkdirSync('/run/fake', { recursive: true });
    writeFileSync('/run/fake/visudo', `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return install(args, { env: { PATH: '/run/fake:/usr/sbin:/usr/bin:/sbin:/bin' } });
  };
  test('visudo refuses the new file: nothing is changed', async () => {
    await install();
    const before = snapshot({ times: true });
    const { status, stderr } = await installWithVisudo('exit 1', ['--group', 'users']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('nothing was changed') });
    expect(difference(before, snapshot({ times: true }))).toEqual([]);
  });
  test('together with the old ones it is refused: the old rule comes back', async () => {
    await install();
    const before = snapshot();
    const visudo = `case "$*" in *--file=/etc/sudoers) ! grep --quiet %users ${rule} ;; esac`;
    const { status, stderr } = await installWithVisudo(visudo, ['--group', 'users']);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('put back') });
    expect(difference(before, snapshot())).toEqual([]);
  });
  test.each(['440', '644'])(
    'an admin’s alias of the same name, in a file of mode %s: there is no rule',
    async (mode) => {
      writeFileSync('/etc/sudoers.d/admin', 'Cmnd_Alias USERDOCKER_COMMANDS = /bin/true\n', {
        mode: Number.parseInt(mode, 8),
      });
      const { status } = await install();
      rmSync('/etc/sudoers.d/admin');
      expect({ status, rule: existsSync(rule) }).toEqual({ status: 1, rule: false });
    },
  );
});

describe('a rule of somebody else’s that gives SETENV', () => {
  const launcher = '/usr/local/bin/userdocker';
  test.each([
    `alice ALL = (root) SETENV: ${launcher}`,
    `alice ALL = (root) NOPASSWD: SETENV: ${launcher}`,
    `alice ALL = (root) NOPASSWD:SETENV : /bin/true, ${launcher} ps`,
    `alice ALL = (root) \\\n  SETENV: \\\n  ${launcher}`,
    `Cmnd_Alias GATE = ${launcher}\nalice ALL = (root) SETENV: GATE`,
  ])('%s: refused', async (text) => {
    writeFileSync('/etc/sudoers.d/other', `${text}\n`, { mode: 0o440 });
    await shell('visudo --check --quiet');
    const before = snapshot();
    const { status, stderr } = await install();
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('SETENV') });
    expect(difference(before, snapshot())).toEqual([]);
    rmSync('/etc/sudoers.d/other');
  });
  test.each([
    `alice ALL = (root) NOSETENV: ${launcher}`,
    `alice ALL = (root) ${launcher}`,
    `# alice ALL = (root) SETENV: ${launcher}`,
    'alice ALL = (root) SETENV: /bin/true',
    `Cmnd_Alias GATE = ${launcher}\nalice ALL = (root) SETENV: /bin/true`,
  ])('%s: no matter', async (text) => {
    writeFileSync('/etc/sudoers.d/other', `${text}\n`, { mode: 0o440 });
    const { status } = await install();
    rmSync('/etc/sudoers.d/other');
    expect(status).toBe(0);
  });
});
