/** bin/userdocker with a program behind it that writes down how it was started. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Launch, run } from '../e2e/support/command.ts';

const directory = mkdtempSync(`${tmpdir()}/launcher-`);
const launcher = `${directory}/userdocker`;
const program = `${directory}/program`;
const record = `${directory}/record`;

beforeAll(() => {
  chmodSync(directory, 0o755);
  const text = readFileSync('bin/userdocker', 'utf8');
  writeFileSync(launcher, text.replace('/usr/local/lib/userdocker/userdocker', program), { mode: 0o755 });
  // What the kernel says of the process; a shell's own view may differ.
  const files = 'for file in cmdline environ status limits; do cat /proc/$$/$file >$1.$file; done';
  const links =
    'for link in cwd fd/0 fd/1 fd/2; do seen="$seen$(readlink /proc/$$/$link) "; done; echo "$seen" >$1.links';
  const inner = `set -- ${record}; ${files}; ${links}`;
  writeFileSync(program, `#!/bin/sh\n${inner}\n`, { mode: 0o755 });
});
beforeEach(() => {
  for (const file of ['cmdline', 'environ', 'status', 'limits', 'links'])
    rmSync(`${record}.${file}`, { force: true });
});

const read = (file: string): string => readFileSync(`${record}.${file}`, 'latin1');
/** Without `/bin/sh` and the program's path, which the kernel puts in front. */
const seenArguments = (): readonly string[] => read('cmdline').split('\0').slice(2, -1);
/** bash itself sets TERM=dumb where there is none. */
const seenEnvironment = (): readonly string[] =>
  read('environ')
    .split('\0')
    .filter((word) => word !== '' && word !== 'TERM=dumb')
    .sort();
const links = () => {
  const [cwd, stdin, stdout, stderr] = read('links').split(' ');
  return { cwd, stdin, stdout, stderr };
};
const statusField = (name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(read('status'))?.[1] ?? '';
const limit = (name: string): string => new RegExp(`^${name} +(\\S+)`, 'm').exec(read('limits'))?.[1] ?? '';

// /bin/sh is dash on Debian and bash elsewhere.
describe.each([
  ['/bin/dash', '-p'],
  ['/bin/bash', '--posix', '-p'],
])('%s', (...shell) => {
  const start = (launch: Partial<Launch> = {}, args: readonly string[] = []) =>
    run({ env: {}, cwd: '/', ...launch, argv: [...shell, launcher, ...args] });
  /** Through another shell that arranges something first; `$@` is the launcher's command line. */
  const startAfter = (line: string, launch: Partial<Launch> = {}) =>
    run({ env: {}, cwd: '/', ...launch, argv: ['/bin/sh', '-c', line, 'sh', ...shell, launcher] });

  test('arguments arrive as they were', async () => {
    const words = ['', ' ', '--', '-x', 'a=b', '*', '$(id)', '`id`', 'a\nb', '"', "'", '\\', ''];
    await start({}, words);
    expect(seenArguments()).toEqual(words);
  });
  test('bytes that are not UTF-8 arrive as they were', async () => {
    await startAfter('exec "$@" "$(printf "\\377\\200")"');
    expect(seenArguments()).toEqual(['\xff\x80']);
  });
  test('it becomes the program: no process of its own is left', async () => {
    const { stdout } = await startAfter('echo $$; exec "$@"');
    expect(statusField('Pid')).toBe(stdout.trim());
  });
  test('of a hostile environment nothing is left', async () => {
    const env = {
      ...{
        BUN_OPTIONS: '--inspect',
        BUN_BE_BUN: '1',
        NODE_OPTIONS: '-r /evil',
        LD_LIBRARY_PATH: '/evil',
        LD_DEBUG: '',
      },
      ...{
        ENV: '/evil',
        BASH_ENV: '/evil',
        SHELLOPTS: 'xtrace',
        PS4: '$(id >&2)',
        IFS: 'd',
        PATH: '/evil',
        CDPATH: '/',
      },
      ...{
        'BASH_FUNC_umask%%': '() { id; }',
        'BASH_FUNC_true%%': '() { id; }',
        HOME: '/home/alice',
        USER: 'root',
      },
      ...{
        DOCKER_HOST: 'tcp://evil',
        DOCKER_CONFIG: '/evil',
        DOCKER_CONTEXT: 'evil',
        TZ: '/evil',
        TMPDIR: '/evil',
      },
    };
    const { stderr } = await start({ env });
    expect(seenEnvironment()).toEqual(['PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
    expect(stderr).toBe('');
  });
  test('what the program needs comes through unchanged', async () => {
    const env = {
      ...{
        SUDO_UID: '1000',
        SUDO_GID: '100',
        SUDO_USER: 'alice',
        NV_GPU: '0,1',
        NVIDIA_VISIBLE_DEVICES: 'GPU-1\n',
      },
      ...{ TERM: 'xterm-256color', LANG: 'de_DE.UTF-8@euro', LC_ALL: 'C', LC_CTYPE: 'C.UTF-8' },
    };
    await start({ env: { ...env, NO_COLOR: 'yes' } });
    const expected = Object.entries({ ...env, NO_COLOR: '1', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' });
    expect(seenEnvironment()).toEqual(expected.map(([name, value]) => `${name}=${value}`).sort());
  });
  test.each(['', ' 0', '0\n', '-1', 'x'])(
    'SUDO_UID %j is for the program to refuse, not to be lost',
    async (value) => {
      await start({ env: { SUDO_UID: value, SUDO_GID: value } });
      expect(seenEnvironment()).toEqual(expect.arrayContaining([`SUDO_GID=${value}`, `SUDO_UID=${value}`]));
    },
  );
  test.each(['../x', '/x', 'a b', 'a%n', 'a\nb', 'é', ''])(
    'TERM and locale %j are left out',
    async (value) => {
      await start({ env: { TERM: value, LANG: value, LC_ALL: value, LC_CTYPE: value } });
      expect(seenEnvironment()).toEqual(['PATH=/usr/sbin:/usr/bin:/sbin:/bin']);
    },
  );
  test('umask', async () => {
    await startAfter('umask 0; exec "$@"');
    expect(statusField('Umask')).toBe('0077');
  });
  test('signals that the caller ignores work again; what nohup and job control ignore stays', async () => {
    const line = 'exec env --ignore-signal=CHLD,PIPE,XFSZ,PWR,USR1,USR2,ALRM,HUP,INT,QUIT,TERM,TSTP "$@"';
    await startAfter(line);
    // Bit N-1 is signal N: HUP 1, INT 2, QUIT 3, TERM 15, TSTP 20.
    expect(BigInt(`0x${statusField('SigIgn')}`)).toBe(
      (1n << 0n) | (1n << 1n) | (1n << 2n) | (1n << 14n) | (1n << 19n),
    );
  });
  test.each([
    ['-f 0', 'Max file size', 'unlimited'],
    ['-n 20', 'Max open files', '4096'],
    ['-c 1000', 'Max core file size', '0'],
    ['-d 5000', 'Max data size', 'unlimited'],
    ['-v 200000', 'Max address space', 'unlimited'],
    ['-s 200', 'Max stack size', '8388608'],
  ])('ulimit -S %s', async (option, name, value) => {
    await startAfter(`ulimit -S ${option}; exec "$@"`);
    expect(limit(name)).toBe(value);
  });
  test.each([
    ['<&-', 'stdin'],
    ['>&-', 'stdout'],
    ['2>&-', 'stderr'],
  ] as const)('%s', async (closing, descriptor) => {
    await startAfter(`exec "$@" ${closing}`);
    // bash reads its script from the first free descriptor; if that is 2, it stays the script, open for reading.
    expect(links()[descriptor]).toMatch(
      descriptor === 'stderr' ? /^\/dev\/null$|\/userdocker$/ : /^\/dev\/null$/,
    );
  });
  test('all three descriptors closed', async () => {
    await startAfter('exec "$@" <&- >&- 2>&-');
    expect(links()).toEqual({ cwd: '/', stdin: '/dev/null', stdout: '/dev/null', stderr: '/dev/null' });
  });
  test('open descriptors stay what they are', async () => {
    await startAfter(`exec "$@" </dev/zero >${directory}/out 2>${directory}/err`);
    expect(links()).toEqual({
      cwd: '/',
      stdin: '/dev/zero',
      stdout: `${directory}/out`,
      stderr: `${directory}/err`,
    });
  });
  test('the directory stays the caller’s', async () => {
    mkdirSync(`${directory}/here`, { recursive: true });
    await start({ cwd: `${directory}/here` });
    expect(links().cwd).toBe(`${directory}/here`);
  });
  test('a directory that was removed becomes /', async () => {
    await startAfter(`mkdir ${directory}/gone; cd ${directory}/gone; rmdir ${directory}/gone; exec "$@"`);
    expect(links().cwd).toBe('/');
  });
  test('a directory that was removed and made again by somebody else becomes /', async () => {
    const line = `mkdir ${directory}/twice; cd ${directory}/twice; rmdir ${directory}/twice; mkdir ${directory}/twice`;
    await startAfter(`${line}; exec "$@"`, { env: { PWD: `${directory}/twice` } });
    expect(links().cwd).toBe('/');
  });
  test('without root’s rights it starts all the same', async () => {
    const rights = 'setpriv --reuid 12345 --regid 12345 --clear-groups';
    chmodSync(directory, 0o777);
    await startAfter(`ulimit -n 64; exec ${rights} "$@"`);
    chmodSync(directory, 0o755);
    expect(statusField('Uid')).toMatch(/^12345\t/);
    expect(limit('Max open files')).toBe('64');
  });
  test('nothing is left behind where the program is missing', async () => {
    const text = readFileSync(launcher, 'utf8').replace(program, `${directory}/missing`);
    writeFileSync(`${directory}/broken`, text);
    const { status } = await run({ env: {}, cwd: '/', argv: [...shell, `${directory}/broken`] });
    expect(status).toBe(127);
    expect(existsSync(`${record}.cmdline`)).toBe(false);
  });
});
