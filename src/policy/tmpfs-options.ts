/** Options of a tmpfs mount: an allow list. The engine's own nosuid, nodev and noexec stay; only noexec may be lifted. */
import { err, ok, type Result } from '../domain/result.ts';

export interface TmpfsOptions {
  /** Bytes. */
  readonly size: number | undefined;
  /** Permission bits of the new directory, sticky bit included. */
  readonly mode: number | undefined;
  readonly exec: boolean;
  readonly readOnly: boolean;
}

/** The part of `--tmpfs` after the colon. */
export function parseTmpfsOptions(text: string): Result<TmpfsOptions> {
  let options: TmpfsOptions = { size: undefined, mode: undefined, exec: false, readOnly: false };
  const seen = new Set<string>();
  for (const option of text === '' ? [] : text.split(',')) {
    const change = changeOf(option);
    if (change === undefined) return err(`has the option "${option}"`);
    const key = option.split('=', 1)[0] ?? '';
    const topic = topics.get(key) ?? key;
    if (seen.has(topic)) return err(`says twice what ${topic} is to be`);
    seen.add(topic);
    options = { ...options, ...change };
  }
  return ok(options);
}

/** Options that contradict each other are about one thing. */
const topics: ReadonlyMap<string, string> = new Map([
  ['ro', 'access'],
  ['rw', 'access'],
  ['exec', 'exec'],
  ['noexec', 'exec'],
]);

function changeOf(option: string): Partial<TmpfsOptions> | undefined {
  switch (option) {
    case 'ro':
      return { readOnly: true };
    case 'exec':
      return { exec: true };
    case 'rw':
    case 'noexec':
    case 'nosuid':
    case 'nodev':
      return {};
    default:
      return option.startsWith('size=') ? sizeChange(option.slice(5)) : modeChange(option);
  }
}

function sizeChange(text: string): Partial<TmpfsOptions> | undefined {
  const size = parseTmpfsSize(text);
  return size === undefined ? undefined : { size };
}

function modeChange(option: string): Partial<TmpfsOptions> | undefined {
  const mode = option.startsWith('mode=') ? parseTmpfsMode(option.slice(5)) : undefined;
  return mode === undefined ? undefined : { mode };
}

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
]);

/** `64m`, `1g`, plain bytes. Not 0, which the kernel takes for "no limit" (tmpfs(5)), and no share of the memory (`50%`). */
export function parseTmpfsSize(text: string): number | undefined {
  const match = /^([0-9]{1,15})([bkmgt]?)$/i.exec(text);
  const unit = units.get(match?.[2]?.toLowerCase() ?? '');
  if (match === null || unit === undefined) return undefined;
  const size = Number(match[1]) * unit;
  return size > 0 && size <= Number.MAX_SAFE_INTEGER ? size : undefined;
}

/** Octal, with the sticky bit at most: no set-user-ID or set-group-ID directory. */
export function parseTmpfsMode(text: string): number | undefined {
  return /^0?[01]?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
