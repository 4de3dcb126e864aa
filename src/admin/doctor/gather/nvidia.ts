import { existsSync } from 'node:fs';
import { UserdockerError } from '../../../domain/errors.ts';
import { objectAt } from '../../../domain/json.ts';
import { readGpus } from '../../../nvidia/smi.ts';
import { readToml, type TomlSettings } from '../judge/toml.ts';
import { infoOf } from './info.ts';
import { lookUpPackage, type PackageFacts } from './packages.ts';
import type { Settings } from './settings.ts';
import { namesIn, readText } from './text.ts';
import { askTool, isRoots } from './tools.ts';

export interface NvidiaFacts {
  /** The driver is loaded: there are GPUs. */
  readonly driver: boolean;
  /** Why nvidia-smi gives no answer, by its path; empty: all of them do, or there is no driver. */
  readonly smiFailures: readonly string[];
  readonly toolkit: (PackageFacts & { readonly version: string }) | undefined;
  /** Of /etc/nvidia-container-runtime/config.toml; `undefined`: there is none. */
  readonly settings: TomlSettings | undefined;
  /** The engine's; `undefined`: it does not answer. */
  readonly runtimes: readonly string[] | undefined;
  /** Specifications of the Container Device Interface for NVIDIA. */
  readonly cdi: boolean;
}

export async function gatherNvidia(settings: Settings): Promise<NvidiaFacts> {
  const driver = existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl');
  const [smiFailures, toolkit, runtimes] = await Promise.all([
    driver ? failuresOf(settings.smis) : [],
    toolkitVersion(),
    runtimesOf(settings.dockerHosts[0]),
  ]);
  const text = readText('/etc/nvidia-container-runtime/config.toml');
  return {
    driver,
    smiFailures,
    toolkit,
    settings: text === undefined ? undefined : readToml(text),
    runtimes,
    cdi: ['/etc/cdi', '/var/run/cdi'].some((directory) =>
      namesIn(directory).some((name) => name.includes('nvidia')),
    ),
  };
}

async function failuresOf(smis: readonly string[]): Promise<readonly string[]> {
  const failures = smis.map(async (smi) => {
    if (!isRoots(smi)) return [`${smi} could be changed by others than root, and was not started`];
    try {
      await readGpus(smi);
      return [];
    } catch (error) {
      if (!(error instanceof UserdockerError) || error.failure.code !== 'unavailable') throw error;
      return [error.failure.message];
    }
  });
  return (await Promise.all(failures)).flat();
}

/** `NVIDIA Container Runtime Hook version 1.17.8`, `NVIDIA Container Toolkit CLI version 1.17.8`, `cli-version: 1.17.8`. */
async function toolkitVersion(): Promise<NvidiaFacts['toolkit']> {
  for (const name of ['nvidia-ctk', 'nvidia-container-runtime-hook', 'nvidia-container-cli']) {
    const program = `/usr/bin/${name}`;
    if (!existsSync(program)) continue;
    const { stdout, stderr } = await askTool(program, ['--version']);
    const version = /version:? +(\S+)/.exec(`${stdout}\n${stderr}`)?.[1];
    // NVIDIA's own package on Debian, whatever the distribution.
    if (version !== undefined) return { version, ...(await lookUpPackage([], program)) };
  }
  return undefined;
}

async function runtimesOf(dockerHost: string | undefined): Promise<readonly string[] | undefined> {
  const info = dockerHost === undefined ? undefined : await infoOf(dockerHost);
  return info === undefined ? undefined : Object.keys(objectAt(info, 'Runtimes'));
}
