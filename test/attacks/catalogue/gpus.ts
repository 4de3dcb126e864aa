import { rmSync, writeFileSync } from 'node:fs';
import { writeConfig } from '../../e2e/support/config.ts';
import { docker, startEngine, stopEngine, tryDocker } from '../../e2e/support/engine.ts';
import { gpusInUse } from '../../e2e/support/gpu-witness.ts';
import { importImage } from '../../e2e/support/images.ts';
import { installNvidiaSmi, removeNvidiaSmi, uuidsOf } from '../../e2e/support/nvidia.ts';
import { mustUserdocker, userdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustAs, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';

const eight = 'r550-h100-8';
const divided = 'r535-a100-mig';
const uuid = (index: number): string => uuidsOf(eight)[index] ?? '';
/** GPU 1 of the divided ones, and an instance of it. */
const parent = uuidsOf(divided)[1] ?? '';

/** Sees what the NVIDIA runtime would see, and gives what it would give: here a line in a log. It is the engine's default. */
const standIn = '/usr/local/sbin/nvidia-container-runtime';
const log = '/run/nvidia-runtime.log';
const script = `#!/bin/sh
previous=
for word; do
  if [ "$previous" = --bundle ]; then
    grep -oE '"(NVIDIA_|DOCKER_RESOURCE)[A-Z_]*=[^"]+"|"destination": *"/var/run/nvidia[^"]*"' "$word/config.json" >>${log}
  fi
  previous=$word
done
exec /usr/sbin/runc "$@"
`;
const given = () => mustRoot(`cat ${log}`);
const forget = async () => {
  writeFileSync(log, '');
};
const isGiven = (what: RegExp) => async () => what.test(await given());

const nvidia = (words: string, env: { readonly [name: string]: string } = {}) =>
  as('alice', `sudo nvidia-userdocker run ${words}`, { env });
const plain = (words: string) => asRoot(`docker run --rm ${words}`);

/** Somebody else's GPU, asked for in every way there is. */
const asks = (
  index: string,
  name: string,
): { readonly [spelling: string]: () => ReturnType<typeof nvidia> } => ({
  'NV_GPU, its number': () => nvidia('box true', { NV_GPU: index }),
  'NV_GPU, its name': () => nvidia('box true', { NV_GPU: name }),
  'NV_GPU, the beginning of its name': () => nvidia('box true', { NV_GPU: name.slice(0, 12) }),
  NVIDIA_VISIBLE_DEVICES: () => nvidia('box true', { NVIDIA_VISIBLE_DEVICES: name }),
  both: () => nvidia('box true', { NV_GPU: index, NVIDIA_VISIBLE_DEVICES: index }),
  all: () => nvidia('box true', { NV_GPU: 'all' }),
  '--gpus device': () => nvidia(`--gpus device=${index} box true`),
  '--gpus all': () => nvidia('--gpus all box true'),
});

function another(
  attack: Pick<Attack, 'id' | 'wants' | 'prepare' | 'reached' | 'refused' | 'cleanUp'>,
  index: string,
  name: string,
): Attack {
  const ways = asks(index, name);
  return {
    ...attack,
    who: 'alice',
    control: () => plain(`-e NVIDIA_VISIBLE_DEVICES=${name} box true`),
    spellings: Object.keys(ways),
    attack: (way) => ways[way]?.() ?? Promise.reject(new Error(way)),
  };
}

export const gpus: Area = {
  title: 'GPUs, where the default runtime is NVIDIA’s',
  before: async () => {
    writeFileSync(standIn, script, { mode: 0o755 });
    const variables =
      'NVIDIA_VISIBLE_DEVICES=all DOCKER_RESOURCE_GPU=all NVIDIA_MIG_CONFIG_DEVICES=all NVIDIA_IMEX_CHANNELS=0';
    await importImage('greedy', {
      changes: [`ENV ${variables} USERDOCKER_NV_GPU=all`, 'LABEL userdocker.gpus=all'],
    });
    await stopEngine();
    await startEngine(['--add-runtime', `nvidia=${standIn}`, '--default-runtime', 'nvidia']);
    installNvidiaSmi(eight);
  },
  after: async () => {
    removeNvidiaSmi();
    await stopEngine();
    await startEngine();
    await docker(['rmi', 'greedy']);
    rmSync(standIn);
  },
  attacks: [
    {
      id: 'gpus-that-an-image-asks-for',
      who: 'alice',
      wants: 'all GPUs, by what her image says of itself',
      prepare: forget,
      control: () => plain('greedy true'),
      spellings: [
        'userdocker',
        'userdocker, -e of something',
        'nvidia-userdocker',
        'nvidia-userdocker, none',
      ],
      attack: (way) => {
        if (way.startsWith('userdocker'))
          return userdocker('alice', `run ${way.includes('-e') ? '-e A=1' : ''} greedy true`);
        return nvidia('greedy true', way.endsWith('none') ? { NV_GPU: 'none' } : {});
      },
      reached: isGiven(/(?:VISIBLE_DEVICES|RESOURCE_GPU)=all/),
    },
    {
      id: 'devices-that-an-image-asks-for',
      who: 'alice',
      wants: 'to configure the machine’s GPUs, and channels between them, by what her image says of itself',
      prepare: forget,
      control: () => plain('greedy true'),
      spellings: ['userdocker', 'nvidia-userdocker'],
      attack: (way) => as('alice', `sudo ${way} run greedy true`),
      reached: isGiven(/NVIDIA_(?:MIG|IMEX)/),
    },
    {
      id: 'gpus-by-a-variable-of-the-container',
      who: 'alice',
      wants: 'all GPUs, by the variable that NVIDIA’s runtime reads',
      prepare: forget,
      control: () => plain('-e NVIDIA_VISIBLE_DEVICES=all box true'),
      spellings: [
        '-e NVIDIA_VISIBLE_DEVICES=all',
        '--env=NVIDIA_VISIBLE_DEVICES=all',
        '-eNVIDIA_VISIBLE_DEVICES=all',
        '-e A=1 -e NVIDIA_VISIBLE_DEVICES=all',
        '-e NVIDIA_VISIBLE_DEVICES',
        '-e DOCKER_RESOURCE_GPU=all',
        '-e NVIDIA_MIG_CONFIG_DEVICES=all',
        '-e NVIDIA_MIG_MONITOR_DEVICES=all',
        '-e NVIDIA_IMEX_CHANNELS=0',
        '-e NVIDIA_GDS=enabled',
        '-e NV_GPU=all',
      ],
      attack: (words) =>
        userdocker('alice', `run ${words} box true`, {
          env: { NVIDIA_VISIBLE_DEVICES: 'all', NV_GPU: 'all' },
        }),
      reached: isGiven(/=(?:all|0|enabled)"/),
      refused: /is set by userdocker alone|has no value/,
    },
    another(
      {
        id: 'gpu-of-another-user',
        wants: 'the GPU that bob’s container has',
        prepare: async () => {
          await mustAs('bob', 'NV_GPU=0 sudo nvidia-userdocker run -d box sleep 100');
          await forget();
        },
        reached: isGiven(new RegExp(uuid(0))),
        refused: /GPU 0 is held by bob/,
      },
      '0',
      uuid(0),
    ),
    another(
      {
        id: 'gpu-that-somebody-works-on',
        wants: 'a GPU on which somebody works outside of userdocker',
        prepare: async () => {
          installNvidiaSmi(eight, { 0: 0, 5: 500 });
          await forget();
        },
        reached: isGiven(new RegExp(uuid(5))),
        refused: /GPU 5 is busy/,
        cleanUp: async () => installNvidiaSmi(eight),
      },
      '5',
      uuid(5),
    ),
    another(
      {
        id: 'whole-of-a-divided-gpu',
        wants: 'the GPU of which bob has an instance',
        prepare: async () => {
          installNvidiaSmi(divided);
          await mustAs('bob', 'NV_GPU=1:2 sudo nvidia-userdocker run -d box sleep 100');
          await forget();
        },
        reached: isGiven(new RegExp(`${parent}|=all"`)),
        cleanUp: async () => installNvidiaSmi(eight),
      },
      '1',
      parent,
    ),
    {
      id: 'gpus-by-mounts',
      who: 'alice',
      wants: 'GPUs by mounts, as NVIDIA’s runtime can be told to read them',
      prepare: async () => {
        writeConfig({ volume_mounts: { available: ['/dev/null:'], default: [] } });
        await forget();
      },
      control: () => plain('-v /dev/null:/var/run/nvidia-container-devices/all box true'),
      spellings: [
        '-v /dev/null:/var/run/nvidia-container-devices/all',
        '-v /dev/null:/run/nvidia-container-devices/all',
        '--mount type=bind,src=/dev/null,dst=/var/run/nvidia-container-devices/0',
        '-v /dev/null:/var//run/./nvidia-container-devices/all',
        '-v /dev/null:/var/run/nvidia-container-devices/all:ro',
      ],
      attack: (words) => userdocker('alice', `run ${words} box true`),
      reached: isGiven(/destination/),
    },
    {
      id: 'device-file-of-a-gpu',
      who: 'alice',
      wants: 'a device file in the container that nobody reserved',
      prepare: async () => writeConfig({ volume_mounts: { available: ['/dev/null:'], default: [] } }),
      control: () => plain('--device=/dev/null:/dev/nvidia0 box ls /dev/nvidia0'),
      spellings: [
        '--device=/dev/null:/dev/nvidia0',
        '--device /dev/null:/dev/nvidia0:rw',
        '-v /dev/null:/dev/nvidia0',
        '--mount type=bind,src=/dev/null,dst=/dev/nvidia0',
        '--tmpfs /dev/nvidia0',
      ],
      attack: (words) => nvidia(`${words} box ls -d /dev/nvidia0`),
      reached: ({ stdout }) => stdout.includes('/dev/nvidia0'),
    },
    {
      id: 'gpus-that-only-look-taken',
      who: 'alice',
      wants: 'no GPU left for the others, without having one',
      prepare: forget,
      control: () => tryDocker(['run', '-d', '-e', 'USERDOCKER_NV_GPU=all', 'box', 'sleep', '100']),
      spellings: [
        '-e USERDOCKER_NV_GPU=all box',
        '-e USERDOCKER_NV_VISIBLE_DEVICES=all box',
        '-l userdocker.gpus=all box',
        '--label=userdocker.gpus=0,1,2,3,4,5,6,7 box',
        'greedy',
      ],
      attack: (words) => userdocker('alice', `run -d ${words} sleep 100`),
      reached: async () => (await mustUserdocker('carol', 'ps --gpu-free')) === '',
    },
    {
      id: 'gpu-of-a-container-started-again',
      who: 'alice',
      wants: 'the GPU that bob has by now, by starting a container that had it once',
      prepare: async () => {
        writeConfig({ args: { run: { 'always-': ['--rm'] } } });
        await mustAs('alice', 'NV_GPU=0 sudo nvidia-userdocker run -d --name hers box sleep 100');
        await docker(['kill', 'hers']);
        await mustAs('bob', 'NV_GPU=0 sudo nvidia-userdocker run -d box sleep 100');
      },
      control: () => tryDocker(['start', 'hers']),
      spellings: ['start hers', 'restart hers', 'start -a hers', '--executor=nvidia-docker start hers'],
      attack: (words) => userdocker('alice', words),
      reached: async () => {
        const held = await gpusInUse();
        return new Set(held).size < held.length;
      },
      refused: /GPU 0 is held by bob/,
    },
    {
      id: 'more-gpus-than-allowed',
      who: 'alice',
      wants: 'more GPUs for all her containers than limits.gpus',
      prepare: async () => writeConfig({ limits: { gpus: 1 } }),
      control: () =>
        tryDocker(['run', '-d', `--label=userdocker.gpus=${uuid(0)},${uuid(1)}`, 'box', 'sleep', '100']),
      spellings: [
        'NV_GPU=0,1',
        'NV_GPU=0,1,1',
        'NV_GPU=all',
        'NVIDIA_VISIBLE_DEVICES=1,0',
        '--gpus 2',
        '--gpus all',
        '--gpus device=0,1',
        'twice',
        'at once',
      ],
      attack: async (way) => {
        const one = () => nvidia('-d box sleep 100');
        if (way === 'at once')
          return (await Promise.all([one(), one(), one()])).find(({ status }) => status !== 0) ?? one();
        if (way === 'twice') await one();
        const option = way.startsWith('--') ? way : '';
        const [name = '', value = ''] = option === '' ? way.split('=') : [];
        return nvidia(`-d ${option} box sleep 100`, value === '' ? {} : { [name]: value });
      },
      reached: async () => new Set(await gpusInUse()).size > 1,
      refused: /limits\.gpus/,
    },
    {
      id: 'one-gpu-for-many',
      who: 'alice',
      wants: 'a GPU for her second container that carol’s has, by asking at the same moment',
      prepare: forget,
      control: async () => {
        const start = `docker run -d --label=userdocker.gpus=${uuid(0)} -e NVIDIA_VISIBLE_DEVICES=0 box sleep 100`;
        return asRoot(`${start} & ${start} & wait`);
      },
      spellings: ['by number', 'the first that is free'],
      attack: async (way) => {
        const env = way === 'by number' ? { NV_GPU: '0' } : { NV_GPU: '' };
        const calls = (['alice', 'bob', 'carol'] as const).map((user) =>
          as(user, 'sudo nvidia-userdocker run -d box sleep 100', { env }),
        );
        return (await Promise.all(calls))[0] ?? Promise.reject(new Error('no call'));
      },
      reached: async () => {
        const held = await gpusInUse();
        return new Set(held).size < held.length;
      },
    },
  ],
};
