import { afterEach, describe, expect, test } from 'vitest';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { as, asRoot, mustAs, mustRoot } from './support/users.ts';

afterEach(removeContainers);

const uidOf = async (user: string) => (await mustRoot(`id -u ${user}`)).trim();

describe('the machine of these tests is able to show the harm', () => {
  test('docker alone gives a setuid program of an image its root', async () => {
    const inside = await docker(['run', '--rm', '--user', '1234:1234', 'setuid', 'su', '-c', 'id -u']);
    expect(inside).toBe('0');
  });
  test('docker alone believes what the image says', async () => {
    const inside = await docker(['run', '--rm', 'forged', 'sh', '-c', 'echo $USERDOCKER_USER; pwd']);
    expect(inside).toBe('bob\n/made/by/image');
  });
  test('the engine publishes ports', async () => {
    const reply = 'echo -e "HTTP/1.0 200 OK\\r\\n\\r\\nhello" | nc -l -p 80';
    await docker(['run', '--detach', '--publish', '127.0.0.1:8080:80', 'box', 'sh', '-c', reply]);
    const page = await mustRoot('sleep 0.3; busybox wget -q -O - http://127.0.0.1:8080/');
    expect(page).toBe('hello\n');
  });
  test('a user can reach neither the engine nor anything but userdocker through sudo', async () => {
    expect((await as('alice', '/usr/bin/docker ps')).status).toBe(1);
    expect((await as('alice', 'sudo -n id')).stderr).toContain('password is required');
    expect((await as('mallory', 'sudo -n userdocker ps')).stderr).toContain('password is required');
  });
});

describe('a first container', () => {
  test('alice is alice in it, without a capability and without a way to get one', async () => {
    const line =
      "sudo userdocker run --rm setuid sh -c 'id -u; id -g; grep -E ^Cap /proc/self/status; su -c id'";
    const { status, stdout } = await as('alice', line);
    const ids = (await mustRoot('id -u alice; id -g alice')).trim().split('\n');
    expect(stdout.split('\n').slice(0, 2)).toEqual(ids);
    expect(stdout.match(/^Cap(?:Prm|Eff|Bnd):\t0{16}$/gm)).toHaveLength(3);
    expect(stdout).not.toContain('uid=0');
    expect(status).not.toBe(0);
  });
  test('the exit status is that of the command inside', async () => {
    expect((await as('alice', "sudo userdocker run --rm box sh -c 'exit 7'")).status).toBe(7);
  });
  test('every argument arrives as it was', async () => {
    const words = ['', ' ', '-rm', '--', '*', '$HOME', 'a\nb', '"', "'", '\\', 'é'];
    const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const shown = await mustAs('alice', `sudo userdocker run --rm box printf '[%s]' ${quoted}`);
    expect(shown).toBe(words.map((word) => `[${word}]`).join(''));
  });
  test('standard input reaches it', async () => {
    const shown = await mustAs('alice', 'sudo userdocker run --rm -i box cat', { stdin: 'one\ntwo' });
    expect(shown).toBe('one\ntwo');
  });
  test('-t is a terminal', async () => {
    const terminal = openTerminal('alice', 'sudo userdocker run --rm -it box sh');
    await terminal.expect(/[$#] /);
    terminal.type('tty; exit 3\n');
    await terminal.expect(/\/dev\/pts\/\d/);
    expect(await terminal.ended).toBe(3);
  });
  test('it works without sudo in front', async () => {
    const inside = await mustAs('alice', 'userdocker run --rm box id -u');
    expect(inside).toBe(`${await uidOf('alice')}\n`);
  });
  test('it is named after its user, and its labels are not the image’s', async () => {
    await mustAs('alice', 'sudo userdocker run -d forged sleep 60');
    const [name = ''] = (await docker(['ps', '--format', '{{.Names}}'])).split('\n');
    expect(name).toMatch(/^alice_/);
    expect(await inspect(name, '(index .Config.Labels "userdocker.user")')).toBe('"alice"');
  });
});

describe('a first refusal', () => {
  const refused = [
    'run --privileged box id',
    'run -v /etc:/etc box id',
    'run --pid=host box id',
    'run -u 0 box id',
  ];
  test.each(refused)('%s', async (words) => {
    const { status, stdout, stderr } = await as('alice', `sudo userdocker ${words}`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr).toMatch(/^userdocker: /);
  });
  test('root may see, and nobody became root', async () => {
    expect((await asRoot('userdocker ps')).status).toBe(0);
    expect(await docker(['ps', '--all', '--quiet'])).toBe('');
  });
});
