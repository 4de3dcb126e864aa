import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Outcome } from '../../e2e/support/command.ts';
import { writeConfig } from '../../e2e/support/config.ts';
import { docker, tryDocker } from '../../e2e/support/engine.ts';
import { startCall } from '../../e2e/support/racers.ts';
import { userdocker } from '../../e2e/support/userdocker.ts';
import { asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';

const sleeper = 'box sleep 300';
const kept = { args: { run: { 'always-': ['--rm'] } } };
const running = async () => (await docker(['ps', '-q'])).split('\n').filter((id) => id !== '').length;

/** At one moment. */
async function atOnce(count: number, call: (number: number) => Promise<Outcome>): Promise<Outcome> {
  const outcomes = await Promise.all(Array.from({ length: count }, (_, index) => call(index + 1)));
  return outcomes.find(({ status }) => status !== 0) ?? outcomes[0] ?? Promise.reject(new Error('no call'));
}

const olds = ['v1', 'v2', 'v3', 'v4'];
const runMany: { readonly [way: string]: () => Promise<Outcome> } = {
  'at the same moment': () => atOnce(5, () => userdocker('alice', `run -d ${sleeper}`)),
  'by clients that are killed': async () => {
    const calls = Array.from({ length: 5 }, () => startCall('alice', `--executor=docker run ${sleeper}`));
    await sleep(1200);
    for (const call of calls) call.signal('SIGKILL', 'all');
    await Promise.all(calls.map(({ ended }) => ended));
    await sleep(500);
    return userdocker('alice', `run -d ${sleeper}`);
  },
  'by starting old ones': async () => {
    for (const name of olds) await userdocker('alice', `run --name ${name} box true`);
    await userdocker('alice', `start ${olds.join(' ')}`);
    return atOnce(4, (number) => userdocker('alice', `start ${olds[number - 1]}`));
  },
  'by restarting old ones': async () => {
    for (const name of olds) await userdocker('alice', `run --name ${name} box true`);
    return atOnce(4, (number) => userdocker('alice', `restart -t 0 ${olds[number - 1]}`));
  },
  'paused in between': async () => {
    for (const name of olds.slice(0, 2)) await userdocker('alice', `run -d --name ${name} ${sleeper}`);
    await docker(['pause', ...olds.slice(0, 2)]);
    return userdocker('alice', `run -d ${sleeper}`);
  },
};

/** A sum over the containers that run, as the engine has them. */
async function sumOf(field: string): Promise<readonly number[]> {
  const ids = (await docker(['ps', '-q'])).split('\n').filter((id) => id !== '');
  if (ids.length === 0) return [];
  const text = await docker(['inspect', '--format', `{{.HostConfig.${field}}}`, ...ids]);
  return text.split('\n').map(Number);
}
/** 0 is no bound at all. */
const isBeyond = (field: string, limit: number) => async () => {
  const shares = await sumOf(field);
  return shares.some((share) => share <= 0) || shares.reduce((sum, share) => sum + share, 0) > limit;
};

function sum(
  attack: Pick<Attack, 'id' | 'wants' | 'spellings' | 'reached'> & { limits: object; one: string },
): Attack {
  const { limits, one, ...rest } = attack;
  return {
    ...rest,
    who: 'alice',
    prepare: async () => writeConfig({ limits }),
    control: () => atOnce(3, () => asRoot(`docker run -d ${one} ${sleeper}`)),
    attack: (words) =>
      atOnce(3, () => userdocker('alice', `run -d ${words} ${sleeper}`, { timeoutMs: 60_000 })),
  };
}

const alices = async () =>
  Number(await mustRoot("find /proc -maxdepth 1 -user alice -name '[0-9]*' 2>/dev/null | wc -l"));
const bobWorks = async () => (await userdocker('bob', 'ps -a')).status === 0;
const settled = async () => {
  // A bomb needs a moment; less than this is no harm.
  await sleep(2500);
};
const bomb = 'bomb() { bomb | bomb & }; (bomb) & sleep 300';
/** Ends by itself, since nothing would stop it in a control run. */
const crowd = (count: number) => `for n in $(seq ${count}); do sleep 300 & done; sleep 300`;

const hog = 'head -c 150m /dev/zero | tail -c 150m | wc -c';
const logSize = async (name: string) =>
  Number(
    await mustRoot(
      `du -sb /var/lib/docker/containers/$(docker inspect --format '{{.Id}}' ${name}) | cut -f1`,
    ),
  );
const chatter = 'head -c 27m /dev/urandom | base64 -w 8000';

const runc = '/usr/sbin/runc';
/** Makes every start last as long as the file is there. */
const slowly = async () => {
  renameSync(runc, `${runc}.real`);
  const wait = 'case " $* " in *" create "*) while [ -e /run/slow ]; do sleep 0.2; done ;; esac';
  writeFileSync(runc, `#!/bin/sh\n${wait}\nexec ${runc}.real "$@"\n`, { mode: 0o755 });
  chmodSync(runc, 0o755);
};

export const limits: Area = {
  title: 'limits, and what one user takes from the others',
  attacks: [
    {
      id: 'more-containers-than-allowed',
      who: 'alice',
      wants: 'more containers running than limits.containers',
      prepare: async () => writeConfig({ ...kept, limits: { containers: 2 } }),
      control: () => atOnce(3, () => tryDocker(['run', '-d', 'box', 'sleep', '300'])),
      spellings: Object.keys(runMany),
      attack: (way) => runMany[way]?.() ?? Promise.reject(new Error(way)),
      reached: async () => (await running()) > 2,
      refused: /limits\.containers/,
    },
    sum({
      id: 'more-memory-than-allowed',
      wants: 'more memory for all her containers than limits.memory, or no bound',
      limits: { memory: '100m' },
      one: '-m 60m',
      spellings: [
        '-m 60m',
        '',
        '-m 0',
        '--memory=-1',
        '-m 60m --memory-swap=-1',
        '-m 1t',
        '--memory=60m --memory=0',
      ],
      reached: isBeyond('Memory', 100 * 1024 ** 2),
    }),
    sum({
      id: 'more-processors-than-allowed',
      wants: 'more CPUs for all her containers than limits.cpus, or no bound',
      limits: { cpus: 1 },
      one: '--cpus=0.6',
      spellings: [
        '--cpus=0.6',
        '',
        '--cpus=0',
        '--cpus=2',
        '--cpu-quota=200000',
        '--cpuset-cpus=0-1',
        '--cpus=0.6 --cpu-shares=1024',
      ],
      reached: isBeyond('NanoCpus', 1e9),
    }),
    {
      id: 'fork-bomb',
      who: 'alice',
      wants: 'more processes in a container than limits.pids, or a machine on which bob’s `ps` fails',
      prepare: async () => writeConfig({ limits: { pids: 100 } }),
      control: async () => {
        const outcome = await asRoot(`docker run -d -u $(id -u alice) box sh -c '${crowd(300)}'`);
        await settled();
        return outcome;
      },
      spellings: ['run', 'run --init', 'exec', 'exec -d', '--pids-limit=100'],
      attack: async (way) => {
        if (way.startsWith('exec')) {
          await userdocker('alice', `run -d --name bomb ${sleeper}`);
          const call = startCall('alice', `--executor=docker ${way} bomb sh -c '${bomb}'`);
          await settled();
          call.signal('SIGKILL', 'all');
          await call.ended;
          return userdocker('alice', 'ps');
        }
        const words = way.replace('run', '');
        const outcome = await userdocker('alice', `run -d ${words} box sh -c '${bomb}'`);
        await settled();
        return outcome;
      },
      reached: async () => (await alices()) > 130 || !(await bobWorks()),
    },
    {
      id: 'processes-of-many-containers',
      who: 'alice',
      wants: 'more processes in all her containers together than a user may have',
      // As on a machine that has numbers for 1200 processes.
      prepare: async () => writeConfig({ args: { run: { 'always+': ['--ulimit=nproc=300'] } } }),
      control: async () => {
        const outcome = await asRoot(
          `for n in 1 2; do docker run -d -u $(id -u alice) --pids-limit 4096 box sh -c '${crowd(250)}'; done`,
        );
        await settled();
        return outcome;
      },
      spellings: ['run', 'exec'],
      attack: async (way) => {
        if (way === 'exec') await userdocker('alice', `run -d --name all ${sleeper}`);
        const words = way === 'exec' ? 'exec -d all' : 'run -d box';
        const outcome = await atOnce(2, () => userdocker('alice', `${words} sh -c '${crowd(250)}'`));
        await settled();
        return outcome;
      },
      reached: async () => (await alices()) > 330,
    },
    {
      id: 'share-of-the-machines-processes',
      who: 'alice',
      wants: 'to be allowed all the processes that the machine can have',
      control: () => asRoot('docker run --rm -u $(id -u alice) box cat /proc/self/limits'),
      spellings: ['run', 'exec'],
      attack: async (way) => {
        await userdocker('alice', `run -d --name mine ${sleeper}`);
        return userdocker('alice', `${way === 'exec' ? 'exec mine' : 'run box'} cat /proc/self/limits`);
      },
      reached: async ({ stdout }) => {
        const most = /^Max processes +(\S+)/m.exec(stdout)?.[1] ?? '';
        const machine = await mustRoot('cat /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max');
        const third = Math.min(...machine.trim().split('\n').map(Number)) / 3;
        return most === 'unlimited' || Number(most) > third;
      },
    },
    {
      id: 'memory-hog',
      who: 'alice',
      wants: 'more of the machine’s memory than her share',
      prepare: async () => writeConfig({ limits: { memory: '64m' } }),
      control: () => asRoot(`docker run --rm -u $(id -u alice) box sh -c '${hog}'`),
      spellings: [
        `-m 64m box sh -c '${hog}'`,
        `-m 64m --tmpfs /x:mode=1777 box sh -c 'head -c 150m /dev/zero >/x/y && wc -c </x/y'`,
        `-m 64m --shm-size=300m box sh -c 'head -c 150m /dev/zero >/dev/shm/y && wc -c </dev/shm/y'`,
      ],
      attack: (words) => userdocker('alice', `run ${words}`, { timeoutMs: 60_000 }),
      reached: async ({ stdout }) => stdout.includes('157286400') || !(await bobWorks()),
    },
    {
      id: 'log-without-end',
      who: 'alice',
      wants: 'root’s disk filled by what her container prints',
      prepare: async () => writeConfig(kept),
      control: () => asRoot(`docker run --name talks box sh -c '${chatter}' >/dev/null`),
      spellings: ['', '--log-driver=json-file', '--log-opt max-size=1g', '--log-opt=max-file=99'],
      attack: (words) =>
        userdocker('alice', `run --name talks ${words} box sh -c '${chatter}' >/dev/null`, {
          timeoutMs: 60_000,
        }),
      reached: async () =>
        (await tryDocker(['inspect', 'talks'])).status === 0 && (await logSize('talks')) > 33 * 1024 ** 2,
    },
    {
      id: 'containers-that-only-exist',
      who: 'alice',
      wants: 'containers without end that do not run, in the engine’s memory and in everybody’s lists',
      prepare: async () => {
        writeConfig({ limits: { containers: 1 } });
        await mustRoot(
          'uid=$(id -u alice); seq 32 | xargs -P 8 -I{} docker create --network none --label userdocker.uid=$uid box true >/dev/null',
        );
      },
      control: () => tryDocker(['create', 'box', 'true']),
      attack: () => userdocker('alice', `run -d ${sleeper}`),
      reached: async () => (await docker(['ps', '-aq'])).split('\n').length > 32,
      refused: /you have 32 containers, ended ones included/,
    },
    {
      id: 'container-of-an-interrupted-run',
      who: 'alice',
      wants: 'a name taken for good, by a container that nobody but root can remove',
      prepare: async () => {
        const notes = '/var/lib/userdocker/containers/$(id -u alice)';
        const nonce = '0123456789abcdef0123456789abcdef';
        // What is left where docker's client is killed between the engine's answer and its own note of it.
        await mustRoot(`mkdir -p -m 700 ${notes}; rm -f ${notes}/${nonce}
          docker create --name taken --cidfile ${notes}/${nonce} --label userdocker.uid=$(id -u alice) --label userdocker.nonce=${nonce} box true >/dev/null
          : >${notes}/${nonce}`);
      },
      control: () => userdocker('bob', 'rm -f taken'),
      spellings: ['rm taken', 'ps'],
      attack: async (words) => {
        if (words === 'rm taken') return userdocker('alice', words);
        // A run finds it, and from then on it is listed.
        await userdocker('alice', 'run box true');
        return userdocker('alice', 'rm $(sudo userdocker ps -aq)');
      },
      reached: async () => (await tryDocker(['inspect', 'taken'])).status === 0,
    },
    {
      id: 'start-that-outlives-its-client',
      who: 'alice',
      wants:
        'more containers than limits.containers: the engine is slow to start one, and nobody counts it any more',
      prepare: async () => {
        writeConfig({ limits: { containers: 1 } });
        await slowly();
      },
      control: async () => {
        await docker(['run', '-d', 'box', 'sleep', '300']);
        return tryDocker(['run', '-d', 'box', 'sleep', '300']);
      },
      attack: async () => {
        writeFileSync('/run/slow', '');
        const call = startCall('alice', `--executor=docker run -d --name slow ${sleeper}`);
        const state = async () => (await tryDocker(['ps', '-a', '--format', '{{.State}}'])).stdout;
        await expect.poll(state, { timeout: 20_000 }).toContain('created');
        await expect
          .poll(() => mustRoot(`grep -lsz '^create$' /proc/[0-9]*/cmdline || true`), { timeout: 20_000 })
          .not.toBe('');
        call.signal('SIGKILL', 'all');
        await call.ended;
        await userdocker('alice', `run -d ${sleeper}`);
        // Longer than a dead client's reservation is kept in any case.
        await sleep(11_000);
        const last = await userdocker('alice', `run -d ${sleeper}`);
        rmSync('/run/slow');
        await expect.poll(running, { timeout: 20_000 }).toBeGreaterThan(0);
        await sleep(1000);
        return last;
      },
      reached: async () => (await running()) > 1,
      refused: /limits\.containers/,
      cleanUp: async () => {
        rmSync('/run/slow', { force: true });
        renameSync(`${runc}.real`, runc);
      },
    },
  ],
};
