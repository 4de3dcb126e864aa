import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from './support/command.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers, startEngine, stopEngine, tryDocker } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, asRoot, mustAs } from './support/users.ts';

afterEach(resetConfig);
afterAll(removeContainers);

/** A refusal as it must be: status, nothing on stdout, a message, no word of how the program is made. */
function expectRefusal(outcome: Outcome, status: number, told: RegExp | string): void {
  expect({ status: outcome.status, stdout: outcome.stdout }, outcome.stderr).toEqual({ status, stdout: '' });
  expect(outcome.stderr).toMatch(/^userdocker: /m);
  expect(outcome.stderr).toMatch(told);
  expect(outcome.stderr).not.toMatch(/^\s+at |\.ts\b|\bTypeError|^\w*Error:|undefined|\[object|bun/m);
}

describe('docker', () => {
  test.each([
    ['is missing', '/usr/bin/nosuch', /\/usr\/bin\/nosuch is missing/],
    ['is no program', '/etc/passwd', /\/etc\/passwd can't be started/],
    ['is a directory', '/usr/bin', /\/usr\/bin/],
    ['is no program of this machine', '/usr/local/lib/userdocker/strange', /strange/],
  ])('%s: 69', async (_what, path, told) => {
    writeFileSync('/usr/local/lib/userdocker/strange', '\x7fELF nonsense', { mode: 0o755 });
    writeConfig({ executors: { docker: path } });
    for (const words of ['version', 'run box true'])
      expectRefusal(await userdocker('alice', words), 69, told);
    rmSync('/usr/local/lib/userdocker/strange');
  });
});

describe('the engine', () => {
  const calls = ['run box true', 'exec x true', 'images', 'stop x', 'dockviz', 'stats --no-stream x'];
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    rmSync('/run/strange.sock', { force: true });
  });
  async function engineThat(answers: (socket: Socket) => void): Promise<void> {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      answers(socket);
    });
    await new Promise<void>((resolve) => server?.listen('/run/strange.sock', resolve));
    writeConfig({ docker_host: 'unix:///run/strange.sock' });
  }

  test('is not there: 69', async () => {
    writeConfig({ docker_host: 'unix:///run/nowhere.sock' });
    for (const words of calls)
      expectRefusal(
        await userdocker('alice', words),
        69,
        /does not answer at \/run\/nowhere.sock: .*\n +Hint: is it running/,
      );
  });
  test('was there: 69', async () => {
    // A process that was killed leaves its socket behind.
    await asRoot(`busybox timeout 1 sh -c 'nc -lU /run/strange.sock' || true`);
    await engineThat((socket) => socket.end()).catch(() => undefined);
    writeConfig({ docker_host: 'unix:///run/strange.sock' });
    server?.close();
    expectRefusal(await userdocker('alice', 'images'), 69, /does not answer/);
  });
  test.each([
    ['hangs up', ''],
    ['talks nonsense', 'nonsense\r\n'],
    ['has an internal error', 'HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}'],
    ['gives no JSON', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n{"Id":'],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{"Id":'],
    ['redirects', 'HTTP/1.1 302 Found\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: 69', async (_what, answer) => {
    await engineThat((socket) => socket.once('data', () => socket.end(answer)));
    for (const words of ['run box true', 'exec x true'])
      expectRefusal(await userdocker('alice', words), 69, /engine/);
  });
  test('gives JSON of another shape: nothing is found, nothing runs', async () => {
    const answer = (body: string) =>
      `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (const body of ['null', '[]', '{}', '"text"', '{"Id":5,"Config":[],"Names":"x"}']) {
      await engineThat((socket) => socket.once('data', () => socket.end(answer(body))));
      for (const words of ['run box true', 'exec x true', 'images', 'dockviz']) {
        const { status, stderr } = await userdocker('alice', words);
        expect(status, `${words} ${body}`).not.toBe(70);
        expect(stderr).not.toMatch(/TypeError|undefined|internal error/);
      }
      server?.close();
      rmSync('/run/strange.sock', { force: true });
    }
  });
  test('stops and starts again: 69 meanwhile, containers keep their owner', async () => {
    writeConfig({ args: { run: { 'always-': ['--rm'] } } });
    await mustUserdocker('alice', 'run -d --name stays box sleep 300');
    await docker(['stop', '--time', '0', 'stays']);
    await stopEngine();
    try {
      const { status, stderr } = await userdocker('alice', 'run box true');
      expect(status).toBe(69);
      expect(stderr).toMatch(/the docker engine does not answer/);
      expect((await userdocker('alice', 'ps')).stderr).toMatch(/^Cannot connect to the Docker daemon/);
    } finally {
      await startEngine();
    }
    await mustUserdocker('alice', 'start stays');
    expect((await userdocker('bob', 'rm -f stays')).status).toBe(77);
    await mustUserdocker('alice', 'rm -f stays');
  });
});

describe('words', () => {
  test.each([
    ['rum', /did you mean run\?|did you mean rm\?/],
    ['lgos', /did you mean logs\?/],
    ['nonsense', /you may use: attach/],
    ['--nonsense ps', /--nonsense/],
    ['--executor=nosuch ps', /there are: docker, nvidia-docker/],
    ['--executor', /--executor needs a value/],
    ['-q --debug ps', /--debug/],
    ['run', /needs IMAGE/],
    ['run --nonsense box', /no option --nonsense/],
    ['run --volum=/x:/y box', /--volume/],
    ['run -w', /-w/],
    ['run --rm=perhaps box', /--rm/],
    ['run --name=one --name=two box', /--name/],
    ['exec', /needs CONTAINER/],
    ['exec x', /needs COMMAND/],
    ['stop', /needs CONTAINER/],
    ['ps x', /takes no/],
    ['top x -o pid', /takes no "-o"/],
    ["''", /there is no command/],
  ])('nobody knows: %s', async (words, told) => {
    expectRefusal(await userdocker('alice', words), 64, told);
  });
  test.each([
    ['build .', /podman or buildah/],
    ['commit x y', /does not offer commit/],
    ['compose up', /one userdocker run for each service/],
    ['container ls', /is called ps here/],
    ['container prune', /does not offer container/],
    ['cp x:/etc/shadow .', /does not give you the command cp/],
    ['create box', /userdocker run/],
    ['image rm box', /is called rmi here/],
    ['login', /password/],
    ['network create x', /network/],
    ['save box', /save/],
    ['system prune', /system/],
    ['tag box debian', /tag/],
    ['update --memory 1t x', /userdocker run --memory/],
    ['volume create x', /volume/],
    ['inspect x', /does not give you the command inspect/],
    ['run --network=host box', /--network/],
    ['run --device=/dev/sda box', /--device/],
    ['run --cidfile=/etc/x box', /root/],
    ['run -e HOME box', /-e HOME has no value/],
    ['run --restart=always box', /--restart/],
    ['run --pid=container:x box', /--pid/],
    ['run -v volume:/x box', /volume/],
    ['run --mount type=volume,target=/x box', /volume/],
    ['run --security-opt seccomp=unconfined box', /seccomp/],
    ['run --cap-add=SYS_ADMIN box', /SYS_ADMIN/],
    ['run --group-add=0 box', /--group-add/],
    ['run --pids-limit=-1 box', /4096/],
    ['run --ulimit core=-1 box', /core/],
    ['run --memory=99999g box', /16t/],
    ['run --sysctl kernel.x=1 box', /--sysctl/],
    ['run --user=0:0 box', /leave it out/],
    ['run --oom-score-adj=-1000 box', /--oom-score-adj/],
  ])('docker knows, the policy does not offer: %s', async (words, told) => {
    expectRefusal(await userdocker('alice', words), 77, told);
  });
  test('every reason at once', async () => {
    const { stderr } = await userdocker('alice', 'run --privileged -v /etc:/etc -u 0 --name=bob_1 sha256:00');
    for (const word of ['--privileged', '/etc', '--user 0', 'bob_1', 'sha256:00'])
      expect(stderr).toContain(word);
  });
});

describe('bytes', () => {
  test('control characters are shown, not obeyed', async () => {
    const nasty = "$(printf 'a\\033]0;x\\007\\033[31m\\302\\233\\r\\342\\200\\256b')";
    for (const words of [
      `"${nasty}"`,
      `logs "${nasty}"`,
      `run "${nasty}"`,
      `run -v "${nasty}:/x" box`,
      `run --name "${nasty}" box`,
    ]) {
      const { status, stderr } = await userdocker('alice', words);
      expect([64, 77]).toContain(status);
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stderr).toContain('\\x1b');
    }
  });
  test('no colour off a terminal, none with NO_COLOR, some on one', async () => {
    const coloured = async (line: string) => {
      const terminal = openTerminal('alice', line);
      await terminal.ended;
      return terminal.output().includes('\x1b[');
    };
    expect(await coloured('sudo userdocker nonsense')).toBe(true);
    expect(await coloured('NO_COLOR=1 sudo userdocker nonsense')).toBe(false);
    expect((await userdocker('alice', 'nonsense')).stderr).not.toContain('\x1b');
  });
  test.each(['run box echo', 'run -e A=', 'logs ', ''])('what is no UTF-8 is refused: %s', async (words) => {
    expectRefusal(await userdocker('alice', `${words}"$(printf 'a\\377b')"`), 64, /not valid UTF-8/);
  });
  test('UTF-8 and every other byte arrive', async () => {
    const inside = await mustUserdocker(
      'alice',
      'run -e \'A=ä€𝄞\' box sh -c \'echo "$A"; printf %s "$1"\' sh "$(printf \'\\001\\037é\\033\')"',
    );
    expect(inside).toBe('ä€𝄞\n\x01\x1fé\x1b');
  });
});

describe('sizes', () => {
  test('ten thousand arguments', async () => {
    expect(await mustUserdocker('alice', "run box sh -c 'echo $#' sh $(seq 10000)")).toBe('10000');
  });
  test('a megabyte of arguments', async () => {
    const line =
      "w=$(head -c 100000 /dev/zero | tr '\\0' x); sudo userdocker run box sh -c 'echo $# ${#10}' sh $w $w $w $w $w $w $w $w $w $w";
    expect(await mustAs('alice', line)).toBe('10 100000\n');
  });
  test('more than docker can be given: 69, and no name is used up', async () => {
    writeConfig({ env: { LARGE: 'x'.repeat(100_000) } });
    const line =
      "w=$(head -c 104000 /dev/zero | tr '\\0' x); sudo userdocker run box true $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w $w";
    expectRefusal(await as('alice', line), 69, /longer than the system allows/);
    resetConfig();
    expect(await mustUserdocker('alice', '-n run box')).toContain(' --name=alice_1 ');
  });
});

describe('surroundings', () => {
  test.each([
    ['<&-', /^DOCKER_HOST/],
    ['2>&-', /^DOCKER_HOST/],
    ['>&-', /^$/],
  ])('without descriptors, through sudo: %s', async (closed, shown) => {
    // sudo opens what is closed, and for reading only: what is written there fails, docker's output as well.
    const { stdout, stderr } = await as('alice', `sudo userdocker -n run box ${closed}`);
    expect(stdout).toMatch(shown);
    expect(stderr).not.toMatch(/Error|undefined/);
  });
  test.each([
    'ulimit -S -n 12',
    'ulimit -S -f 0',
    'ulimit -S -v 100000',
    'ulimit -S -s 1000',
    'ulimit -S -d 1000',
    'ulimit -S -c unlimited',
    'umask 777',
  ])('%s', async (limit) => {
    const line = `${limit}; exec sudo userdocker run -i box sh -c 'ulimit -n; cat'`;
    expect(await mustAs('alice', line, { stdin: 'in' })).toMatch(/^\d{4,}\nin$/);
  });
  test('five descriptors: sudo can do nothing with them', async () => {
    const { status, stdout } = await as('alice', 'ulimit -S -n 5; exec sudo userdocker run box id');
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
  });
  test('a directory that is gone', async () => {
    const { status, stdout } = await as(
      'alice',
      'mkdir gone && cd gone && rmdir ../gone && sudo userdocker run box pwd',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: '/\n' });
  });
  test('a directory that the caller can’t read any more', async () => {
    const { stdout } = await as(
      'alice',
      'mkdir shut && cd shut && chmod 0 . && sudo userdocker run box pwd; rmdir ~/shut',
    );
    expect(stdout).toBe('/\n');
  });
  test('no terminal, no session of a terminal', async () => {
    expect(await mustAs('alice', 'setsid --wait sudo userdocker run box echo here </dev/null')).toBe(
      'here\n',
    );
  });
  test('a reader that is gone', async () => {
    expect(
      (await as('alice', 'sudo userdocker run --help | true; sudo userdocker --help | head -1')).stdout,
    ).toMatch(/^Usage/);
  });
  test('a full disk behind stdout', async () => {
    const { status } = await as('alice', 'sudo userdocker --help >/dev/full');
    expect(status).toBe(74);
  });
  test('nothing of all this is left', async () => {
    expect((await tryDocker(['ps', '-aq'])).stdout).toBe('');
  });
});
