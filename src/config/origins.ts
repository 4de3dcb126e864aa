/** Where each value of a merged policy was set. */
import type { LoadedPolicy, Origin } from '../domain/policy.ts';
import type { ConfigNode, MapNode, Place } from './node.ts';

/** Keys are dotted paths, items of lists `path[0]`. */
export function collectOrigins(tree: MapNode): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  collect(tree, '', origins);
  return origins;
}

/** That of the value itself, else of what it stands in: `args.run.always[0]`, `args.run.always`, `args.run`, `args`. */
export function originOf(loaded: Pick<LoadedPolicy, 'origins'>, path: string): Origin | undefined {
  for (let shorter = path; shorter !== ''; shorter = parentOf(shorter)) {
    const origin = loaded.origins.get(shorter);
    if (origin !== undefined) return origin;
  }
  return undefined;
}

export function originOfPlace({ layer, file, line }: Place): Origin {
  return { layer, file, line };
}

function collect(node: ConfigNode, path: string, origins: Map<string, Origin>): void {
  if (node.kind === 'list') {
    node.items.forEach((item, index) => {
      origins.set(`${path}[${index}]`, originOfPlace(item.place));
    });
  }
  if (node.kind !== 'map') return;
  for (const [key, { keyPlace, value }] of node.entries) {
    const child = path === '' ? key : `${path}.${key}`;
    origins.set(child, originOfPlace(keyPlace));
    collect(value, child, origins);
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0));
}
