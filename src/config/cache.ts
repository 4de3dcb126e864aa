/**
 * The merged policy of the last call, so that most calls need neither YAML nor a schema: half of what `ps` would take.
 *
 * 1. It is kept below `/run/userdocker`, where only root can write, and is read only if it is root's alone.
 * 2. It counts only for the same caller (name, groups, home), the same program, and if every file and directory that the policy
 *    was made from is what it was: same inode, owner, mode, size and times. A change of any of these changes ctime, which nobody
 *    can set (inode(7)); a file that is added or removed changes its directory's.
 * 3. Clocks tick coarsely: what was changed within the last two seconds before it was read is not kept, since a second change
 *    within the same tick could not be seen.
 * 4. Whatever is wrong with it, the policy is made anew. Errors are never kept.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Caller } from '../domain/caller.ts';
import { isObject } from '../domain/json.ts';
import type { LoadedPolicy, Origin, Policy } from '../domain/policy.ts';
import { runtimeDirectory } from '../paths.ts';
import { tryToNote } from '../state/files.ts';

/** Milliseconds. */
const settled = 2000;
/** Changes with every change of what is stored. */
const format = 1;

export interface CacheOptions {
  readonly directory: string;
  readonly caller: Caller;
  /** The running program: another build may read the same files in another way. */
  readonly program?: string;
  readonly runtime?: string;
}

interface Entry {
  readonly key: string;
  readonly stamps: { readonly [file: string]: string };
  readonly policy: Policy;
  readonly origins: readonly (readonly [string, Origin])[];
  readonly files: readonly string[];
}

/** @throws UserdockerError (`config`), as loadPolicy does */
export async function loadPolicyOnce(options: CacheOptions): Promise<LoadedPolicy> {
  const { directory, caller, program = process.execPath, runtime = runtimeDirectory } = options;
  const key = JSON.stringify([format, directory, caller, stampOf(program, directory)?.text]);
  const file = path.join(runtime, 'policies', String(caller.uid));
  const entry = readEntry(file);
  if (entry !== undefined && entry.key === key && isFresh(entry, directory)) {
    return { policy: entry.policy, origins: new Map(entry.origins), files: entry.files };
  }
  const [{ loadPolicy }, { TrustedTree }] = await Promise.all([
    import('./load.ts'),
    import('./trusted-file.ts'),
  ]);
  const tree = new TrustedTree();
  const loaded = loadPolicy({ directory, caller, tree });
  keep(options, key, tree.touched, loaded);
  return loaded;
}

function isFresh({ stamps }: Entry, directory: string): boolean {
  return Object.entries(stamps).every(([file, stamp]) => stampOf(file, directory)?.text === stamp);
}

interface Stamp {
  readonly text: string;
  /** Milliseconds since the epoch; 0 where it does not matter. */
  readonly changed: number;
}

/** Of a directory above the configuration only owner and mode matter: /etc itself changes all the time. */
function stampOf(file: string, directory: string): Stamp | undefined {
  try {
    const stat = fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return { text: 'missing', changed: 0 };
    const identity = `${stat.dev} ${stat.ino} ${stat.uid} ${stat.gid} ${stat.mode}`;
    if (directory === file || !directory.startsWith(file === '/' ? '/' : `${file}/`)) {
      return {
        text: `${identity} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`,
        changed: Number(stat.ctimeMs),
      };
    }
    return { text: identity, changed: 0 };
  } catch {
    return undefined;
  }
}

/** Best effort: where it can't be kept, the next call makes it anew. */
function keep(
  { runtime = runtimeDirectory, directory, caller }: CacheOptions,
  key: string,
  touched: readonly string[],
  { policy, origins, files }: LoadedPolicy,
): void {
  const stamps = touched.map((each) => [each, stampOf(each, directory)] as const);
  const texts = stamps.flatMap(([each, stamp]) => (stamp === undefined ? [] : [[each, stamp.text] as const]));
  const newest = Math.max(...stamps.map(([, stamp]) => stamp?.changed ?? Number.POSITIVE_INFINITY));
  if (newest > Date.now() - settled) return;
  const entry: Entry = { key, stamps: Object.fromEntries(texts), policy, origins: [...origins], files };
  tryToNote([runtime, 'policies'], String(caller.uid), JSON.stringify(entry));
}

function readEntry(file: string): Entry | undefined {
  try {
    const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
    try {
      const stat = fs.fstatSync(descriptor);
      if (!stat.isFile() || stat.uid !== 0 || (stat.mode & 0o077) !== 0) return undefined;
      const entry: unknown = JSON.parse(fs.readFileSync(descriptor, 'utf8'), withoutPrototype);
      return isEntry(entry) ? entry : undefined;
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** As the loader makes them: in a map that an admin fills, `constructor` is a name like any other. */
function withoutPrototype(_key: string, value: unknown): unknown {
  return isObject(value) ? Object.assign(Object.create(null), value) : value;
}

/** Only we write there; the format number in the key tells other versions apart. */
function isEntry(value: unknown): value is Entry {
  return (
    isObject(value) &&
    typeof value['key'] === 'string' &&
    isObject(value['stamps']) &&
    isObject(value['policy'])
  );
}
