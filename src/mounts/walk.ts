/**
 * Follows a path component by component, as the kernel would, with the rights the process has at the moment.
 *
 * Invariants
 * 1. Every step is taken from a directory that is held open: renaming or replacing a directory behind the walk changes
 *    nothing about where it stands.
 * 2. Links are read and followed as text. The links of /proc/PID/{fd,cwd,root}, over which the kernel jumps without
 *    checking any permission on the way, and for which root's own process would be taken for the caller's, are
 *    followed like all others: from the top, with permission checks.
 * 3. No step is taken into a file system that may hang unless `mayEnter` allows it.
 */
import { readlinkSync } from 'node:fs';
import {
  errorCode,
  type Held,
  holdAny,
  holdDirectory,
  isRootsAlone,
  pathOf,
  release,
} from './descriptors.ts';

export type Walk =
  | {
      readonly kind: 'found';
      readonly held: Held;
      readonly realPath: string;
      /** Every directory above the real path is root's alone. */
      readonly stable: boolean;
      /** So is every directory in which a link was followed on the way. */
      readonly rootsAlone: boolean;
    }
  | {
      readonly kind: 'missing';
      readonly parent: Held;
      readonly realParent: string;
      readonly names: readonly string[];
    }
  | { readonly kind: 'barred'; readonly path: string }
  | { readonly kind: 'failed'; readonly code: string };

export interface WalkRules {
  /** Asked about every path before it is opened. */
  mayEnter(path: string): boolean;
  /** Whether owner and mode of what lies there say who can change it. */
  ownersCount(path: string): boolean;
  /** The uid whose links in a sticky directory are followed (sysctl fs.protected_symlinks). */
  readonly uid: number;
}

/** As many links as the kernel follows (path_resolution(7)). */
const linksMax = 40;

interface Step extends Held {
  readonly name: string;
}

/** @param path absolute. The result holds one descriptor open, which the caller has to release. */
export function walk(path: string, rules: WalkRules): Walk {
  const way = new Way(path, rules);
  try {
    const end = way.go();
    way.close(end);
    return end;
  } catch (error) {
    way.close(undefined);
    return { kind: 'failed', code: errorCode(error) };
  }
}

class Way {
  readonly #rules: WalkRules;
  readonly #mustBeDirectory: boolean;
  /** The directories from the root to where the walk stands; the last one may be a file at the end. */
  readonly #steps: Step[] = [];
  /** Components still to go, the next one last. */
  #pending: string[];
  #links = 0;
  #rootsAlone = true;

  constructor(path: string, rules: WalkRules) {
    this.#rules = rules;
    this.#pending = path.split('/').reverse();
    this.#mustBeDirectory = /\/\.{0,2}$/.test(path);
    this.#steps.push({ ...holdDirectory('/'), name: '' });
  }

  go(): Walk {
    for (let name = this.#pending.pop(); name !== undefined; name = this.#pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') this.#up();
      else {
        const end = this.#into(name);
        if (end !== undefined) return end;
      }
    }
    return this.#arrive();
  }

  #into(name: string): Walk | undefined {
    const path = join(this.realPath, name);
    if (!this.#rules.mayEnter(path)) return { kind: 'barred', path };
    const here = this.#here;
    this.#rootsAlone &&= this.#isTrusted(this.#steps.length - 1);
    try {
      this.#steps.push({ ...this.#open(pathOf(here.descriptor, name)), name });
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return this.#missing(name);
      throw error;
    }
    const { stat } = this.#here;
    if (stat.isSymbolicLink()) this.#follow(here, name);
    else if (!stat.isDirectory() && this.#pending.some((rest) => rest !== ''))
      return { kind: 'failed', code: 'ENOTDIR' };
    return undefined;
  }

  /** A directory is tried first, since only that wakes an automounter. */
  #open(path: string): Held {
    try {
      return holdDirectory(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOTDIR') throw error;
      return holdAny(path);
    }
  }

  #follow(here: Held, name: string): void {
    const link = this.#here;
    this.#links += 1;
    if (this.#links > linksMax) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
    // What the kernel refuses with fs.protected_symlinks: somebody else's link in /tmp.
    const sticky = (here.stat.mode & 0o1002n) === 0o1002n;
    if (sticky && link.stat.uid !== BigInt(this.#rules.uid) && link.stat.uid !== here.stat.uid) {
      throw Object.assign(new Error('a link in a sticky directory'), { code: 'EACCES' });
    }
    const target = readlinkSync(pathOf(here.descriptor, name));
    this.#up();
    if (target.startsWith('/')) while (this.#steps.length > 1) this.#up();
    this.#pending.push(...target.split('/').reverse());
  }

  #missing(first: string): Walk {
    const names = [first, ...this.#pending.reverse().filter((name) => name !== '' && name !== '.')];
    if (names.includes('..')) return { kind: 'failed', code: 'ENOENT' };
    return { kind: 'missing', parent: this.#here, realParent: this.realPath, names };
  }

  #arrive(): Walk {
    const held = this.#here;
    if (this.#mustBeDirectory && !held.stat.isDirectory()) return { kind: 'failed', code: 'ENOTDIR' };
    const stable = this.#steps.every(
      (_step, index) => index === this.#steps.length - 1 || this.#isTrusted(index),
    );
    return { kind: 'found', held, realPath: this.realPath, stable, rootsAlone: this.#rootsAlone && stable };
  }

  #isTrusted(index: number): boolean {
    const step = this.#steps[index];
    return step !== undefined && isRootsAlone(step.stat) && this.#rules.ownersCount(this.#pathTo(index));
  }

  /** `..` leads to where the walk came from, also if somebody has moved the directory since. */
  #up(): void {
    if (this.#steps.length < 2) return;
    const left = this.#steps.pop();
    if (left !== undefined) release(left.descriptor);
  }

  get #here(): Step {
    const step = this.#steps.at(-1);
    if (step === undefined) throw new Error('the walk left the root directory');
    return step;
  }

  get realPath(): string {
    return this.#pathTo(this.#steps.length - 1);
  }

  #pathTo(index: number): string {
    const names = this.#steps.slice(1, index + 1).map(({ name }) => name);
    return `/${names.join('/')}`;
  }

  /** Releases everything but what the result holds. */
  close(end: Walk | undefined): void {
    const kept = end?.kind === 'found' ? end.held : end?.kind === 'missing' ? end.parent : undefined;
    for (const { descriptor } of this.#steps) if (descriptor !== kept?.descriptor) release(descriptor);
  }
}

function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}
