/** What the judges of src/policy/violations share. Nothing here is shared with the rules that build command lines. */
import type { Caller } from '../../domain/caller.ts';
import { isObject, type JsonObject } from '../../domain/json.ts';
import type { Policy } from '../../domain/policy.ts';

export interface Violation {
  /** The setting, as the Engine API names it: `HostConfig.CapAdd`. */
  readonly setting: string;
  /** Reads on after "it": `runs as "0:0" and not as 1000:1000`. */
  readonly message: string;
}

export interface ContainerToJudge {
  /** The body of a create request, or an inspected container. */
  readonly json: unknown;
  /** UUIDs of the GPUs that were granted. */
  readonly gpus: readonly string[];
  /** Where pinned sources really lie: the path docker was given, and the path that was checked. */
  readonly pins: ReadonlyMap<string, string>;
  /** Where the host parts of the policy's mount rules really lie, for those that lead over links. */
  readonly hosts?: ReadonlyMap<string, string>;
}

export interface Context {
  readonly policy: Policy;
  readonly caller: Caller;
  readonly container: ContainerToJudge;
  /** The engine and the image have filled in what the request left open. */
  readonly inspected: boolean;
  readonly config: JsonObject;
  readonly host: JsonObject;
}

/** `undefined`: nothing speaks against the value. It is called for settings that are missing, too. */
export type Judge = (value: unknown, context: Context) => string | undefined;

/** Go leaves a field of its zero value out, or writes it: both mean that nobody has set it. */
export function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** `undefined`: there is something else than texts in it, of which nobody knows what it means. */
export function textList(value: unknown): readonly string[] | undefined {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === 'string');
  return texts.length === value.length ? texts : undefined;
}

export function textEntries(value: unknown): readonly (readonly [string, string])[] | undefined {
  if (value === null || value === undefined) return [];
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
  return entries.length === Object.keys(value).length ? entries : undefined;
}

/** Those of the first list that are not in the second. */
export function beyond(
  wanted: readonly string[],
  allowed: readonly string[],
  what: string,
): string | undefined {
  const wrong = wanted.filter((each) => !allowed.includes(each));
  return wrong.length === 0 ? undefined : `${what} ${wrong.join(', ')}`;
}

export function firstProblem<T>(
  values: readonly T[],
  judge: (value: T) => string | undefined,
): string | undefined {
  for (const value of values) {
    const problem = judge(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export function matchesWhole(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'su').test(text);
}

/** As Go's filepath.Clean: without `.`, `..`, and doubled or trailing slashes. */
export function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Of a plain path. */
export function isWithin(path: string, tree: string): boolean {
  return tree === '/' || path === tree || path.startsWith(`${tree}/`);
}

/** `/proc`, `/sys`, `/dev` and below: the kernel's own. */
export function isKernels(path: string): boolean {
  return ['/proc', '/sys', '/dev'].some((tree) => isWithin(path, tree));
}

export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
