/** What the engine knows, brought into the program's own types. Everything an image can write stays text. */
import { type UserdockerError, unavailable } from '../domain/errors.ts';
import { type ContainerId, parseContainerId } from '../domain/ids.ts';
import { isObject, listAt, numberAt, objectAt, textAt, textMapAt, textsAt } from '../domain/json.ts';
import { layersOf } from '../mounts/image-links.ts';
import { runtimeDirectory } from '../paths.ts';
import { type Engine, withFilters } from './engine.ts';
import { askOnce } from './engine-note.ts';

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** A container as the engine's list shows it. */
export interface ContainerSummary {
  readonly id: ContainerId;
  /** Without the leading slash. */
  readonly names: readonly string[];
  readonly image: string;
  readonly state: string;
  /** Labels are no proof of anything: an image carries what labels it likes. */
  readonly labels: { readonly [name: string]: string };
  /** Seconds since the epoch. */
  readonly created: number;
}

export interface ImageFact {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly workdir: string;
  readonly user: string;
  /** Digests, lowest first. */
  readonly layers: readonly string[];
  /** Where overlay2 keeps them, topmost first; `undefined` where the engine does not say. */
  readonly layerDirectories: readonly string[] | undefined;
  /** Bytes of its configuration as JSON, which the engine repeats in its lists. */
  readonly configurationSize: number;
}

/** `all`: also containers that do not run. */
export async function listContainers(
  engine: Engine,
  filters: { readonly [name: string]: readonly string[] },
): Promise<readonly ContainerSummary[]> {
  const answer = await getList(engine, withFilters('/containers/json?all=1', filters));
  return answer.map((entry) => {
    const id = parseContainerId(textAt(entry, 'Id') ?? '');
    if (!id.ok) throw unreadable('/containers/json');
    return {
      id: id.value,
      names: textsAt(entry, 'Names').map((name) => name.replace(/^\//, '')),
      image: textAt(entry, 'Image') ?? '',
      state: textAt(entry, 'State') ?? '',
      labels: textMapAt(entry, 'Labels'),
      created: numberAt(entry, 'Created') ?? 0,
    };
  });
}

/** What `docker inspect` shows of a container, as the engine gave it, with its full id; `undefined`: there is none. */
export interface InspectedContainer {
  readonly id: ContainerId;
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly state: string;
  readonly raw: unknown;
}

export async function inspectContainer(
  engine: Engine,
  reference: string,
  timeout?: number,
): Promise<InspectedContainer | undefined> {
  // What can be neither a name nor an id is not asked for: it might be a path of another API call.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(reference)) return undefined;
  const raw = await engine.get(`/containers/${encodeURIComponent(reference)}/json`, timeout);
  const id = parseContainerId(textAt(raw, 'Id') ?? '');
  if (!id.ok) return undefined;
  return {
    id: id.value,
    name: (textAt(raw, 'Name') ?? '').replace(/^\//, ''),
    labels: textMapAt(objectAt(raw, 'Config'), 'Labels'),
    state: textAt(objectAt(raw, 'State'), 'Status') ?? '',
    raw,
  };
}

/** @param reference a reference that src/policy/reference.ts accepted. */
export async function inspectImage(engine: Engine, reference: string): Promise<ImageFact | undefined> {
  const raw = await engine.get(`/images/${encodeURI(reference)}/json`);
  if (!isObject(raw)) return undefined;
  const config = objectAt(raw, 'Config');
  return {
    id: textAt(raw, 'Id') ?? '',
    repoTags: textsAt(raw, 'RepoTags'),
    repoDigests: textsAt(raw, 'RepoDigests'),
    exposedPorts: Object.keys(objectAt(config, 'ExposedPorts')),
    volumes: Object.keys(objectAt(config, 'Volumes')),
    workdir: textAt(config, 'WorkingDir') ?? '',
    user: textAt(config, 'User') ?? '',
    layers: textsAt(objectAt(raw, 'RootFS'), 'Layers'),
    layerDirectories: layersOf(raw),
    configurationSize: JSON.stringify(config).length,
  };
}

export interface EngineVersion {
  /** `20.10.24+dfsg1` */
  readonly version: string;
  readonly major: number;
  readonly apiVersion: string;
  /** In Go's terms: amd64, arm64. */
  readonly architecture: string;
  /** Of its default runtime: `1.1.5`; empty where that is not runc, or the engine does not say. */
  readonly runc: string;
}

/** @throws unavailable where the engine does not say */
export async function engineVersion(
  engine: Engine,
  runtime: string = runtimeDirectory,
): Promise<EngineVersion> {
  const ask = async () => {
    const raw = await engine.get('/version');
    if (!isObject(raw)) throw unreadable('/version');
    return {
      Version: textAt(raw, 'Version'),
      ApiVersion: textAt(raw, 'ApiVersion'),
      Arch: textAt(raw, 'Arch'),
      Runc: runcOf(raw),
    };
  };
  const known = (value: unknown) => (textAt(value, 'Runc') === undefined ? undefined : value);
  const said: unknown = await askOnce(engine, 'engine-version', known, ask, runtime);
  const version = textAt(said, 'Version') ?? '';
  const major = Number(/^([0-9]+)\./.exec(version)?.[1] ?? '0');
  return {
    version,
    major,
    apiVersion: textAt(said, 'ApiVersion') ?? '',
    architecture: textAt(said, 'Arch') ?? '',
    runc: textAt(said, 'Runc') ?? '',
  };
}

function runcOf(version: unknown): string {
  const runc = listAt(version, 'Components').find((component) => textAt(component, 'Name') === 'runc');
  return textAt(runc, 'Version') ?? '';
}

export async function listImages(engine: Engine): Promise<readonly unknown[]> {
  return getList(engine, '/images/json');
}

/** A list that is missing must not pass for an empty one: limits would not count, and ownership would be forgotten. */
async function getList(engine: Engine, path: string): Promise<readonly unknown[]> {
  const answer = await engine.get(path);
  if (!Array.isArray(answer)) throw unreadable(path);
  return answer;
}

function unreadable(path: string): UserdockerError {
  return unavailable(`the docker engine gave no answer to ${path.split('?')[0]} that makes sense`);
}
