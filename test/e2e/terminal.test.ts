import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lastAuditRecord } from './support/audit.ts';
import { docker, inspect, removeContainers, tryDocker } from './support/engine.ts';
import { dockerRun, processes } from './support/processes.ts';
import { openTerminal, type Terminal } from './support/terminal.ts';
import { mustUserdocker } from './support/userdocker.ts';
import { as, mustRoot } from './support/users.ts';

const sudoers = '/etc/sudoers.d/plain-docker';

/** What is expected of userdocker is what docker does, so each scene is played twice: alice calls the one, then the other. */
beforeAll(() => writeFileSync(sudoers, 'alice ALL = (root) NOPASSWD: /usr/bin/docker\n', { mode: 0o440 }));
afterAll(() => rmSync(sudoers));
afterEach(removeContainers);

/** @returns what both did */
async function alike<T>(scene: (run: string) => Promise<T>): Promise<T> {
  const plain = await scene('sudo /usr/bin/docker run --rm');
  await removeContainers();
  const ours = await scene('sudo userdocker run');
  expect(ours).toEqual(plain);
  return ours;
}

async function onTerminal<T>(line: string, scene: (terminal: Terminal) => Promise<T>): Promise<T> {
  const terminal = openTerminal('alice', line);
  try {
    return await scene(terminal);
  } finally {
    terminal.close();
  }
}

const programs = () => processes().map(({ program }) => program);
const isThere = async (name: string) => (await tryDocker(['inspect', name])).status === 0;

describe('exit status and output', () => {
  test.each([
    ["box sh -c 'echo out; echo err >&2; exit 7'", 7],
    ['box nosuchprogram', 127],
    ['box /tmp', 126],
    ['-i box cat', 0],
  ])('run %s', async (words, status) => {
    const outcome = await alike(async (run) => {
      const { stderr, ...rest } = await as('alice', `${run} ${words}`, { stdin: 'one\ntwo\nthree' });
      // docker logs its own race with the engine, or does not.
      return { ...rest, stderr: stderr.replace(/^time=.*\n/gm, '') };
    });
    expect(outcome.status).toBe(status);
  });
  test('standard input that ends later than the program', async () => {
    const { status, stdout } = await alike((run) =>
      as('alice', `(sleep 1; echo late) | ${run} -i box echo early`, { timeoutMs: 10_000 }),
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'early\n' });
  });
  test('a megabyte, byte for byte, in and out', async () => {
    const line =
      'head -c 1000000 /dev/zero | tr "\\0" "\\377" >bytes; RUN -i box cat <bytes | cmp - bytes; rm bytes';
    expect((await alike((run) => as('alice', line.replace('RUN', run)))).stdout).toBe('');
  });
  test('a reader that has enough', async () => {
    const { stdout } = await alike((run) => as('alice', `${run} box yes | head -n 1`));
    expect(stdout).toBe('y\n');
  });
  test('-t without a terminal', async () => {
    expect((await alike((run) => as('alice', `${run} -it box true`))).status).toBe(1);
  });
});

describe('signals', () => {
  const trapping = `box sh -c 'trap "exit 41" TERM; trap "exit 42" INT; trap "exit 43" HUP; echo ready; while :; do sleep 0.1; done'`;

  test.each([
    ['SIGTERM', 41],
    ['SIGHUP', 43],
  ] as const)('%s to the client reaches the container', async (signal, status) => {
    const outcome = await alike(async (run) => {
      const ended = as('alice', `${run} --name target ${trapping}`);
      await ready('target');
      process.kill(dockerRun(), signal);
      return ended;
    });
    expect(outcome.status).toBe(status);
  });
  test('to sudo as well', async () => {
    const outcome = await alike(async (run) => {
      const ended = as('alice', `${run} --name target ${trapping}`);
      await ready('target');
      for (const { pid, program } of processes())
        if (program === '/usr/bin/sudo') process.kill(pid, 'SIGTERM');
      return ended;
    });
    expect(outcome.status).toBe(41);
  });
  test('SIGKILL leaves the container running', async () => {
    const outcome = await alike(async (run) => {
      const ended = as('alice', `${run} --name target ${trapping}`);
      await ready('target');
      process.kill(dockerRun(), 'SIGKILL');
      const { status, stdout } = await ended;
      return { status, stdout, running: await inspect('target', '.State.Running') };
    });
    expect(outcome.running).toBe('true');
  });
  test('Ctrl-C without -t reaches the container', async () => {
    const status = await alike((run) =>
      onTerminal(`${run} ${trapping}`, async (terminal) => {
        await terminal.expect(/ready/);
        terminal.type('\x03');
        return terminal.ended;
      }),
    );
    expect(status).toBe(42);
  });
  test('Ctrl-C with -it is a byte for the terminal inside', async () => {
    const status = await alike((run) =>
      onTerminal(`${run} -it ${trapping}`, async (terminal) => {
        await terminal.expect(/ready/);
        terminal.type('\x03');
        return terminal.ended;
      }),
    );
    expect(status).toBe(42);
  });
  test('a terminal that goes away', async () => {
    await alike(async (run) => {
      const terminal = openTerminal('alice', `${run} -it --name target ${trapping}`);
      await terminal.expect(/ready/);
      terminal.close();
      await terminal.ended;
      await sleep(500);
      return isThere('target');
    });
  });

  async function ready(name: string): Promise<void> {
    await expect
      .poll(async () => (await tryDocker(['logs', name])).stdout, { timeout: 10_000 })
      .toContain('ready');
  }
});

describe('the terminal', () => {
  test('has the size of ours, also after a change', async () => {
    const sizes = await alike((run) =>
      onTerminal(`echo device $(tty); ${run} -it box sh`, async (terminal) => {
        const [, device] = await terminal.expect(/device (\/dev\/pts\/\d+)/);
        await terminal.expect(/[$#] /);
        // docker itself sets the size a moment after the start.
        terminal.type('until stty size; do sleep 0.1; done\n');
        const [, before] = await terminal.expect(/\n(\d+ \d+)\r/);
        await mustRoot(`stty -F ${device} rows 40 cols 132`);
        terminal.type('until [ "$(stty size)" = "40 132" ]; do sleep 0.1; done; stty size\n');
        const [, after] = await terminal.expect(/\n(\d+ \d+)\r/);
        terminal.type('exit\n');
        return { before, after, status: await terminal.ended };
      }),
    );
    expect(sizes).toEqual({ before: '24 80', after: '40 132', status: 0 });
  });
  test.each([
    ['', '\x10\x11'],
    ['--detach-keys=ctrl-x,q', '\x18q'],
  ])('detach keys: %s', async (words, keys) => {
    const outcome = await alike((run) =>
      onTerminal(`${run} -it --name target ${words} box sh`, async (terminal) => {
        await terminal.expect(/[$#] /);
        terminal.type(keys);
        const status = await terminal.ended;
        return { status, running: await inspect('target', '.State.Running') };
      }),
    );
    expect(outcome.running).toBe('true');
  });
  test('attach and exec end as docker’s end', async () => {
    await docker(['run', '--detach', '--interactive', '--tty', '--name', 'plain', 'box', 'sh']);
    await mustUserdocker('alice', 'run -dit --name ours box sh');
    const ends = async (line: string) =>
      onTerminal(line, async (terminal) => {
        terminal.type('\n');
        await terminal.expect(/[$#] /);
        terminal.type('\x10\x11');
        return terminal.ended;
      });
    expect(await ends('sudo userdocker attach ours')).toBe(await ends('sudo /usr/bin/docker attach plain'));
    expect(await ends('sudo userdocker exec -it ours sh')).toBe(
      await ends('sudo /usr/bin/docker exec -it plain sh'),
    );
  });
  test('is as it was afterwards', async () => {
    const modes = await alike((run) =>
      onTerminal(`stty -g; ${run} -it box true; stty -g`, async (terminal) => {
        await terminal.ended;
        return terminal.output().match(/^[0-9a-f]+(?::[0-9a-f]+){10,}/gm) ?? [];
      }),
    );
    expect(modes).toHaveLength(2);
    expect(modes[1]).toBe(modes[0]);
  });
});

describe('while it runs', () => {
  test('there is docker and no userdocker: sudo’s child became it', async () => {
    await onTerminal('sudo userdocker run -it --name target box sh', async (terminal) => {
      await terminal.expect(/[$#] /);
      const pid = dockerRun();
      expect(pid).toBe(lastAuditRecord()['pid']);
      expect(readlinkSync(`/proc/${pid}/exe`)).toBe('/usr/bin/docker');
      const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      expect(readFileSync(`/proc/${parent}/comm`, 'utf8')).toBe('sudo\n');
      expect(programs().filter((program) => program.includes('userdocker'))).toEqual([]);
      terminal.type('exit\n');
      await terminal.ended;
    });
  });
  test('-d leaves nothing at all', async () => {
    await mustUserdocker('alice', 'run -d box sleep 300');
    const ours = programs().filter((program) => /userdocker|\/(?:docker|sudo)$/.test(program));
    expect(ours).toEqual([]);
  });
});
