/** The facts of a `run` on a machine where all is well, and what a test may have otherwise. */

import type { ParsedCommand } from '../../src/args/types.ts';
import type { Subject } from '../../src/commands/command.ts';
import { judgeNamedImage, parseImage } from '../../src/commands/image-reference.ts';
import type { RunFacts } from '../../src/commands/run-facts.ts';
import type { ImageFact, InspectedContainer } from '../../src/docker/facts.ts';
import type { GpuFact, GpuHold } from '../../src/domain/gpu.ts';
import { parseGpuRequest } from '../../src/policy/gpu-request.ts';
import { effectivePull, ownTree } from '../../src/policy/images.ts';
import type { Usage } from '../../src/policy/limits.ts';
import type { FoundSource, SourceFact, UnusableSource } from '../../src/policy/mount-facts.ts';
import { selectMounts } from '../../src/policy/mount-selection.ts';
import { type MountRequest, parseMount, parseTmpfs, parseVolume } from '../../src/policy/mount-syntax.ts';
import { nextName } from '../../src/policy/names.ts';
import { cidfilePath } from '../../src/state/ownership.ts';
import { found } from './mounts.ts';

/** What is on the machine. */
export interface World {
  /** By the name that the user gives. */
  readonly containers?: { readonly [name: string]: InspectedContainer };
  readonly usage?: Usage;
  /** Names that are taken. */
  readonly names?: readonly string[];
  /** Tags of the local images. */
  readonly tags?: readonly string[];
  readonly image?: Partial<ImageFact>;
  /** By path; others are directories that everybody can reach and only root can move. */
  readonly sources?: { readonly [path: string]: FoundSource | UnusableSource };
  /** What lies at a path that a mount names, in place of `sources`. */
  readonly lookUp?: (path: string) => SourceFact;
  /** Where the host part of a mount rule really lies. */
  readonly ruleHost?: (host: string) => string;
  readonly otherUser?: string;
  readonly dataRootIsOpen?: boolean;
  /** Somebody has fetched from the image's repository with an own account. */
  readonly isPrivate?: boolean;
  readonly processors?: number;
  /** What the kernel has numbers for. */
  readonly machineProcesses?: number;
  /** Why the image's /etc/group is not to be trusted. */
  readonly groupsUnsafe?: string;
  /** The engine's. */
  readonly runc?: string;
  /** Why it can't be run at all. */
  readonly imageRefused?: string;
  readonly gpus?: readonly GpuFact[];
  readonly holds?: readonly GpuHold[];
  /** The caller's environment. */
  readonly environment?: { readonly [name: string]: string };
}

export type Facts<F> = (subject: Subject, request: ParsedCommand, world: World) => F;

/** Of every image that a run finds. */
export const imageId = `sha256:${'e'.repeat(64)}`;
export const nonce = '0123456789abcdef'.repeat(2);

export const runFacts: Facts<RunFacts> = (subject, request, world) => {
  const { caller } = subject;
  const image = imageFacts(subject, request, world);
  const text = (flag: string) => request.options.findLast((option) => option.flag === flag)?.value;
  const name = text('--name');
  const workingDirectory = String(text('--workdir') ?? '') || image.found?.workdir || '';
  return {
    nonce,
    cidfile: cidfilePath(caller.uid, nonce),
    pins: `/run/userdocker/pins/${caller.uid}/${nonce}`,
    dataRoot: { path: '/var/lib/docker', traversable: world.dataRootIsOpen === true },
    image,
    workingDirectory,
    ...mountFacts(subject, request, world, workingDirectory),
    accounts: { groups: world.groupsUnsafe, refused: world.imageRefused },
    architecture: 'amd64',
    runc: world.runc ?? '1.3.0',
    otherUser: world.otherUser,
    processors: Array.from({ length: world.processors ?? 8 }, (_, index) => index),
    machineProcesses: world.machineProcesses ?? 32_768,
    gpus: gpuFacts(subject, request, world),
    contested: {
      name: typeof name === 'string' ? name : nextName(subject.policy, new Set(world.names ?? [])),
      usage: world.usage ?? { shares: [], gpus: [] },
      own: [],
      unproven: [],
      over: [],
    },
  };
};

function imageFacts(subject: Subject, request: ParsedCommand, world: World): RunFacts['image'] {
  const { images } = subject.policy;
  const named = parseImage(request.operands[0] ?? '');
  const reasons = judgeNamedImage(subject, named);
  if (!named.ok || reasons.length > 0)
    return { reference: undefined, found: undefined, fetch: false, reasons };
  const found: ImageFact = {
    id: imageId,
    repoTags: [],
    repoDigests: [],
    exposedPorts: [],
    volumes: [],
    workdir: '',
    user: '',
    layers: [],
    layerDirectories: undefined,
    configurationSize: 100,
    ...world.image,
  };
  const asked = request.options.find(({ flag }) => flag === '--pull')?.value;
  const pull = effectivePull(images.pull, asked?.toString(), ownTree(named.value, images));
  return { reference: named.value, found, fetch: false, reasons: pull.ok ? [] : [pull.error] };
}

function mountFacts(
  { policy }: Subject,
  request: ParsedCommand,
  world: World,
  workingDirectory: string,
): Pick<RunFacts, 'mounts' | 'mountProblems'> {
  const parsers = { '--volume': parseVolume, '--mount': parseMount, '--tmpfs': parseTmpfs } as const;
  const parsed = request.options.flatMap(({ flag, value }) =>
    flag === '--volume' || flag === '--mount' || flag === '--tmpfs' ? [parsers[flag](String(value))] : [],
  );
  const requests: readonly MountRequest[] = parsed.flatMap((mount) => (mount.ok ? [mount.value] : []));
  const without = request.options.some(({ flag }) => flag === '--no-default-mounts');
  const selection = selectMounts(policy, requests, without);
  const { always, available, default: usual } = policy.volume_mounts;
  const rules = [...always, ...available, ...usual];
  return {
    mounts: {
      selection,
      facts: {
        sources: selection.binds.map(
          ({ source }) => world.lookUp?.(source) ?? world.sources?.[source] ?? found(source),
        ),
        ruleHosts: new Map(rules.map((rule) => [rule, world.ruleHost?.(rule.host) ?? rule.host])),
        nested: [],
        places: new Map(),
        workingDirectory,
        imageShown: true,
        recursiveReadOnly: true,
      },
      view: { kind: 'same' },
      close: () => undefined,
    },
    mountProblems: parsed.flatMap((mount) => (mount.ok ? [] : [mount.error])),
  };
}

function gpuFacts({ executor }: Subject, request: ParsedCommand, world: World): RunFacts['gpus'] {
  if (executor.gpus === undefined) return undefined;
  const option = request.options.find(({ flag }) => flag === '--gpus')?.value;
  const requests = parseGpuRequest({
    NV_GPU: world.environment?.['NV_GPU'],
    NVIDIA_VISIBLE_DEVICES: world.environment?.['NVIDIA_VISIBLE_DEVICES'],
    option: typeof option === 'string' ? option : undefined,
  });
  if (!requests.ok) throw new Error(requests.error);
  const known = { gpus: world.gpus ?? [], holds: world.holds ?? [], situation: { holds: [], records: [] } };
  return { requests: requests.value, known };
}
