/**
 * Where links of an image lead a path. runc follows them inside the container: with `/w` a link to `/home/alice` in the
 * image, the working directory `/w/new` is made, as root, in what is mounted at `/home/alice`. So the rules are asked
 * about that place too.
 *
 * The image is read where overlay2 keeps its layers. Everything in there is hostile, so no link is ever followed by the
 * kernel: each step looks at one entry (lstat(2)) of a directory that is known to be none.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import { objectAt, textAt } from '../domain/json.ts';
import type { Places } from '../policy/mount-facts.ts';
import { componentsOf, normalise } from '../policy/mount-paths.ts';
import { isRootsAlone } from './descriptors.ts';

/**
 * The layers of an image or a container, the topmost first.
 *
 * @param inspected what the engine says of it (`GET /images/NAME/json`, `GET /containers/ID/json`)
 * @returns `undefined` where the engine does not say (containerd's image store), or keeps them another way
 */
export function layersOf(inspected: unknown): readonly string[] | undefined {
  const driver = objectAt(inspected, 'GraphDriver');
  if (textAt(driver, 'Name') !== 'overlay2') return undefined;
  const data = objectAt(driver, 'Data');
  const [upper, lower] = [textAt(data, 'UpperDir'), textAt(data, 'LowerDir')];
  if (upper === undefined) return undefined;
  const layers = [upper, ...(lower ?? '').split(':')].filter((layer) => layer !== '');
  return layers.every((layer) => layer.startsWith('/')) ? layers : undefined;
}

/**
 * @param paths clean paths in the container
 * @param mounted targets of mounts: what lies below them is not the image's any more
 * @returns for each path that leads elsewhere where it may lead
 */
export function followInImage(
  layers: readonly string[] | undefined,
  paths: readonly string[],
  mounted: readonly string[],
): Places {
  if (layers === undefined) return new Map();
  const bare = new Map(paths.map((path) => [path, follow(layers, path, new Set())]));
  // The order in which runc mounts decides whether it meets the image's directory or the mount: both count.
  const stops = new Set([...mounted, ...mounted.flatMap((target) => bare.get(target) ?? [])]);
  return new Map(
    paths.map((path) => {
      const places = new Set([bare.get(path) ?? path, follow(layers, path, stops)]);
      places.delete(path);
      return [path, [...places]] as const;
    }),
  );
}

const linksMax = 40;

/**
 * @param stops below these nothing is looked at
 * @param pass is told of each directory that an entry is looked up in
 */
function follow(
  layers: readonly string[],
  path: string,
  stops: ReadonlySet<string>,
  pass: (directory: Directory) => void = () => undefined,
): string {
  const pending = [...componentsOf(path)].reverse();
  let here: Directory = { path: '', above: undefined, layers };
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '..') here = here.above ?? here;
    if (name === '.' || name === '..') continue;
    if (stops.has(here.path)) return asText(here.path, name, pending);
    pass(here);
    const entry = lookUp(here, name);
    if (entry.link === undefined) {
      here = { path: `${here.path}/${name}`, above: here, layers: entry.layers };
      continue;
    }
    links += 1;
    if (links > linksMax) return asText(here.path, name, pending);
    if (entry.link.startsWith('/')) here = { path: '', above: undefined, layers };
    pending.push(...componentsOf(entry.link).toReversed());
  }
  return here.path === '' ? '/' : here.path;
}

/**
 * Paths of a container that is to be started again on whose way its own processes could have put a link meanwhile, or
 * still can: while docker waits for them to stop, or where a second start of the same container comes in between. runc
 * would follow it as root.
 *
 * @param layers of the container
 * @param mounted targets of binds and tmpfs: what lies below them is judged by src/mounts/nested.ts, or made anew
 * @param volumes the image's; what was written there stays, and is in no layer
 */
export function changeablePaths(
  layers: readonly string[] | undefined,
  paths: readonly string[],
  mounted: readonly string[],
  volumes: readonly string[],
): readonly string[] {
  if (layers === undefined) return [];
  const stops = new Set(mounted);
  const kept = new Set(
    volumes.flatMap((path) => [normalise(path), follow(layers, normalise(path), new Set())]),
  );
  return paths.filter((path) => {
    let changeable = false;
    follow(layers, normalise(path), stops, (directory) => {
      changeable ||= kept.has(directory.path) || !isRootsAloneInImage(directory);
    });
    return changeable;
  });
}

/** What is in no layer is made by root. */
function isRootsAloneInImage({ path, layers: [topmost] }: Directory): boolean {
  const stat = topmost === undefined ? undefined : lstatSync(`${topmost}${path}`, { throwIfNoEntry: false });
  return stat === undefined || isRootsAlone(stat);
}

interface Directory {
  /** Without links; empty for the root directory. */
  readonly path: string;
  readonly above: Directory | undefined;
  /** Those in which every step of the path is a directory. */
  readonly layers: readonly string[];
}

interface Entry {
  readonly link: string | undefined;
  readonly layers: readonly string[];
}

/** The topmost layer that has an entry says what it is; directories of several layers are merged (overlayfs). */
function lookUp({ path, layers }: Directory, name: string): Entry {
  const merged: string[] = [];
  for (const layer of layers) {
    const stat = lstatSync(`${layer}${path}/${name}`, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isSymbolicLink() && merged.length === 0) {
      return { link: readlinkSync(`${layer}${path}/${name}`), layers: [] };
    }
    // A whiteout, a file or a link hides what is below it. (That of an opaque directory can't be seen from here: at
    // worst a link is followed that is hidden.)
    if (!stat.isDirectory()) break;
    merged.push(layer);
  }
  return { link: undefined, layers: merged };
}

function asText(path: string, name: string, pending: readonly string[]): string {
  return normalise([path, name, ...pending.toReversed()].join('/'));
}
