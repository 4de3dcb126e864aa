/**
 * Values that were checked once, at the edge, and carry that fact in their type. Each type has exactly one
 * constructor; NUL and other control characters die there.
 */
import { err, ok, type Result } from './result.ts';

declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A numeric user id, 0 to 2^32-2 (POSIX keeps (uid_t)-1 for "no id"; chown(2), setreuid(2)). */
export type Uid = Brand<number, 'Uid'>;
/** A numeric group id, 0 to 2^32-2. */
export type Gid = Brand<number, 'Gid'>;
/** An absolute path without NUL, other control characters, or `.`, `..` and empty components. */
export type AbsolutePath = Brand<string, 'AbsolutePath'>;
/** A container's full id: 64 lower-case hexadecimal digits. */
export type ContainerId = Brand<string, 'ContainerId'>;
/** A container name as the engine accepts it: `[a-zA-Z0-9][a-zA-Z0-9_.-]+` (moby daemon/names). */
export type ContainerName = Brand<string, 'ContainerName'>;

const maxId = 0xffff_fffe;
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/u;

export function hasControlCharacter(text: string): boolean {
  return controlCharacter.test(text);
}

function parseId(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}

/** Plain decimal only: no sign, no leading zero, no space (`-u 00` must not mean root to one parser and not to another). */
export function parseUid(text: string): Result<Uid> {
  const id = parseId(text);
  return id === undefined ? err(`not a user id: ${JSON.stringify(text)}`) : ok(id as Uid);
}

export function parseGid(text: string): Result<Gid> {
  const id = parseId(text);
  return id === undefined ? err(`not a group id: ${JSON.stringify(text)}`) : ok(id as Gid);
}

export function parseAbsolutePath(text: string): Result<AbsolutePath> {
  if (!text.startsWith('/')) return err(`not an absolute path: ${JSON.stringify(text)}`);
  if (controlCharacter.test(text)) return err(`a path with a control character: ${JSON.stringify(text)}`);
  const components = text.split('/').slice(1);
  const clean = text === '/' || components.every((part) => part !== '' && part !== '.' && part !== '..');
  return clean ? ok(text as AbsolutePath) : err(`not a clean path: ${JSON.stringify(text)}`);
}

export function parseContainerId(text: string): Result<ContainerId> {
  return /^[0-9a-f]{64}$/.test(text)
    ? ok(text as ContainerId)
    : err(`not a container id: ${JSON.stringify(text)}`);
}

export function parseContainerName(text: string): Result<ContainerName> {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)
    ? ok(text as ContainerName)
    : err(`not a container name: ${JSON.stringify(text)}`);
}
