/** Which paths of a container lie inside what is mounted there. */
import type { NestedPath, Places, Selection } from './mount-facts.ts';
import { cleanPath, componentsOf, isAbove } from './mount-paths.ts';

/** Paths that the container or the engine uses beside the mounts' targets. */
export interface PathsInUse {
  /** The user's `-w`, else the image's WORKDIR; empty where there is neither. */
  readonly workingDirectory: string;
  /** The image's VOLUMEs. */
  readonly imageVolumes: readonly string[];
}

/** The engine mounts these over the image's own. */
const engineFiles = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

interface Use {
  readonly path: string;
  readonly what: string;
  readonly type: NestedPath['type'];
  readonly inner: number | undefined;
}

function usesOf({ binds, tmpfs }: Selection, { workingDirectory, imageVolumes }: PathsInUse): readonly Use[] {
  const use = (path: string, what: string, type: Use['type'], inner?: number): readonly Use[] => {
    const clean = cleanPath(path);
    return clean.ok ? [{ path: clean.value, what, type, inner }] : [];
  };
  return [
    ...binds.flatMap(({ target, text }, inner) => use(target, `the target of ${text}`, 'as-source', inner)),
    ...tmpfs.flatMap(({ target, text }) => use(target, `the target of ${text}`, 'directory')),
    ...imageVolumes.flatMap((path) => use(path, "the image's volume", 'directory')),
    ...use(workingDirectory, 'the working directory', 'directory'),
    ...engineFiles.flatMap((path) => use(path, "the engine's own file", 'file')),
  ];
}

/** All paths whose place in the image counts. */
export function pathsToFollow(selection: Selection, paths: PathsInUse): readonly string[] {
  return [...new Set(usesOf(selection, paths).map(({ path }) => path))];
}

export function placesOf(places: Places, path: string): readonly string[] {
  return [path, ...(places.get(path) ?? [])];
}

/**
 * Where one path lies inside a bind mount, runc, as root, makes what is missing of it on the host. So it has to be
 * there already. Below a tmpfs or a volume that is harmless: nothing of the host is under it.
 */
export function nestedPaths(selection: Selection, paths: PathsInUse, places: Places): readonly NestedPath[] {
  const cover = (targets: readonly string[], bind?: number): readonly Cover[] =>
    targets.flatMap((target) => placesOf(places, target)).map((target) => ({ target, bind }));
  const covers: readonly Cover[] = [
    ...selection.binds.flatMap(({ target }, bind) => cover([target], bind)),
    ...cover([...selection.tmpfs.map(({ target }) => target), ...paths.imageVolumes]),
  ];
  return usesOf(selection, paths).flatMap((use) =>
    placesOf(places, use.path).flatMap((path) => nestedPath({ ...use, path }, covers)),
  );
}

interface Cover {
  readonly target: string;
  /** Index of the bind mount; `undefined` where nothing of the host is under it. */
  readonly bind: number | undefined;
}

function nestedPath({ path, what, type, inner }: Use, covers: readonly Cover[]): readonly NestedPath[] {
  // Over a link of the image a target may come to lie in its own mount, which is not there yet when it is mounted.
  const others = covers.filter(({ bind }) => bind === undefined || bind !== inner);
  const outer = nearestAbove(others, path);
  if (outer?.bind === undefined) return [];
  const names = componentsOf(path).slice(componentsOf(outer.target).length);
  return [{ what, type, inner, path, outer: outer.bind, names }];
}

function nearestAbove(covers: readonly Cover[], path: string): Cover | undefined {
  return covers
    .filter(({ target }) => isAbove(target, path))
    .reduce<Cover | undefined>(
      (best, next) => (best === undefined || isAbove(best.target, next.target) ? next : best),
      undefined,
    );
}
