/** The mounts of a container that is to be started again: what they show today, and whether that is still allowed. */
import type { EngineVersion, InspectedContainer } from '../docker/facts.ts';
import type { Reason } from '../domain/errors.ts';
import { isObject, listAt, objectAt, textAt } from '../domain/json.ts';
import { type ImageAccounts, inspectAccounts } from '../mounts/image-accounts.ts';
import { changeablePaths, layersOf } from '../mounts/image-links.ts';
import { type MountPlan, type MountQuestion, planMounts } from '../mounts/plan.ts';
import { realiseMounts } from '../mounts/realise.ts';
import { runtimeDirectory } from '../paths.ts';
import { askAgain, type ExistingBind, judgeAgain } from '../policy/mount-again.ts';
import { pathsToFollow } from '../policy/mount-places.ts';
import { pinDirectory } from '../policy/mount-render.ts';
import { judgeMounts, type MountVerdict } from '../policy/mounts.ts';
import { prepareAccounts } from '../state/accounts.ts';
import { isNonce, nonceLabel, recallPins } from '../state/ownership.ts';
import type { Session, Subject } from './command.ts';

export interface StartedMounts {
  readonly existing: readonly ExistingBind[];
  readonly plan: MountPlan;
  /** The pin directory of the run that made the container. */
  readonly pins: string;
  readonly gpuRun: boolean;
  /** What dockerd will read in the container. */
  readonly accounts: ImageAccounts;
  /** The engine's runc; empty where it does not say. */
  readonly runc: string;
  /** Paths on whose way the container's own processes could put a link. */
  readonly changeable: readonly string[];
}

export async function gatherStartedMounts(
  session: Session,
  container: InspectedContainer,
  engine: EngineVersion,
): Promise<StartedMounts> {
  const { caller, loaded } = session;
  const nonce = container.labels[nonceLabel] ?? '';
  const pins = pinDirectory(runtimeDirectory, caller.uid, isNonce(nonce) ? nonce : 'none');
  const existing = existingBinds(container.raw, pins, recallPins(caller.uid, nonce));
  const config = objectAt(container.raw, 'Config');
  const layers = layersOf(container.raw);
  prepareAccounts(caller, loaded.policy);
  const question: MountQuestion = {
    caller,
    policy: loaded.policy,
    requests: askAgain(existing),
    noDefaultMounts: true,
    engineVersion: engine.version,
    workingDirectory: textAt(config, 'WorkingDir') ?? '',
    imageVolumes: Object.keys(objectAt(config, 'Volumes')),
    layers,
  };
  const plan = await planMounts(question);
  return {
    existing,
    plan,
    pins,
    gpuRun: (container.labels['userdocker.gpus'] ?? '') !== '',
    accounts: inspectAccounts(layers),
    runc: engine.runc,
    changeable: changeableIn(container.raw, plan, question),
  };
}

/** Those that are used when it starts, its tmpfs included. */
function changeableIn(raw: unknown, { selection }: MountPlan, question: MountQuestion): readonly string[] {
  const host = objectAt(raw, 'HostConfig');
  const tmpfs = [
    ...Object.keys(objectAt(host, 'Tmpfs')),
    ...listAt(host, 'Mounts')
      .filter((mount) => textAt(mount, 'Type') === 'tmpfs')
      .map((mount) => textAt(mount, 'Target') ?? ''),
  ];
  const mounted = [...selection.binds.map(({ target }) => target), ...tmpfs];
  const used = [...new Set([...pathsToFollow(selection, question), ...tmpfs])];
  return changeablePaths(question.layers, used, mounted, question.imageVolumes);
}

export function judgeChangeable(asked: string, mounts: StartedMounts | undefined): readonly Reason[] {
  return (mounts?.changeable ?? []).slice(0, 1).map((path) => ({
    rule: 'mounts.again',
    message: `${asked} can't be started: its own processes could have put a link on the way to ${path}`,
    instead: `userdocker rm ${asked}, and run it anew`,
  }));
}

/** Our own runs mount with `--mount` alone, which the engine keeps in `HostConfig.Mounts` as it was said. */
function existingBinds(raw: unknown, pins: string, paths: readonly string[]): readonly ExistingBind[] {
  return listAt(objectAt(raw, 'HostConfig'), 'Mounts')
    .filter((mount) => textAt(mount, 'Type') === 'bind')
    .map((mount) => {
      const shown = textAt(mount, 'Source') ?? '';
      const number = shown.startsWith(`${pins}/`) ? Number(shown.slice(pins.length + 1)) : -1;
      const path = paths[number];
      return {
        shown,
        pinned: path === undefined ? undefined : { number, path },
        target: textAt(mount, 'Target') ?? '',
        readOnly: isObject(mount) && mount['ReadOnly'] === true,
      };
    });
}

export function judgeStartedMounts({ policy }: Subject, mounts: StartedMounts): MountVerdict {
  const { existing, plan, gpuRun } = mounts;
  return judgeAgain(existing, judgeMounts(policy, plan.selection, plan.facts, gpuRun));
}

/** For the second opinion of src/policy/violations.ts: from the path docker knows to the one that was checked. */
export function pinnedPaths({ existing }: StartedMounts): ReadonlyMap<string, string> {
  return new Map(
    existing.flatMap(({ shown, pinned }) => (pinned === undefined ? [] : [[shown, pinned.path] as const])),
  );
}

/** For the same: where the host parts of the policy's rules really lie. */
export function realHosts({ plan }: StartedMounts): ReadonlyMap<string, string> {
  return new Map([...plan.facts.ruleHosts].map(([rule, real]) => [rule.host, real] as const));
}

/** Makes pins again that a reboot has taken away. */
export function realiseStartedMounts(session: Session, subject: Subject, mounts: StartedMounts): void {
  const { mounts: today } = judgeStartedMounts(subject, mounts);
  realiseMounts({ caller: session.caller, mounts: today, directory: mounts.pins, view: mounts.plan.view });
  mounts.plan.close();
}
