/**
 * Which file is whose layer. Names are compared as they are: a user's name may hold dots, `@`, backslashes or spaces, and
 * no character of it is a pattern.
 */
import { join } from 'node:path';
import type { Caller } from '../domain/caller.ts';
import type { ConfigProblem } from '../domain/errors.ts';
import { type Gid, parseGid, parseUid } from '../domain/ids.ts';
import type { Layer } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { TrustedTree } from './trusted-file.ts';

export interface LayerFile {
  readonly layer: Exclude<Layer, 'default'>;
  readonly path: string;
  /** Whom it is for: the group's or user's name, the gid or uid; empty for `config.yaml`. */
  readonly subject: string;
}

export interface LayerFiles {
  /** In the order in which they are merged. */
  readonly files: readonly LayerFile[];
  readonly problems: readonly ConfigProblem[];
}

const extensions = ['.yaml', '.yml', '.json'] as const;

/** The files that apply to a caller. */
export function layersFor(directory: string, caller: Caller, tree = new TrustedTree()): LayerFiles {
  const missing = missingDirectory(directory, tree);
  if (missing !== undefined) return { files: [], problems: [missing] };
  const groupNames = new Set(caller.groups.flatMap(({ name }) => (name === undefined ? [] : [name])));
  const gids = new Set(caller.groups.map(({ gid }) => String(gid)));
  return together([
    layerOf(directory, tree, 'config', (file) => file.layer === 'config'),
    layerOf(directory, tree, 'group', ({ subject }) => groupNames.has(subject)),
    layerOf(directory, tree, 'gid', ({ subject }) => gids.has(subject)),
    layerOf(directory, tree, 'user', ({ subject }) => subject === caller.user),
    layerOf(directory, tree, 'uid', ({ subject }) => subject === String(caller.uid)),
  ]);
}

export interface Discovery extends LayerFiles {
  /** What lies in the directory and is no layer of anybody. */
  readonly strays: readonly ConfigProblem[];
}

/** Every layer there is, for the admin's check. Whether the users and groups exist is not looked at. */
export function discoverLayers(directory: string, tree = new TrustedTree()): Discovery {
  const missing = missingDirectory(directory, tree);
  if (missing !== undefined) return { files: [], problems: [missing], strays: [] };
  const found = layerNames.map((layer) => layerOf(directory, tree, layer, () => true));
  return { ...together(found), strays: found.flatMap(({ strays }) => strays) };
}

/** For which groups there are layers, whether or not anybody is in them. Problems are `layersFor`'s to report. */
export function layerGroups(directory: string): {
  readonly names: readonly string[];
  readonly gids: readonly Gid[];
} {
  const { files } = discoverLayers(directory);
  const subjects = (layer: Layer) => [
    ...new Set(files.filter((file) => file.layer === layer).map(({ subject }) => subject)),
  ];
  const gids = subjects('gid').flatMap((text) => {
    const gid = parseGid(text);
    return gid.ok ? [gid.value] : [];
  });
  return { names: subjects('group'), gids };
}

const layerNames = ['config', 'group', 'gid', 'user', 'uid'] as const;
/** What else belongs into the directory: the copy of the defaults, DOCKER_CONFIG, the layers' own directories. */
const otherNames: ReadonlySet<string> = new Set(['default.yaml', 'docker', 'group', 'gid', 'user', 'uid']);

interface Found extends LayerFiles {
  readonly strays: readonly ConfigProblem[];
}

function layerOf(
  directory: string,
  tree: TrustedTree,
  layer: LayerFile['layer'],
  applies: (file: LayerFile) => boolean,
): Found {
  const place = layer === 'config' ? directory : join(directory, layer);
  const names = tree.list(place);
  if (!names.ok) return { files: [], problems: [names.error], strays: [] };
  const files: LayerFile[] = [];
  const strays: ConfigProblem[] = [];
  // Two digits come first in a name, so the order of the names is that of the numbers.
  for (const name of [...names.value].sort(byCodeUnit)) {
    const path = join(place, name);
    if (layer === 'config' && otherNames.has(name)) continue;
    const subject = subjectOf(layer, name);
    if (subject.ok) files.push({ layer, path, subject: subject.value });
    else strays.push({ file: path, message: subject.error });
  }
  const applying = files.filter(applies);
  return { files: applying, problems: sameStems(applying), strays };
}

/** `config_10_staff.yaml` in `group/` is for `staff`. */
function subjectOf(layer: LayerFile['layer'], fileName: string): Result<string> {
  const extension = extensions.find((known) => fileName.endsWith(known));
  if (extension === undefined) return err(`is not read: its name does not end in ${extensions.join(', ')}`);
  const stem = fileName.slice(0, -extension.length);
  const pattern = stemPatterns[layer];
  const subject = pattern.form.exec(stem)?.[1];
  if (subject === undefined) return err(`is not read: its name is not of the form ${pattern.shown}`);
  const isNumber = layer === 'gid' ? parseGid(subject).ok : parseUid(subject).ok;
  if ((layer === 'gid' || layer === 'uid') && !isNumber) return err(`is not read: ${subject} is no ${layer}`);
  return ok(subject);
}

const stemPatterns: {
  readonly [layer in LayerFile['layer']]: { readonly form: RegExp; readonly shown: string };
} = {
  config: { form: /^config()$/, shown: 'config.yaml' },
  group: { form: /^config_[0-9]{2}_(.+)$/s, shown: 'config_NN_GROUP.yaml' },
  gid: { form: /^config_[0-9]{2}_(.+)$/s, shown: 'config_NN_GID.yaml' },
  user: { form: /^config_(.+)$/s, shown: 'config_USER.yaml' },
  uid: { form: /^config_(.+)$/s, shown: 'config_UID.yaml' },
};

/** `config.yaml` beside `config.json`: which one did the admin mean? */
function sameStems(files: readonly LayerFile[]): readonly ConfigProblem[] {
  const stems = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const { path } of files) {
    const stem = path.slice(0, path.lastIndexOf('.'));
    const other = stems.get(stem);
    if (other === undefined) stems.set(stem, path);
    else problems.push({ file: path, message: `${other} is there too: keep one of them` });
  }
  return problems;
}

function missingDirectory(directory: string, tree: TrustedTree): ConfigProblem | undefined {
  const there = tree.directory(directory);
  if (!there.ok) return there.error;
  return there.value === 'there' ? undefined : { file: directory, message: 'is missing: run install.sh' };
}

function together(found: readonly LayerFiles[]): LayerFiles {
  return {
    files: found.flatMap(({ files }) => files),
    problems: found.flatMap(({ problems }) => problems),
  };
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
