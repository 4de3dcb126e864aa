/** A machine where all is well, for deciding sample command lines: every image is local, every directory there and reachable. */
import type { ParsedCommand } from '../../args/types.ts';
import type { Subject } from '../../commands/command.ts';
import type { NamedContainer } from '../../commands/containers.ts';
import { judgeNamedImage, parseImage } from '../../commands/image-reference.ts';
import type { RunFacts } from '../../commands/run-facts.ts';
import type { ImageFact } from '../../docker/facts.ts';
import { parseAbsolutePath, parseContainerId } from '../../domain/ids.ts';
import { effectivePull, ownTree } from '../../policy/images.ts';
import type { SourceFact } from '../../policy/mount-facts.ts';
import { selectMounts } from '../../policy/mount-selection.ts';
import { type MountRequest, parseMount, parseVolume } from '../../policy/mount-syntax.ts';
import { nextName } from '../../policy/names.ts';

const nonce = '0'.repeat(32);

export function sampleRunFacts(subject: Subject, request: ParsedCommand): RunFacts {
  const name = request.options.find(({ flag }) => flag === '--name')?.value;
  return {
    nonce,
    cidfile: `/var/lib/userdocker/${nonce}`,
    pins: `/run/userdocker/pins/${nonce}`,
    dataRoot: { path: '/var/lib/docker', traversable: false },
    image: sampleImage(subject, request),
    workingDirectory: '',
    ...sampleMounts(subject, request),
    accounts: { groups: undefined, refused: undefined },
    architecture: 'amd64',
    runc: '1.3.0',
    otherUser: undefined,
    machineProcesses: 32_768,
    processors: [0, 1, 2, 3, 4, 5, 6, 7],
    gpus: undefined,
    contested: {
      name: typeof name === 'string' ? name : nextName(subject.policy, new Set()),
      usage: { shares: [], gpus: [] },
      own: [],
      unproven: [],
      over: [],
    },
  };
}

/** Containers of the caller's own, by whatever name. */
export function sampleContainers(names: readonly string[]): readonly NamedContainer[] {
  const id = parseContainerId('a'.repeat(64));
  if (!id.ok) return [];
  return names.map((asked) => ({
    asked,
    container: { id: id.value, name: asked, labels: {}, state: 'running', raw: {} },
  }));
}

function sampleImage(subject: Subject, request: ParsedCommand): RunFacts['image'] {
  const named = parseImage(request.operands[0] ?? '');
  const reasons = judgeNamedImage(subject, named);
  if (!named.ok || reasons.length > 0)
    return { reference: undefined, found: undefined, fetch: false, reasons };
  const found: ImageFact = {
    id: `sha256:${'a'.repeat(64)}`,
    repoTags: [],
    repoDigests: [],
    exposedPorts: [],
    volumes: [],
    workdir: '',
    user: '',
    layers: [],
    layerDirectories: undefined,
    configurationSize: 100,
  };
  const asked = request.options.find(({ flag }) => flag === '--pull')?.value;
  const { images } = subject.policy;
  const pull = effectivePull(images.pull, asked?.toString(), ownTree(named.value, images));
  return { reference: named.value, found, fetch: false, reasons: pull.ok ? [] : [pull.error] };
}

function sampleMounts(
  { policy }: Subject,
  request: ParsedCommand,
): Pick<RunFacts, 'mounts' | 'mountProblems'> {
  const parsers = { '--volume': parseVolume, '--mount': parseMount } as const;
  const parsed = request.options.flatMap(({ flag, value }) =>
    flag === '--volume' || flag === '--mount' ? [parsers[flag](String(value))] : [],
  );
  const requests: readonly MountRequest[] = parsed.flatMap((mount) => (mount.ok ? [mount.value] : []));
  const without = request.options.some(({ flag }) => flag === '--no-default-mounts');
  const selection = selectMounts(policy, requests, without);
  const { always, available, default: usual } = policy.volume_mounts;
  return {
    mounts: {
      selection,
      facts: {
        sources: selection.binds.map(({ source }) => sampleSource(source)),
        ruleHosts: new Map([...always, ...available, ...usual].map((rule) => [rule, rule.host])),
        nested: [],
        places: new Map(),
        workingDirectory: '',
        recursiveReadOnly: true,
        imageShown: true,
      },
      view: { kind: 'same' },
      close: () => undefined,
    },
    mountProblems: parsed.flatMap((mount) => (mount.ok ? [] : [mount.error])),
  };
}

/** What sites mount from /etc. */
const plainFiles: ReadonlySet<string> = new Set(
  ['passwd', 'group', 'localtime', 'timezone', 'hosts', 'resolv.conf'].map((name) => `/etc/${name}`),
);

function sampleSource(source: string): SourceFact {
  const path = parseAbsolutePath(source);
  if (!path.ok) return { kind: 'unusable', why: path.error };
  return {
    kind: 'found',
    realPath: path.value,
    type: plainFiles.has(path.value) ? 'file' : 'directory',
    descriptor: -1,
    stable: true,
    hasSubmounts: false,
    engineProblem: undefined,
    callerWrites: false,
    rootsAlone: true,
  };
}
