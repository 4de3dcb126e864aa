/** Paths as text: nothing here asks the file system. */
import { type AbsolutePath, parseAbsolutePath } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';

/** Go's filepath.Clean for absolute paths, which docker applies to a mount's target. */
export function cleanPath(path: string): Result<AbsolutePath> {
  return parseAbsolutePath(path.startsWith('/') ? normalise(path) : path);
}

/** @param path absolute */
export function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function componentsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

/** Both paths clean. `/data` is at or above `/data` and `/data/x`, not `/database`. */
export function isAtOrAbove(above: string, below: string): boolean {
  return above === '/' || above === below || below.startsWith(`${above}/`);
}

export function isAbove(above: string, below: string): boolean {
  return above !== below && isAtOrAbove(above, below);
}
