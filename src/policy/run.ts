/** The rules of `run` that are neither mounts nor GPUs, brought together: each has a file of its own in this folder. */
import type { Caller } from '../domain/caller.ts';
import type { Part } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';

/** The labels that say whose a container is, which GPUs it holds and what it counts for in the limits. */
export interface RunLabels {
  readonly nonce: string;
  readonly version: string;
  /** The image's name; docker itself is given an id. */
  readonly image: string;
  readonly gpus: readonly string[];
  /** Bytes; `undefined`: not limited. */
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
}

/** Put in last, so that neither the image's labels nor the user's can stand in for them. */
export function labelParts(caller: Caller, labels: RunLabels): readonly Part[] {
  const values: { readonly [name: string]: string } = {
    uid: String(caller.uid),
    user: caller.user,
    version: labels.version,
    image: labels.image,
    nonce: labels.nonce,
    gpus: labels.gpus.join(','),
    memory: labels.memory === undefined ? '' : String(labels.memory),
    cpus: labels.cpus === undefined ? '' : String(labels.cpus),
  };
  return Object.entries(values).map(([name, value]) => ({
    words: [`--label=userdocker.${name}=${value}`],
    source: 'enforced',
    rule: 'ownership',
  }));
}

/** Where the container's output goes, bounded in size: the engine's default, json-file, grows until the disk is full. */
export function logParts({ log_driver: driver }: Policy): readonly Part[] {
  const part = (word: string): Part => ({ words: [word], source: 'enforced', rule: 'log_driver' });
  if (driver.name === '') return [];
  return [
    part(`--log-driver=${driver.name}`),
    ...Object.entries(driver.options).map(([name, value]) => part(`--log-opt=${name}=${value}`)),
  ];
}

/**
 * Kernel parameters of the container's own network namespace. In the host's or another container's they would be
 * somebody else's: the engine refuses them there.
 */
export function sysctlParts({ sysctls }: Policy, network: string | undefined): readonly Part[] {
  const shared = network === 'host' || network?.startsWith('container:') === true;
  return Object.entries(sysctls)
    .filter(([name]) => !(shared && /^net[./]/.test(name)))
    .map(([name, value]) => ({ words: [`--sysctl=${name}=${value}`], source: 'enforced', rule: 'sysctls' }));
}
