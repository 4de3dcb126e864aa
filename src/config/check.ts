/** For `userdocker-admin check`: every file of everybody, whether or not it applies to anyone today. */

import { findFlag, grammarOf } from '../args/grammar.ts';
import type { ConfigProblem } from '../domain/errors.ts';
import { argumentEntry } from './argument-entry.ts';
import { itemKey } from './item-key.ts';
import { discoverLayers, type LayerFile } from './layers.ts';
import { defaultLayer, problemOf, type ReadLayer, readLayer } from './load.ts';
import { mergeLayers } from './merge.ts';
import { type ConfigNode, type Mistake, plain } from './node.ts';
import { knownSubcommands, type Subcommand } from './subcommands.ts';
import { TrustedTree } from './trusted-file.ts';
import { didYouMean } from './values.ts';
import { sampleVariables } from './variables.ts';

export interface ConfigCheck {
  /** In the order in which they are merged; for a look at whether the users and groups exist. */
  readonly files: readonly LayerFile[];
  /** Each of these refuses the calls of those for whom the file is. */
  readonly problems: readonly ConfigProblem[];
  /** What has no effect: files that nobody reads, removals of what is not there. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Each file is merged onto the defaults and `config.yaml` alone: what several layers of one user make of each other, only
 * `loadPolicy` for that user can say.
 */
export function checkConfiguration(directory: string): ConfigCheck {
  const trusted = new TrustedTree();
  const { files, problems, strays } = discoverLayers(directory, trusted);
  const defaults = defaultLayer(directory);
  const layers = files.map((file) => ({ file, read: readLayer(file, trusted) }));
  const usable = layers.filter(({ read }) => read.problems.length === 0);
  const base = usable.filter(({ file }) => file.layer === 'config').map(({ read }) => read);
  const merged = usable.map(({ file, read }) =>
    mergeOne(defaults, file.layer === 'config' ? [] : base, read),
  );
  return {
    files,
    problems: [
      ...problems,
      ...layers.flatMap(({ read }) => read.problems),
      ...merged.flatMap((result) => result.problems),
    ],
    warnings: [...strays, ...merged.flatMap((result) => result.warnings)],
  };
}

function mergeOne(
  defaults: ReadLayer,
  base: readonly ReadLayer[],
  layer: ReadLayer,
): { readonly problems: readonly ConfigProblem[]; readonly warnings: readonly ConfigProblem[] } {
  const trees = [...base, layer].map(({ tree }) => tree);
  const { mistakes, notes } = mergeLayers(defaults.tree, trees, itemKey);
  const own = (list: typeof notes) =>
    list.filter(({ place }) => place.file === layer.file).map((mistake) => problemOf(mistake, [layer]));
  return { problems: own(mistakes), warnings: own([...notes, ...strangeFlags(layer)]) };
}

/** An option that no docker of ours knows is the admin's to vouch for, or a typing error. */
function strangeFlags({ tree }: ReadLayer): readonly Mistake[] {
  const args = tree.entries.get('args')?.value;
  return knownSubcommands.flatMap((command) => {
    const lists = args?.kind === 'map' ? args.entries.get(command)?.value : undefined;
    const items =
      lists?.kind === 'map' ? [...lists.entries.values()].flatMap(({ value }) => itemsOf(value)) : [];
    return items.flatMap((item) => strangeFlag(command, item));
  });
}

function strangeFlag(command: Subcommand, item: ConfigNode): readonly Mistake[] {
  const entry = argumentEntry(command)(plain(item), sampleVariables);
  const { flags } = grammarOf(command);
  const [first] = entry.ok ? entry.value.flags : [];
  if (first === undefined || (entry.ok && entry.value.flags.some((flag) => findFlag(flags, flag)))) return [];
  const near = didYouMean(
    first,
    flags.map(({ long }) => long),
  );
  return [
    { place: item.place, message: `args.${command}: docker ${command} is not known to have ${first}${near}` },
  ];
}

function itemsOf(node: ConfigNode): readonly ConfigNode[] {
  return node.kind === 'list' ? node.items : [];
}
