/** Whatever happens to a call, the machine is usable afterwards, and the caller gets what was asked for or a sentence. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from '../e2e/support/config.ts';
import { docker, removeContainers } from '../e2e/support/engine.ts';
import { startCall } from '../e2e/support/racers.ts';
import { mustUserdocker, userdocker } from '../e2e/support/userdocker.ts';
import { asRoot } from '../e2e/support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

describe('a call that is killed', () => {
  const moments = Array.from({ length: 20 }, (_, index) => index * 60);

  test('at twenty moments leaves nothing that counts, and an engine that answers', {
    timeout: 180_000,
  }, async () => {
    writeConfig({ limits: { containers: 1, memory: '1g' } });
    for (const [index, moment] of moments.entries()) {
      const call = startCall('alice', '--executor=docker run --network=none -m 1g box sleep 300');
      await sleep(moment);
      call.signal('SIGKILL', index % 2 === 0 ? 'all' : 'last');
      // One whose docker was killed, or was not there yet, may go on.
      await Promise.race([call.ended, sleep(300)]);
      call.signal('SIGKILL', 'all');
      await call.ended;
      await removeContainers();
      // Others notice nothing.
      if (index % 5 === 0) expect(await mustUserdocker('bob', 'run -m 1g box echo works')).toBe('works');
    }
    await removeContainers();
    const again = async () => {
      await removeContainers();
      return (await userdocker('alice', 'run -m 1g --name mine box true')).status;
    };
    await expect.poll(again, { timeout: 60_000, interval: 1000 }).toBe(0);
    const left = readdirSync('/run/userdocker', { recursive: true }).map(String);
    expect(left.filter((path) => path.endsWith('.draft'))).toEqual([]);
    expect(await docker(['ps', '-aq'])).toBe('');
  });
});

describe('without descriptors', () => {
  afterAll(resetConfig);
  const combinations = ['', '<&-', '>&-', '2>&-', '<&- >&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-'];

  test.each(combinations)('"%s" a container runs, and what is open is written to', async (closed) => {
    const as = 'export SUDO_UID=$(id -u alice) SUDO_GID=$(id -g alice)';
    const inside = "sh -c 'echo out; echo err >&2; cat'";
    const { status, stdout, stderr } = await asRoot(
      `${as}; /usr/local/bin/userdocker run -i box ${inside} ${closed}`,
    );
    const isOpen = (descriptor: string) => !closed.split(' ').includes(descriptor);
    expect({ status, stdout, stderr: stderr.includes('err\n') }).toEqual({
      status: 0,
      stdout: isOpen('>&-') ? 'out\n' : '',
      stderr: isOpen('2>&-'),
    });
  });
  test.each(combinations)('"%s" a refusal keeps its status', async (closed) => {
    const as = 'export SUDO_UID=$(id -u alice) SUDO_GID=$(id -g alice)';
    const { status, stdout } = await asRoot(
      `${as}; /usr/local/bin/userdocker run --privileged box ${closed}`,
    );
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
  });
});
