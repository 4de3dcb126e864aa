import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bun = 'node_modules/@oven/bun-linux-x64-baseline/bin/bun';
const source = 'test/exec/fixtures/become.ts';
const scratch = mkdtempSync(join(tmpdir(), 'userdocker-exec-'));
/** The shipped way: a compiled binary, whose runtime has execve. */
const compiled = join(scratch, 'become');
/** The fall-back: Node 20 has no execve. */
const bundled = join(scratch, 'become.mjs');

beforeAll(() => {
  const flags = ['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig', '--format=esm'];
  build('--compile', '--bytecode', ...flags, `--outfile=${compiled}`);
  build('--target=node', `--outfile=${bundled}`);
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true }));

function build(...flags: readonly string[]): void {
  const { status, stderr } = spawnSync(bun, ['build', ...flags, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** With `ulimit -n`, soft and hard, as the launcher does: Bun raises the soft limit to the hard one. */
function through(prefix: string, words: readonly string[]): string {
  const script = `ulimit -n 1024; umask 027; cd /usr; exec ${prefix} "$@"`;
  const { stdout } = spawnSync('/bin/sh', ['-c', script, 'sh', ...words], {
    encoding: 'utf8',
    env: { PROBE: 'yes' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout;
}

describe('a program started through the compiled binary finds what it would find if started directly', () => {
  const files = [
    'limits',
    'personality',
    'coredump_filter',
    'oom_score_adj',
    'timers',
    'timerslack_ns',
    'cmdline',
  ];
  it.each(files)('/proc/self/%s', (file) => {
    const words = ['/bin/cat', `/proc/self/${file}`];
    const direct = through('', words);
    expect(direct.length + (file === 'timers' ? 1 : 0)).toBeGreaterThan(0);
    expect(through(compiled, words)).toBe(direct);
  });

  const ownToEachProcess =
    /^(?:Tgid|Pid|PPid|NStgid|NSpid|NSpgid|NSsid|Ngid|FDSize|SigQ|Vm.*|Rss.*|Hugetlb.*|.*ctxt_switches|Cpus.*|Mems.*):.*\n/gm;
  it('signals, ids, groups, capabilities, umask', () => {
    const status = (prefix: string) =>
      through(prefix, ['/bin/cat', '/proc/self/status']).replace(ownToEachProcess, '');
    const direct = status('');
    expect(direct).toMatch(/^SigIgn:\t0{16}$/m);
    expect(direct).toMatch(/^Umask:\t0027$/m);
    expect(status(compiled)).toBe(direct);
  });

  it('signals that the caller ignores on purpose stay ignored (nohup)', () => {
    const script = `trap '' HUP QUIT; exec ${compiled} /bin/grep SigIgn /proc/self/status`;
    expect(spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).stdout).toBe(
      'SigIgn:\t0000000000000005\n',
    );
  });

  it.each([0, 1, 2])('descriptor %i with its flags', (fd) => {
    const flags = (prefix: string) =>
      /flags:.*/.exec(through(prefix, ['/bin/cat', `/proc/self/fdinfo/${fd}`]))?.[0];
    expect(flags('')).toBeDefined();
    expect(flags(compiled)).toBe(flags(''));
  });

  it('no other descriptor', () => {
    // 3 is the directory that ls reads.
    expect(through(compiled, ['/bin/ls', '/proc/self/fd'])).toBe('0\n1\n2\n3\n');
  });

  it('the working directory', () => {
    expect(through(compiled, ['/bin/pwd'])).toBe('/usr\n');
  });
});

describe.each([
  ['execve', () => [compiled]],
  ['spawn', () => [process.execPath, bundled]],
])('by %s', (way, command) => {
  function become(...words: readonly string[]) {
    const [program = '', ...args] = [...command(), ...words];
    return spawnSync(program, args, {
      encoding: 'utf8',
      input: 'from stdin',
      env: { LEAK: 'no', HOME: '/root' },
    });
  }

  it('keeps every argument byte for byte', () => {
    const odd = ['', ' ', "'", '"', '\n', '--', '-x', 'ä€😀', '$HOME', '*'];
    expect(become('/usr/bin/printf', '<%s>', ...odd).stdout).toBe(odd.map((word) => `<${word}>`).join(''));
  });

  it('hands over the environment it was given and nothing else', () => {
    expect(become('/usr/bin/env').stdout).toBe('PROBE=yes\n');
  });

  it('hands over stdin', () => {
    expect(become('/bin/cat').stdout).toBe('from stdin');
  });

  it.each([0, 1, 125, 255])('ends with the status %i', (status) => {
    expect(become('/bin/sh', '-c', `exit ${status}`).status).toBe(status);
  });

  it.each(['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)('ends by the signal %s', (signal) => {
    expect(become('/bin/sh', '-c', `kill -${signal.slice(3)} $$`).signal).toBe(signal);
  });

  it('dies of a closed pipe, as `docker logs | head` must', () => {
    const words = [...command(), '/usr/bin/yes'].join(' ');
    const { stdout } = spawnSync('/bin/bash', ['-c', `${words} | head -1; echo \${PIPESTATUS[0]}`], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    expect(stdout).toBe('y\n141\n');
  });

  it('passes on a signal', async () => {
    const [program = '', ...args] = [
      ...command(),
      '/bin/sh',
      '-c',
      'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done',
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(7);
  });

  it(`${way === 'execve' ? 'keeps' : 'can not keep'} the pid`, () => {
    const { stdout, pid } = become('/bin/sh', '-c', 'echo $$');
    expect(stdout === `${pid}\n`).toBe(way === 'execve');
  });

  describe('what can not be run is a failure with a sentence', () => {
    beforeAll(() => {
      mkdirSync(join(scratch, 'directory'), { recursive: true });
      writeFileSync(join(scratch, 'data'), 'x', { mode: 0o644 });
      writeFileSync(join(scratch, 'no-program'), 'x');
      chmodSync(join(scratch, 'no-program'), 0o755);
    });
    const unrunnable: (readonly [string, RegExp])[] = [
      ['missing', /is missing/],
      ['data', /can't be started \(EACCES\)/],
      ['directory', /is not a program/],
      ['data/below', /can't be started \(ENOTDIR\)/],
    ];
    // Without execve the runtime's own spawn hands such a file to the shell, as execvp(3) does.
    if (way === 'execve') unrunnable.push(['no-program', /can't be started \(ENOEXEC\)/]);
    it.each(unrunnable)('%s', (file, message) => {
      const { status, stderr } = become(join(scratch, file));
      expect({ status, stderr }).toEqual({ status: 69, stderr: expect.stringMatching(message) });
      expect(stderr).toContain('"code":"unavailable"');
    });
    it('a relative path', () => {
      expect(become('bin/true').stderr).toContain('not an absolute path');
    });
  });
});
