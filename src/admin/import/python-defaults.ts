/**
 * What the Python program's packages set themselves, for what an admin's files leave out. Facts from the published versions:
 * userdocker 2.1 and userdocker-diffproml 1.2. A `default.py` beside the configuration takes their place.
 */
import type { Piece } from './value.ts';

export type Program = 'userdocker' | 'diffproml';

/** A plain value; a text of several pieces is `{pieces}`. */
export type Plainly =
  | string
  | number
  | boolean
  | { readonly pieces: readonly Piece[] }
  | readonly Plainly[]
  | { readonly map: { readonly [key: string]: Plainly } };

const home: Piece = { variable: 'home' };

const common: { readonly [name: string]: Plainly } = {
  LOGLVL: 'INFO',
  EXECUTORS: { map: { docker: '/usr/bin/docker', 'nvidia-docker': '/usr/bin/nvidia-docker' } },
  EXECUTOR_DEFAULT: 'docker',
  VOLUME_MOUNTS_ALWAYS: [],
  VOLUME_MOUNTS_AVAILABLE: [],
  VOLUME_MOUNTS_DEFAULT: [{ pieces: [home, ':', home] }],
  PROBE_USED_MOUNTS: true,
  ALLOWED_IMAGE_REGEXPS: ['^[A-Za-z_].*'],
  RUN_PULL: 'default',
  USER_IN_CONTAINER: true,
  CAPS_DROP: ['ALL'],
  CAPS_ADD: [],
  ALLOWED_PORT_MAPPINGS: ['^127\\.0\\.0\\.1::[0-9]+$', '^[0-9]+$'],
  ENV_VARS: [{ pieces: ['HOME=', home] }],
  ENV_VARS_EXT: { map: { 'nvidia-docker': ['NCCL_TOPOLOGY=CUBEMESH'] } },
  NVIDIA_SMI: '/usr/bin/nvidia-smi',
  NV_ALLOWED_GPUS: 'ALL',
  NV_DEFAULT_GPU_COUNT_RESERVATION: 1,
  NV_MAX_GPU_COUNT_RESERVATION: -1,
  NV_GPU_UNAVAILABLE_ABOVE_MEMORY_USED: 0,
  NV_EXCLUSIVE_CONTAINER_GPU_RESERVATION: true,
  NV_ALLOW_OWN_GPU_REUSE: true,
  ARGS_ALWAYS: { map: { run: ['--rm'] } },
};

const listing = {
  attach: ['--no-stdin'],
  images: [['-a', '--all'], '--digests', '--no-trunc', ['-q', '--quiet']],
  load: [['-q', '--quiet']],
  ps: [['-a', '--all'], ['-l', '--latest'], ['-s', '--size'], ['-q', '--quiet'], '--no-trunc'],
  pull: [['-a', '--all-tags']],
};
const run = [['-t', '--tty'], ['-i', '--interactive'], '--read-only', ['-P', '--publish-all']];

export const packageDefaults: { readonly [program in Program]: { readonly [name: string]: Plainly } } = {
  userdocker: {
    ...common,
    ALLOWED_SUBCOMMANDS: ['attach', 'dockviz', 'images', 'load', 'ps', 'pull', 'run', 'version'],
    ARGS_AVAILABLE: { map: { ...listing, run } },
  },
  diffproml: {
    ...common,
    ALLOWED_SUBCOMMANDS: [
      'attach',
      'dockviz',
      'exec',
      'images',
      'load',
      'ps',
      'pull',
      'run',
      'stop',
      'version',
    ],
    ARGS_DEFAULT: { map: {} },
    ARGS_AVAILABLE: {
      map: {
        ...listing,
        exec: [
          ['-t', '--tty'],
          ['-i', '--interactive'],
          ['--workdir=', '-w'],
          ['--detach', '-d'],
          ['--env=', '-e'],
        ],
        run: [...run, ['--workdir=', '-w'], '--entrypoint='],
      },
    },
    NUM_CPUS_DEFAULT: 0,
  },
};

/** Options that a program takes whatever its lists say, in the notation of userdocker's `args`. */
export const builtInArguments: {
  readonly [program in Program]: { readonly [command: string]: readonly (string | readonly string[])[] };
} = {
  userdocker: { attach: ['--detach-keys='], run: ['--entrypoint=', ['--workdir=', '-w']] },
  diffproml: { attach: ['--detach-keys='], run: ['--name='] },
};
