/**
 * Where the host part of a rule really lies, seen as root. Links are followed only in directories that are root's
 * alone: a rule for `/home/alice/data` must not come to mean `/etc` because alice made that a link. From the first
 * directory on that somebody else can write, the rule's words are taken as they are.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { componentsOf } from '../policy/mount-paths.ts';
import { isRootsAlone } from './descriptors.ts';

export interface HostRules {
  /** `false`: not to be looked at (it may hang); the words stand for themselves from there on. */
  mayEnter(path: string): boolean;
  ownersCount(path: string): boolean;
}

const linksMax = 40;

/** Remembers directories: many rules share the beginning of their paths. */
export class RuleHosts {
  readonly #rules: HostRules;
  readonly #looked = new Map<string, Look>();

  constructor(rules: HostRules) {
    this.#rules = rules;
  }

  /** @returns a clean path; `undefined` where the rule's own words are no clean absolute path */
  realPath(host: string): string | undefined {
    const pending = [...componentsOf(host)].reverse();
    if (!host.startsWith('/') || pending.some((name) => name === '.' || name === '..')) return undefined;
    let here = '/';
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '.') continue;
      if (name === '..') {
        here = here.slice(0, here.lastIndexOf('/')) || '/';
        continue;
      }
      const next = here === '/' ? `/${name}` : `${here}/${name}`;
      const look = this.#look(here).rootsAlone ? this.#look(next) : unknown;
      if (look === unknown) return asWritten(next, pending.reverse());
      if (look.target === undefined) {
        here = next;
        continue;
      }
      links += 1;
      if (links > linksMax) return undefined;
      if (look.target.startsWith('/')) here = '/';
      pending.push(...componentsOf(look.target).toReversed());
    }
    return here;
  }

  /** @param path reached without following a link */
  #look(path: string): Look {
    const known = this.#looked.get(path);
    if (known !== undefined) return known;
    const look = this.#rules.mayEnter(path) ? lookAt(path, this.#rules.ownersCount(path)) : unknown;
    this.#looked.set(path, look);
    return look;
  }
}

function asWritten(path: string, rest: readonly string[]): string | undefined {
  // Only a link's text can have these, and what they would lead to nobody can say without following it.
  return rest.some((name) => name === '.' || name === '..') ? undefined : [path, ...rest].join('/');
}

interface Look {
  /** A directory whose entries only root can change. */
  readonly rootsAlone: boolean;
  /** What a symbolic link says. */
  readonly target: string | undefined;
}

/** Missing, not to be looked at, or in a directory of somebody else. */
const unknown: Look = { rootsAlone: false, target: undefined };

function lookAt(path: string, ownersCount: boolean): Look {
  try {
    const stat = lstatSync(path, { bigint: true });
    if (stat.isSymbolicLink()) return { rootsAlone: false, target: readlinkSync(path) };
    return { rootsAlone: stat.isDirectory() && isRootsAlone(stat) && ownersCount, target: undefined };
  } catch {
    return unknown;
  }
}
