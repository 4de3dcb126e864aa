/**
 * The policy of one caller: which files are the caller's layers, whether they can be trusted, what they say, and what
 * comes out when they lie on top of each other. Any mistake in any of these files refuses the call (SPEC 4).
 *
 * cosmiconfig is not used. To make an explorer it searches the current directory for a configuration of its own, and runs
 * `.config/config.js` or `.cjs` found there (cosmiconfig 9, getUserDefinedOptionsFromMetaConfig): the directory is the
 * caller's and we are root. It also opens files by path, where we read from the handle that was checked.
 */
import { join } from 'node:path';
import type { Caller } from '../domain/caller.ts';
import { type ConfigProblem, configError } from '../domain/errors.ts';
import type { LoadedPolicy } from '../domain/policy.ts';
import { buildPolicy } from './build.ts';
import { packedDefaults } from './defaults.generated.ts';
import { decodeText, readDocument, type Source } from './document.ts';
import { itemKey } from './item-key.ts';
import { type LayerFile, layersFor } from './layers.ts';
import { mergeLayers } from './merge.ts';
import type { MapNode, Mistake } from './node.ts';
import { collectOrigins } from './origins.ts';
import { unpackDefaults } from './packed.ts';
import { TrustedTree } from './trusted-file.ts';
import { validateLayer } from './validate.ts';

export interface LoadOptions {
  /** Absolute. */
  readonly directory: string;
  readonly caller: Caller;
  /** YAML in place of the embedded defaults, for tests. */
  readonly defaultsText?: string;
  /** To learn from it afterwards which files counted (src/config/cache.ts). */
  readonly tree?: TrustedTree;
}

/** @throws UserdockerError (`config`) with every mistake of every layer of this caller */
export function loadPolicy(options: LoadOptions): LoadedPolicy {
  return loadMerged(options).loaded;
}

/**
 * The policy, and the merged layers that it was made from, for the admin's `show`.
 * @throws as loadPolicy
 */
export function loadMerged({ directory, caller, defaultsText, tree = new TrustedTree() }: LoadOptions): {
  readonly loaded: LoadedPolicy;
  readonly merged: MapNode;
} {
  const found = layersFor(directory, caller, tree);
  const defaults = defaultLayer(directory, defaultsText);
  const layers = [defaults, ...found.files.map((file) => readLayer(file, tree))];
  refuseIfAny([...found.problems, ...layers.flatMap(({ problems }) => problems)]);

  const merged = mergeLayers(
    defaults.tree,
    layers.slice(1).map((layer) => layer.tree),
    itemKey,
  );
  const built = buildPolicy(merged.tree, caller);
  const mistakes = [...merged.mistakes, ...(built.ok ? [] : built.error)];
  const problems = mistakes.map((mistake) => problemOf(mistake, layers));
  refuseIfAny(problems);
  if (!built.ok) throw configError(...problems);
  const files = found.files.map(({ path }) => path);
  const loaded = { policy: built.value, origins: collectOrigins(merged.tree), files };
  return { loaded, merged: merged.tree };
}

export interface ReadLayer {
  readonly file: string;
  /** `undefined` for the embedded defaults. */
  readonly text: string | undefined;
  /** Empty where there are problems that leave nothing to read. */
  readonly tree: MapNode;
  readonly problems: readonly ConfigProblem[];
}

export function readLayer({ layer, path }: LayerFile, trusted: TrustedTree): ReadLayer {
  const bytes = trusted.read(path);
  if (!bytes.ok) return unreadable(layer, path, bytes.error);
  // It was in the listing a moment ago: root is just editing.
  if (bytes.value === undefined)
    return unreadable(layer, path, { file: path, message: 'vanished while it was read' });
  const text = decodeText(bytes.value);
  if (!text.ok) return unreadable(layer, path, { file: path, message: text.error });
  return parseLayer({ layer, file: path, text: text.value });
}

/** The defaults, which nobody can change; `file` is where their copy lies for reading. */
export function defaultLayer(directory: string, text?: string): ReadLayer {
  const file = join(directory, 'default.yaml');
  if (text !== undefined) return parseLayer({ layer: 'default', file, text });
  return { file, text: undefined, tree: unpackDefaults(packedDefaults, file), problems: [] };
}

export function problemOf(
  { place, message }: Mistake,
  layers: readonly Pick<ReadLayer, 'file' | 'text'>[],
): ConfigProblem {
  const { file, line, column } = place;
  const text = layers.find((layer) => layer.file === file)?.text;
  const sourceLine = text?.split(/\r?\n/)[line - 1];
  return { file, line, column, message, ...(sourceLine === undefined ? {} : { sourceLine }) };
}

function parseLayer(source: Source): ReadLayer {
  const { tree, mistakes, readable } = readDocument(source);
  const known = new Set(mistakes.map(({ place }) => `${place.line}:${place.column}`));
  const further = readable ? validateLayer(tree) : [];
  const all = [...mistakes, ...further.filter(({ place }) => !known.has(`${place.line}:${place.column}`))];
  return {
    file: source.file,
    text: source.text,
    tree,
    problems: all.map((mistake) => problemOf(mistake, [source])),
  };
}

function unreadable(layer: LayerFile['layer'], file: string, problem: ConfigProblem): ReadLayer {
  const tree: MapNode = { kind: 'map', entries: new Map(), place: { layer, file, line: 1, column: 1 } };
  return { file, text: undefined, tree, problems: [problem] };
}

function refuseIfAny(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw configError(...problems);
}
