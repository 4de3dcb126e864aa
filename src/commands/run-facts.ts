/** The facts of a `run`: its image, its mounts, the engine; and, under the user's lock, names and shares that are taken. */
import fs from 'node:fs';
import type { ParsedCommand } from '../args/types.ts';
import { systemNames } from '../caller/name-service.ts';
import { type DataRoot, inspectDataRoot } from '../docker/data-root.ts';
import { engineVersion, type ImageFact, inspectImage } from '../docker/facts.ts';
import type { Reason } from '../domain/errors.ts';
import { type ImageAccounts, inspectAccounts } from '../mounts/image-accounts.ts';
import { type MountPlan, planMounts } from '../mounts/plan.ts';
import { runtimeDirectory } from '../paths.ts';
import { subjectOf } from '../pipeline.ts';
import { parseCpuList } from '../policy/cpus.ts';
import {
  carriesReference,
  effectivePull,
  judgeDigest,
  judgeRegistry,
  noSuchImage,
  ownTree,
} from '../policy/images.ts';
import { pinDirectory } from '../policy/mount-render.ts';
import { type MountRequest, parseMount, parseTmpfs, parseVolume } from '../policy/mount-syntax.ts';
import { isOwner, ownersOfDefaultName } from '../policy/names.ts';
import { familiar, type ImageReference } from '../policy/reference.ts';
import { prepareAccounts } from '../state/accounts.ts';
import { cidfilePath, newNonce } from '../state/ownership.ts';
import { peekReservations } from '../state/reservations.ts';
import { isSet, type Session, singleValue, valuesOf } from './command.ts';
import { type Contested, gatherContested } from './contested.ts';
import { isPrivate, judgeNamedImage, parseImage } from './image-reference.ts';
import { gatherGpus, type RunGpuFacts } from './run-gpus.ts';

export interface RunFacts {
  /** Ties this run to its container; a placeholder in a dry run. */
  readonly nonce: string;
  readonly cidfile: string;
  readonly pins: string;
  readonly dataRoot: DataRoot;
  readonly image: RunImage;
  /** The one the container will start in; empty where neither user nor image names one. */
  readonly workingDirectory: string;
  readonly mounts: MountPlan;
  /** What dockerd will read in the image. */
  readonly accounts: ImageAccounts;
  /** The engine's, in Go's terms. */
  readonly architecture: string;
  /** The engine's; empty where it does not say. */
  readonly runc: string;
  /** Mounts that could not even be read. */
  readonly mountProblems: readonly Reason[];
  /** The existing user whose default container names look like the one given. */
  readonly otherUser: string | undefined;
  /** The machine's processors, in random order. */
  readonly processors: readonly number[];
  /** How many processes the machine can have at a time. */
  readonly machineProcesses: number;
  /** `undefined`: the executor gives none. */
  readonly gpus: RunGpuFacts | undefined;
  readonly contested: Contested;
}

export interface RunImage {
  readonly reference: ImageReference | undefined;
  readonly found: ImageFact | undefined;
  /** It has to be fetched before the run, and may be. */
  readonly fetch: boolean;
  readonly reasons: readonly Reason[];
}

export async function gatherRun(
  session: Session,
  request: ParsedCommand,
  fetched = false,
): Promise<RunFacts> {
  const { caller, frame } = session;
  const nonce = frame.dryRun ? 'NONCE' : newNonce();
  const [image, version, dataRoot, gpus, contested] = await Promise.all([
    findImage(session, request, fetched),
    engineVersion(session.engine),
    inspectDataRoot(session.engine),
    gatherGpus(session, request),
    gatherContested(session, request, peekReservations(caller.uid)),
  ]);
  // An empty -w leaves the image's own, in docker as here.
  const workingDirectory = singleValue(request, '--workdir') || image.found?.workdir || '';
  prepareAccounts(caller, session.loaded.policy);
  const { requests, problems } = parseMounts(request);
  const mounts = await planMounts({
    caller,
    policy: session.loaded.policy,
    requests,
    noDefaultMounts: isSet(request, '--no-default-mounts'),
    engineVersion: version.version,
    workingDirectory,
    imageVolumes: image.found?.volumes ?? [],
    layers: image.found === undefined ? [] : image.found.layerDirectories,
  });
  return {
    nonce,
    cidfile: cidfilePath(caller.uid, nonce),
    pins: pinDirectory(runtimeDirectory, caller.uid, nonce),
    dataRoot,
    image,
    workingDirectory,
    mounts,
    mountProblems: problems,
    accounts: accountsOf(image.found),
    architecture: version.architecture,
    runc: version.runc,
    otherUser: findOtherUser(session, request),
    processors: shuffled(parseCpuList(fs.readFileSync('/sys/devices/system/cpu/online', 'utf8'))),
    machineProcesses: readMachineProcesses(),
    gpus,
    contested,
  };
}

/** @param fetched the image was just fetched, so there is no reason to fetch it again */
async function findImage(session: Session, request: ParsedCommand, fetched: boolean): Promise<RunImage> {
  const { policy } = session.loaded;
  const named = parseImage(request.operands[0] ?? '');
  const reasons = judgeNamedImage(subjectOf(session), named);
  if (!named.ok || reasons.length > 0)
    return { reference: undefined, found: undefined, fetch: false, reasons };
  const reference = named.value;
  const isOwn = ownTree(reference, policy.images);
  const pull = effectivePull(policy.images.pull, singleValue(request, '--pull'), isOwn);
  if (!pull.ok) return { reference, found: undefined, fetch: false, reasons: [pull.error] };
  const found = await lookUp(session, reference);
  // After the look, and so once more after a fetch: src/state/private-repositories.ts, 2.
  const byTagOnly = judgeDigest(reference, isPrivate(session, reference));
  if (byTagOnly.length > 0) return { reference, found: undefined, fetch: false, reasons: byTagOnly };
  const wanted = pull.value === 'always' || (pull.value === 'missing' && found === undefined);
  // What comes from `load` is in no registry; and localhost/ would be a registry that any user of this machine may run.
  const place = wanted && !isOwn ? judgeRegistry(reference) : undefined;
  if (place !== undefined && found === undefined) return { reference, found, fetch: false, reasons: [place] };
  if (wanted && !isOwn && !fetched && place === undefined)
    return { reference, found, fetch: true, reasons: [] };
  if (found !== undefined) return { reference, found, fetch: false, reasons: [] };
  const local = 'userdocker images shows the local ones';
  const instead = pull.value === 'never' ? `only local images can be run here: ${local}` : local;
  return {
    reference,
    found,
    fetch: false,
    reasons: [{ rule: 'images', message: noSuchImage(reference), instead }],
  };
}

/** Of an image that a dry run does not fetch nothing is known. */
function accountsOf(image: ImageFact | undefined): ImageAccounts {
  return image === undefined
    ? { groups: undefined, refused: undefined }
    : inspectAccounts(image.layerDirectories);
}

/** Under its name only: the engine also takes (a beginning of) an id, and those are not to be had. */
async function lookUp(session: Session, reference: ImageReference): Promise<ImageFact | undefined> {
  const found = await inspectImage(session.engine, familiar(reference));
  return found !== undefined && carriesReference(reference, found) ? found : undefined;
}

function parseMounts(request: ParsedCommand): {
  requests: readonly MountRequest[];
  problems: readonly Reason[];
} {
  const parsed = [
    ...valuesOf(request, '--volume').map(parseVolume),
    ...valuesOf(request, '--mount').map(parseMount),
    ...valuesOf(request, '--tmpfs').map(parseTmpfs),
  ];
  return {
    requests: parsed.flatMap((mount) => (mount.ok ? [mount.value] : [])),
    problems: parsed.flatMap((mount) => (mount.ok ? [] : [mount.error])),
  };
}

/** Asked of the system only where the name looks like somebody's. */
function findOtherUser(session: Session, request: ParsedCommand): string | undefined {
  const name = singleValue(request, '--name');
  if (name === undefined) return undefined;
  for (const owner of ownersOfDefaultName(name, session.loaded.policy, session.caller)) {
    const account = owner.by === 'uid' ? systemNames.userById(owner.uid) : systemNames.userByName(owner.user);
    if (account !== undefined && isOwner(owner, account)) return account.name;
  }
  return undefined;
}

/** proc_sys_kernel(5): numbers for processes, and memory for them. */
function readMachineProcesses(): number {
  const limits = ['pid_max', 'threads-max'].map((name) =>
    Number(fs.readFileSync(`/proc/sys/kernel/${name}`, 'utf8')),
  );
  return Math.min(...limits);
}

/** Random, so that the default shares of many containers don't all fall on the first processors. */
function shuffled(processors: readonly number[]): readonly number[] {
  return processors
    .map((processor) => ({ processor, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ processor }) => processor);
}
