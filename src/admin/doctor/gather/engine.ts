import { isTraversable } from '../../../docker/data-root.ts';
import { connectEngine } from '../../../docker/engine.ts';
import { UserdockerError } from '../../../domain/errors.ts';
import { flagAt, listAt, objectAt, textAt, textsAt } from '../../../domain/json.ts';
import { readMountTable } from '../../../mounts/mount-table.ts';
import { usesContainerd } from '../judge/engine.ts';
import type { Build } from '../judge/holes.ts';
import { patience } from './info.ts';
import { lookUpPackage } from './packages.ts';
import { inspectPath, type PathFact } from './paths.ts';
import { readJson, readText } from './text.ts';

export interface EngineFacts {
  readonly socket: PathFact;
  /** Why it does not answer. */
  readonly failure: string | undefined;
  /** Of `GET /version` and `GET /info`, as they are; empty objects where there is no answer. */
  readonly version: unknown;
  readonly info: unknown;
  readonly dataRoot: Directory | undefined;
  /** Where containerd keeps the layers, if docker leaves that to it. */
  readonly imageStore: Directory | undefined;
  /** Other addresses than the socket, from daemon.json, dockerd's command line and its own warnings. */
  readonly addresses: readonly string[];
  /** TLS with certificates of the clients. */
  readonly verifies: boolean;
  readonly builds: readonly Build[];
}

export interface Directory {
  readonly path: string;
  readonly traversable: boolean;
  readonly fileSystem: string | undefined;
}

const containerdStore = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs';

export async function gatherEngine(dockerHost: string): Promise<EngineFacts> {
  const engine = connectEngine(dockerHost, patience);
  const socket = inspectPath(engine.socketPath);
  try {
    const [version, info] = await Promise.all([engine.get('/version'), engine.get('/info')]);
    const root = textAt(info, 'DockerRootDir');
    return {
      socket,
      failure: undefined,
      version,
      info,
      dataRoot: root === undefined ? undefined : lookAt(root),
      imageStore: usesContainerd(info) ? lookAt(containerdStore) : undefined,
      ...listeners(textsAt(info, 'Warnings')),
      builds: await buildsOf(version, info),
    };
  } catch (error) {
    if (!(error instanceof UserdockerError) || error.failure.code !== 'unavailable') throw error;
    const nothing = { version: {}, info: {}, dataRoot: undefined, imageStore: undefined, builds: [] };
    return { socket, failure: error.failure.message, ...nothing, ...listeners([]) };
  }
}

function lookAt(path: string): Directory {
  return { path, traversable: isTraversable(path), fileSystem: readMountTable().around(path)?.fsType };
}

function listeners(warnings: readonly string[]): Pick<EngineFacts, 'addresses' | 'verifies'> {
  const settings = readJson('/etc/docker/daemon.json');
  const words = commandLineOf(readText('/run/docker.pid')?.trim());
  const told = warnings.flatMap((text) => /API is accessible on (\S+)/.exec(text)?.[1] ?? []);
  const verifies =
    words.some((word) => /^--tlsverify(?:=true|=1)?$/.test(word)) || flagAt(settings, 'tlsverify');
  return {
    addresses: networkAddresses([...textsAt(settings, 'hosts'), ...hostOptions(words), ...told]),
    verifies,
  };
}

/** dockerd(8): `-H tcp://...`, `--host=...`. */
export function hostOptions(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    const joined = /^(?:--host=|-H=?)(.+)$/.exec(word)?.[1];
    if (joined !== undefined) return [joined];
    return word === '-H' || word === '--host' ? (words[index + 1] ?? []) : [];
  });
}

/** What is neither a unix socket nor one that systemd holds. */
export function networkAddresses(hosts: readonly string[]): readonly string[] {
  return [...new Set(hosts.filter((host) => !/^(?:unix|fd|npipe):/.test(host)))];
}

function commandLineOf(pid: string | undefined): readonly string[] {
  return pid !== undefined && /^[1-9][0-9]*$/.test(pid)
    ? (readText(`/proc/${pid}/cmdline`) ?? '').split('\0')
    : [];
}

async function buildsOf(version: unknown, info: unknown): Promise<readonly Build[]> {
  const components = listAt(version, 'Components');
  const versionOf = (name: string) => {
    const found = components.find((component) => textAt(component, 'Name')?.toLowerCase() === name);
    return textAt(found, 'Version');
  };
  const wanted = [
    {
      component: 'dockerd',
      version: textAt(version, 'Version'),
      packages: ['docker.io', 'docker.io-app', 'moby-engine'],
      program: '/usr/bin/dockerd',
    },
    {
      component: 'containerd',
      version: versionOf('containerd'),
      packages: ['containerd', 'containerd-app'],
      program: '/usr/bin/containerd',
    },
    {
      component: 'runc',
      version: versionOf('runc'),
      packages: ['runc', 'runc-app'],
      program: '/usr/bin/runc',
    },
  ] as const;
  const plugins = textsAt(objectAt(info, 'Plugins'), 'Authorization');
  const inUse = plugins.length > 0 ? (['authorization'] as const) : [];
  return Promise.all(
    wanted.flatMap(({ component, version: said, packages, program }) =>
      said === undefined
        ? []
        : [
            lookUpPackage(packages, program).then(
              (facts): Build => ({ component, version: said, inUse, ...facts }),
            ),
          ],
    ),
  );
}
