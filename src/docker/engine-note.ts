/**
 * What does not change while an engine runs, and takes it long to tell (`/info` counts everything there is, `/version` starts
 * runc and asks containerd), is asked once for each start of the engine and noted below `/run/userdocker`, where only root writes.
 */
import fs from 'node:fs';
import path from 'node:path';
import { runtimeDirectory } from '../paths.ts';
import { tryToNote } from '../state/files.ts';
import type { Engine } from './engine.ts';

/**
 * @param name of the note's file
 * @param parse what the note or the engine says, in the program's own type; `undefined`: that is not it
 * @param ask the engine
 */
export async function askOnce<T>(
  engine: Engine,
  name: string,
  parse: (value: unknown) => T | undefined,
  ask: () => Promise<T>,
  runtime: string = runtimeDirectory,
): Promise<T> {
  const key = keyOf(engine.socketPath);
  const known = parse(recall(path.join(runtime, name), key));
  if (known !== undefined) return known;
  const value = await ask();
  if (engine.notes !== false) remember(runtime, name, key, value);
  return value;
}

/**
 * Tells one start of an engine from another: it makes its socket anew, unless systemd holds that, and always its pid file.
 * `undefined`: there is no socket.
 */
function keyOf(socketPath: string): string | undefined {
  const socket = stampOf(socketPath);
  if (socket === undefined) return undefined;
  const pidFiles = ['/run/docker.pid', path.join(path.dirname(socketPath), 'docker.pid')];
  return [socketPath, socket, ...pidFiles.map((file) => stampOf(file) ?? '-')].join(' ');
}

function stampOf(file: string): string | undefined {
  const stat = fs.statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.ctimeNs}`;
}

function recall(file: string, key: string | undefined): unknown {
  try {
    const [noted, value] = fs.readFileSync(file, 'utf8').split('\n');
    return key !== undefined && noted === key ? JSON.parse(value ?? '') : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: without the note the next call asks again. */
function remember(runtime: string, name: string, key: string | undefined, value: unknown): void {
  if (key !== undefined) tryToNote([runtime], name, `${key}\n${JSON.stringify(value)}\n`);
}
