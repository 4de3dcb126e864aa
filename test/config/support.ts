/** Configuration directories for the tests. They lie in /root, whose whole chain is root's, as the program demands. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { loadPolicy } from '../../src/config/load.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { type ConfigProblem, UserdockerError } from '../../src/domain/errors.ts';
import { type AbsolutePath, parseAbsolutePath, parseGid, parseUid } from '../../src/domain/ids.ts';
import type { LoadedPolicy } from '../../src/domain/policy.ts';
import type { Result } from '../../src/domain/result.ts';

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** An empty directory that only root can write. */
export function trustedDirectory(): string {
  if (process.getuid?.() !== 0) throw new Error('these tests must be run as root');
  const path = mkdtempSync('/root/userdocker-test-');
  chmodSync(path, 0o755);
  made.push(path);
  return path;
}

/** @param files text by path below the directory */
export function configDirectory(files: { readonly [path: string]: string } = {}): string {
  const directory = trustedDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true, mode: 0o755 });
    chmodSync(dirname(join(directory, path)), 0o755);
    writeFileSync(join(directory, path), text);
    chmodSync(join(directory, path), 0o644);
  }
  return directory;
}

export function callerNamed(user: string, more: Partial<Caller> = {}): Caller {
  const gid = must(parseGid('1000'));
  return {
    uid: must(parseUid('1000')),
    user,
    gid,
    group: 'users',
    home: path(`/home/${/^\.*$/.test(user) ? 'nameless' : encodeURIComponent(user)}`),
    groups: [
      { gid, name: 'users' },
      { gid: must(parseGid('2000')), name: 'lab' },
      { gid: must(parseGid('3000')), name: undefined },
    ],
    isRoot: false,
    ...more,
  };
}

export const alice = callerNamed('alice');

/** The policy of alice under this config.yaml. */
export function load(configYaml: string, caller: Caller = alice): LoadedPolicy {
  return loadPolicy({ directory: configDirectory({ 'config.yaml': configYaml }), caller });
}

/** The problems of this config.yaml, as `LINE:COLUMN MESSAGE`. */
export function problemsOf(configYaml: string, caller: Caller = alice): readonly string[] {
  return failuresOf(() => load(configYaml, caller)).map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

export function failuresOf(action: () => unknown): readonly ConfigProblem[] {
  try {
    action();
  } catch (error) {
    if (error instanceof UserdockerError && error.failure.code === 'config') return error.failure.problems;
    throw error;
  }
  return expect.fail('expected a configuration error');
}

export function path(text: string): AbsolutePath {
  return must(parseAbsolutePath(text));
}

export function must<T>(result: Result<T>): T {
  return result.ok ? result.value : expect.fail(result.error);
}
