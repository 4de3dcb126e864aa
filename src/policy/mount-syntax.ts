/**
 * The three spellings of a mount, `-v`, `--mount` and `--tmpfs`, brought to one form before anything is judged. What
 * is read here is what docker's own client would read (docker/cli opts/mount.go), or it is refused: a second reading
 * of the same words would be a way around the policy.
 */
import { parseBoolean } from '../args/boolean.ts';
import type { Reason } from '../domain/errors.ts';
import { type AbsolutePath, hasControlCharacter } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { parseCsvRecord } from './csv.ts';
import { cleanPath } from './mount-paths.ts';
import { parseTmpfsMode, parseTmpfsOptions, parseTmpfsSize, type TmpfsOptions } from './tmpfs-options.ts';

export interface BindRequest {
  readonly kind: 'bind';
  /** Absolute, else as written: `..` and links are for the file system to resolve, with the caller's rights. */
  readonly source: string;
  readonly target: AbsolutePath;
  /** `undefined`: the user did not say. */
  readonly access: 'ro' | 'rw' | undefined;
  /** As written, for messages. */
  readonly text: string;
}

export interface TmpfsRequest extends TmpfsOptions {
  readonly kind: 'tmpfs';
  readonly target: AbsolutePath;
  readonly text: string;
}

export type MountRequest = BindRequest | TmpfsRequest;

/** PATH_MAX of Linux, its NUL included. */
const pathMax = 4096;
const noVolumes = 'mount a directory of the machine: -v /full/path:/target';

/** The value of `-v` or `--volume`: `SOURCE:TARGET[:ro|rw]`. */
export function parseVolume(value: string): Result<BindRequest, Reason> {
  const text = `-v ${value}`;
  const [source = '', target, access, ...rest] = value.split(':');
  if (target === undefined) {
    const instead = source.startsWith('/') ? `-v ${source}:${source} mounts that directory` : noVolumes;
    return refuse(text, 'is an anonymous volume', instead);
  }
  if (rest.length > 0) return refuse(text, 'has too many colons', 'a path with a colon needs --mount');
  if (access !== undefined && access !== 'ro' && access !== 'rw') {
    return refuse(text, `has the option "${access}", which is not offered`, 'the only options are ro and rw');
  }
  return bind({ source, target, access, text });
}

/** The value of `--mount`: comma-separated `key=value`, quoted like CSV. Docker ignores the case of keys and of the type. */
export function parseMount(value: string): Result<MountRequest, Reason> {
  const text = `--mount ${value}`;
  if (hasControlCharacter(value)) return refuse(text, 'has a control character');
  const fields = parseCsvRecord(value);
  if (!fields.ok) return refuse(text, `can't be read: ${fields.error}`);
  const given = new Map<MountKey, string>();
  for (const field of fields.value) {
    const [key, fieldValue] = splitField(field);
    if (key === undefined) {
      return refuse(
        text,
        `has the field "${field}", which is not offered`,
        `fields are ${[...mountKeys.keys()].join(', ')}`,
      );
    }
    // Docker takes the last one; two readers of one command line must not have to agree on that.
    if (given.has(key)) return refuse(text, `names its ${key} twice`);
    given.set(key, fieldValue);
  }
  return fromFields(given, text);
}

/** The value of `--tmpfs`: `TARGET[:OPTION,...]`. */
export function parseTmpfs(value: string): Result<TmpfsRequest, Reason> {
  const text = `--tmpfs ${value}`;
  const colon = value.indexOf(':');
  const options = parseTmpfsOptions(colon === -1 ? '' : value.slice(colon + 1));
  if (!options.ok)
    return refuse(text, options.error, 'options are size=, mode=, ro, rw, exec, noexec, nosuid, nodev');
  return tmpfs(colon === -1 ? value : value.slice(0, colon), options.value, text);
}

type MountKey = 'type' | 'source' | 'target' | 'readonly' | 'tmpfs-size' | 'tmpfs-mode';
const mountKeys: ReadonlyMap<string, MountKey> = new Map([
  ['type', 'type'],
  ['source', 'source'],
  ['src', 'source'],
  ['target', 'target'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['readonly', 'readonly'],
  ['ro', 'readonly'],
  ['tmpfs-size', 'tmpfs-size'],
  ['tmpfs-mode', 'tmpfs-mode'],
]);

function splitField(field: string): readonly [MountKey | undefined, string] {
  const equals = field.indexOf('=');
  const key = mountKeys.get((equals === -1 ? field : field.slice(0, equals)).toLowerCase());
  if (equals !== -1) return [key, field.slice(equals + 1)];
  return key === 'readonly' ? [key, 'true'] : [undefined, ''];
}

function fromFields(given: ReadonlyMap<MountKey, string>, text: string): Result<MountRequest, Reason> {
  const readonly = given.get('readonly');
  const readOnly = readonly === undefined ? undefined : parseBoolean(readonly);
  if (readonly !== undefined && readOnly === undefined) {
    return refuse(text, `has readonly=${readonly}`, 'readonly, readonly=true or readonly=false');
  }
  const access = readOnly === undefined ? undefined : readOnly ? 'ro' : 'rw';
  const type = (given.get('type') ?? 'volume').toLowerCase();
  const target = given.get('target');
  if (target === undefined) return refuse(text, 'names no target');
  const has = (...keys: readonly MountKey[]): boolean => keys.some((key) => given.has(key));
  if (type === 'bind') {
    const source = given.get('source');
    if (source === undefined) return refuse(text, 'names no source');
    if (has('tmpfs-size', 'tmpfs-mode')) return refuse(text, 'mixes the options of two types');
    return bind({ source, target, access, text });
  }
  if (type === 'tmpfs') {
    if (has('source')) return refuse(text, 'names a source for a tmpfs');
    return tmpfsFromFields(given, access === 'ro', target, text);
  }
  if (type === 'volume')
    return refuse(
      text,
      'is a volume, and volumes belong to nobody',
      'type=bind,source=/full/path,target=...',
    );
  return refuse(text, `has the type "${type}"`, 'the types are bind and tmpfs');
}

function tmpfsFromFields(
  given: ReadonlyMap<MountKey, string>,
  readOnly: boolean,
  target: string,
  text: string,
): Result<TmpfsRequest, Reason> {
  const sizeText = given.get('tmpfs-size');
  const modeText = given.get('tmpfs-mode');
  const size = sizeText === undefined ? undefined : parseTmpfsSize(sizeText);
  const mode = modeText === undefined ? undefined : parseTmpfsMode(modeText);
  if (sizeText !== undefined && size === undefined)
    return refuse(text, `has tmpfs-size=${sizeText}`, 'tmpfs-size=64m');
  if (modeText !== undefined && mode === undefined)
    return refuse(text, `has tmpfs-mode=${modeText}`, 'tmpfs-mode=1777');
  return tmpfs(target, { size, mode, exec: false, readOnly }, text);
}

interface BindText {
  readonly source: string;
  readonly target: string;
  readonly access: 'ro' | 'rw' | undefined;
  readonly text: string;
}

function bind({ source, target, access, text }: BindText): Result<BindRequest, Reason> {
  if (hasControlCharacter(source)) return refuse(text, 'has a control character in its source');
  if (Buffer.byteLength(source) >= pathMax)
    return refuse(text.slice(0, 100), 'has a source that is too long');
  if (!source.startsWith('/')) return refuse(text, sourceProblem(source), sourceRemedy(source, target));
  const clean = parseTarget(target, text);
  return clean.ok ? ok({ kind: 'bind', source, target: clean.value, access, text }) : clean;
}

function sourceProblem(source: string): string {
  if (source === '') return 'has an empty source';
  return isRelative(source)
    ? 'has a relative source'
    : `names the volume "${source}": volumes belong to nobody`;
}

function sourceRemedy(source: string, target: string): string {
  return isRelative(source)
    ? 'write the whole path, "$PWD/..." for one in this directory'
    : `mount a directory of the machine: -v /full/path:${target}`;
}

function isRelative(source: string): boolean {
  return source.startsWith('.') || source.startsWith('~') || source.includes('/');
}

function tmpfs(target: string, options: TmpfsOptions, text: string): Result<TmpfsRequest, Reason> {
  const clean = parseTarget(target, text);
  if (!clean.ok) return clean;
  // Only --tmpfs can say exec, and it ends its path at the first colon.
  if (options.exec && clean.value.includes(':')) return refuse(text, 'has a colon in its target');
  return ok({ kind: 'tmpfs', target: clean.value, ...options, text });
}

function parseTarget(target: string, text: string): Result<AbsolutePath, Reason> {
  if (Buffer.byteLength(target) >= pathMax)
    return refuse(text.slice(0, 100), 'has a target that is too long');
  if (hasControlCharacter(target)) return refuse(text, 'has a control character in its target');
  const clean = cleanPath(target);
  if (!clean.ok)
    return refuse(text, `has the target "${target}"`, 'a target is an absolute path in the container');
  return clean;
}

function refuse(text: string, problem: string, instead?: string): Result<never, Reason> {
  const message = `${text} ${problem}`;
  return err({ rule: 'mounts', message, ...(instead === undefined ? {} : { instead }) });
}
