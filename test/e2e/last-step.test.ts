import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustAs, mustRoot } from './support/users.ts';

/**
 * Stands where docker would, and writes down how it was started. Its status it reads by itself: while a shell starts
 * another program, it blocks all signals.
 */
const witness = '/usr/local/lib/userdocker/witness';
const report = '/run/witness';

beforeAll(async () => {
  await mustRoot(`mkdir -m 700 ${report}`);
  const script = `#!/bin/sh
cd ${report}
cat /proc/$$/cmdline >cmdline
cat /proc/$$/environ >environ
while read -r line; do echo "$line"; done </proc/self/status >status
ls -l /proc/$$/fd | sed 's/.* \\([0-9]* -> \\)/\\1/' >fds
umask >umask
for fd in 0 1 2; do cat /proc/$$/fdinfo/$fd; done >fdinfo
ulimit -c >core
`;
  writeFileSync(witness, script, { mode: 0o755 });
  writeConfig({ executors: { docker: witness } });
});
afterAll(async () => {
  resetConfig();
  rmSync(witness);
  await mustRoot(`rm -r ${report}`);
});

const imageId = (name: string) => docker(['inspect', '--format', '{{.Id}}', name]);
const saw = (file: string) => readFileSync(`${report}/${file}`, 'utf8');
/** Without the interpreter and its script. */
const sawArguments = () => saw('cmdline').split('\0').slice(2, -1);
const sawEnvironment = () => saw('environ').split('\0').slice(0, -1).sort();

describe('what docker is started with', () => {
  test('an environment made from nothing', async () => {
    const hostile = {
      PATH: '/home/alice/bin:/usr/bin:/bin',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      LC_ALL: '../../home/alice/locale',
      HOME: '/home/alice/elsewhere',
      DOCKER_HOST: 'tcp://evil:2375',
      DOCKER_CONTEXT: 'evil',
      DOCKER_CONFIG: '/home/alice/.docker',
      DOCKER_CONTENT_TRUST: '1',
      LD_PRELOAD: '/home/alice/evil.so',
      BUN_OPTIONS: '--preload=/home/alice/evil.js',
      BUN_BE_BUN: '1',
      NODE_OPTIONS: '--require=/home/alice/evil.js',
      HTTPS_PROXY: 'http://evil',
      GODEBUG: 'x=1',
    };
    for (const call of ['sudo userdocker ps', 'sudo -E userdocker ps', 'userdocker ps']) {
      await as('alice', call, { env: hostile });
    }
    expect(sawEnvironment()).toEqual([
      'DOCKER_CONFIG=/etc/userdocker/docker',
      'DOCKER_HOST=unix:///var/run/docker.sock',
      'LANG=C.UTF-8',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'TERM=xterm-256color',
    ]);
  });
  test('not even a variable given to sudo', async () => {
    const { status, stderr } = await as('alice', 'sudo LD_PRELOAD=/home/alice/evil.so userdocker ps');
    expect(status).toBe(1);
    expect(stderr).toContain('not allowed to set');
  });
  test('three descriptors, as they were', async () => {
    await mustAs(
      'alice',
      'exec 7</etc/passwd 9>kept; sudo userdocker run -v $HOME:$HOME:ro box echo; rm kept',
    );
    const descriptors = saw('fds').match(/^\d+(?= ->)/gm);
    // 10 is the shell's own: its script.
    expect(descriptors?.filter((fd) => fd !== '10')).toEqual(['0', '1', '2']);
    // O_NONBLOCK (04000) on a pipe would hold for everybody who has it.
    const flags = saw('fdinfo').match(/^flags:\t.*$/gm) ?? [];
    expect(flags).toHaveLength(3);
    for (const line of flags) expect(Number.parseInt(line.split('\t')[1] ?? '', 8) & 0o4000).toBe(0);
  });
  test('signals as they come, a closed umask, no core files', async () => {
    await mustAs(
      'alice',
      "trap '' PIPE CHLD USR1 WINCH; ulimit -S -c unlimited; umask 0; sudo userdocker ps",
    );
    expect(saw('status')).toMatch(/^SigBlk:\t0{16}$/m);
    expect(saw('status')).toMatch(/^SigIgn:\t0{16}$/m);
    expect(saw('umask')).toBe('0077\n');
    expect(saw('core')).toBe('0\n');
  });
  test('what the caller ignores on purpose stays ignored, as with nohup', async () => {
    await mustAs('alice', "trap '' HUP; sudo userdocker ps");
    expect(saw('status')).toMatch(/^SigIgn:\t0{15}1$/m);
  });
  test('a command line in one form, ours last', async () => {
    const words =
      "run -itde COLOUR=blue -w/tmp --memory 1g --init=1 --rm -u $(id -u):$(id -g) --cap-drop=ALL box sh -c 'echo \"$1\"' '' -rm";
    await mustUserdocker('alice', words);
    const given = sawArguments();
    const end = given.indexOf('--');
    expect(given.slice(end)).toEqual(['--', await imageId('box'), 'sh', '-c', 'echo "$1"', '', '-rm']);
    const options = given.slice(1, end);
    expect(options.filter((word) => !/^--[a-z-]+(=.*)?$/.test(word))).toEqual([]);
    const ours = options.findIndex((word) => word.startsWith('--user='));
    for (const word of ['--env=COLOUR=blue', '--workdir=/tmp', '--memory=1g', '--init'])
      expect(options.indexOf(word)).toBeLessThan(ours);
    for (const word of ['--cap-drop=ALL', '--security-opt=no-new-privileges', '--rm', '--pull=never'])
      expect(options.filter((option) => option === word)).toHaveLength(1);
  });
});

describe('-n prints it', () => {
  const hard = `'' ' ' "it's" '"' '$HOME' '\\' '*' 'a
b' é '!' '#' '~' '-'`;

  test('a shell makes the same of it', async () => {
    const line = await mustUserdocker('alice', `-n run -it -e "A=b c" -l 'x=$(id)' box echo ${hard}`);
    await mustUserdocker('alice', `run -it -e "A=b c" -l 'x=$(id)' box echo ${hard}`);
    const made = sawArguments();
    await mustRoot(`env -i ${line.slice(0, line.indexOf(witness))} ${line.slice(line.indexOf(witness))}`);
    const nonce = /^--label=userdocker.nonce=(.*)$/;
    const [id = ''] = made.flatMap((word) => nonce.exec(word)?.[1] ?? []);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(sawArguments()).toEqual(made.map((word) => word.replaceAll(id, 'NONCE')));
  });
  test('and does nothing else', async () => {
    await mustRoot(`rm ${report}/*; rm -rf /run/userdocker/users; sync`);
    const state = () => mustRoot('find /run/userdocker /var/lib/userdocker /home/alice | sort');
    const before = await state();
    writeConfig({
      executors: { docker: witness },
      volume_mounts: { default: [{ mount: '${home}/made:/made', create: true }] },
    });
    expect(await mustUserdocker('alice', '-n run box')).toContain('target=/made');
    expect(await mustUserdocker('alice', '-n ps')).toMatch(/ ps .*--filter=id=/);
    expect(await state()).toBe(before);
    expect(await mustRoot(`ls ${report}`)).toBe('');
    expect(await docker(['ps', '-aq'])).toBe('');
  });
  test('refuses what would be refused', async () => {
    const { status, stdout, stderr } = await userdocker('alice', '-n run --privileged -v /etc:/x box');
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toContain('--privileged');
    expect(stderr).toContain('/etc');
  });
});
