/**
 * Who is starting a container on which GPU: a record a GPU, replaced by compare-and-swap, without any lock.
 *
 * `/run/userdocker/gpus/<uuid>/<generation>` is a symbolic link that leads nowhere; its text is the record (JSON). The record with the highest
 * generation counts. To replace generation n, make generation n+1.
 *
 * 1. symlink(2) makes name and content in one step, and fails if the name is there (as Emacs and Firefox lock their files). So
 *    a record is complete when it is seen, a killed process leaves either all of it or nothing, and of several
 *    processes that replace generation n exactly one succeeds.
 * 2. Generations only grow: the highest record is never removed, "nobody" is a record with no claims. So no generation counts twice.
 * 3. Only records that are `kept` generations old are removed. A process that was stopped for long may make a record in the gap that
 *    they left; it then finds a higher one, takes its own away and has failed. The listing can't miss that higher record: it is
 *    one getdents(2) (32 KB hold some 1000 names), and the kernel lets nobody change a directory meanwhile (i_rwsem).
 * 4. Nobody waits for anybody: there is nothing to hold while one is stopped, except the GPU itself.
 * 5. Every record is written by somebody who saw the one before; what was claimed there is carried over or known to have ended
 *    (claims.ts).
 */
import fs from 'node:fs';
import path from 'node:path';
import { unavailable } from '../domain/errors.ts';
import { parseContainerId, parseUid } from '../domain/ids.ts';
import { isObject, numberAt, objectAt, textAt } from '../domain/json.ts';
import { runtimeDirectory } from '../paths.ts';
import { hasCode, privateDirectory } from '../state/directory.ts';
import { namesIn } from '../state/files.ts';
import { parseHolder } from '../state/holder.ts';
import type { GpuClaim } from './claims.ts';

export interface GpuRecord {
  /** 0: there is no record yet. */
  readonly generation: number;
  readonly claims: readonly GpuClaim[];
}

const kept = 8;
/** symlink(2) takes at most PATH_MAX bytes, the final NUL included. */
const largestRecord = 4095;

export function readRecord(uuid: string, runtime: string = runtimeDirectory): GpuRecord {
  const directory = recordPath(uuid, runtime);
  for (;;) {
    const generation = highest(directory);
    if (generation === 0) return { generation, claims: [] };
    const file = path.join(directory, String(generation));
    const text = readLink(file);
    // `undefined`: more than `kept` generations have passed since the listing.
    if (text !== undefined) return { generation, claims: parseClaims(file, text) };
  }
}

/** `undefined`: somebody was faster, and `seen` is no longer what counts. */
export function replaceRecord(
  uuid: string,
  seen: GpuRecord,
  claims: readonly GpuClaim[],
  runtime: string = runtimeDirectory,
): GpuRecord | undefined {
  const directory = privateDirectory(runtime, 'gpus', path.basename(recordPath(uuid, runtime)));
  const text = JSON.stringify({ claims });
  if (Buffer.byteLength(text) > largestRecord) throw unavailable(`too many containers share ${uuid}`);
  const generation = seen.generation + 1;
  const file = path.join(directory, String(generation));
  if (!makeLink(text, file)) return undefined;
  const generations = listGenerations(directory);
  if (Math.max(...generations) !== generation) {
    fs.rmSync(file, { force: true });
    return undefined;
  }
  for (const old of generations.filter((candidate) => candidate <= generation - kept)) {
    fs.rmSync(path.join(directory, String(old)), { force: true });
  }
  return { generation, claims };
}

/** Lower case, so that two spellings can't be two records; `/` (MIG before R470) is no letter of a file name. */
function recordPath(uuid: string, runtime: string): string {
  if (!/^(?:GPU|MIG)-[0-9a-z/-]{1,120}$/i.test(uuid)) throw unavailable(`"${uuid}" is not the UUID of a GPU`);
  return path.join(runtime, 'gpus', uuid.toLowerCase().replaceAll('/', '_'));
}

function highest(directory: string): number {
  return Math.max(0, ...listGenerations(directory));
}

function listGenerations(directory: string): readonly number[] {
  return namesIn(directory)
    .filter((name) => /^[1-9][0-9]{0,14}$/.test(name))
    .map(Number);
}

function makeLink(text: string, file: string): boolean {
  try {
    fs.symlinkSync(text, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function readLink(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseClaims(file: string, text: string): readonly GpuClaim[] {
  try {
    const record: unknown = JSON.parse(text);
    if (!isObject(record) || !Array.isArray(record['claims'])) throw new Error('no record');
    return record['claims'].map(parseClaim);
  } catch {
    throw unavailable(`${file} is damaged`, 'please tell an admin');
  }
}

function parseClaim(value: unknown): GpuClaim {
  const holder = parseHolder(objectAt(value, 'holder'));
  const uid = parseUid(String(numberAt(value, 'uid')));
  const user = textAt(value, 'user');
  const nonce = textAt(value, 'nonce');
  const created = numberAt(value, 'created');
  const container = textAt(value, 'container');
  const id = container === undefined ? undefined : parseContainerId(container);
  if (holder === undefined || !uid.ok || user === undefined || nonce === undefined)
    throw new Error('no claim');
  if (created === undefined || id?.ok === false) throw new Error('no claim');
  const orphanedAt = numberAt(value, 'orphanedAt');
  return { holder, uid: uid.value, user, nonce, container: id?.value, created, orphanedAt };
}
