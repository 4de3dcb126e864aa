/** One part: its facts, then what they mean. Runs in a process of its own (doctor.ts), since looking may hang. */
import { dirname, resolve } from 'node:path';
import { socketPathOf } from '../../docker/engine.ts';
import { assertNever } from '../../domain/result.ts';
import { configDirectory, runtimeDirectory, stateDirectory } from '../../paths.ts';
import type { Finding, Part } from './finding.ts';
import { inspectPath } from './gather/paths.ts';
import { gatherSettings, type Settings } from './gather/settings.ts';
import type { Installation } from './judge/files.ts';

/** Changes nothing. Each part loads what it needs and no more. */
export async function lookAtPart(part: Part): Promise<readonly Finding[]> {
  const installation = installationOf(process.execPath);
  if (part === 'configuration') {
    const { checkEverybody } = await import('../check.ts');
    const { judgeConfiguration } = await import('./judge/configuration.ts');
    return judgeConfiguration(checkEverybody(installation.configuration));
  }
  return lookAtMachine(part, installation, gatherSettings(installation.configuration));
}

async function lookAtMachine(
  part: Exclude<Part, 'configuration'>,
  installation: Installation,
  settings: Settings,
): Promise<readonly Finding[]> {
  switch (part) {
    case 'files': {
      const { gatherFiles } = await import('./gather/files.ts');
      const { judgeFiles } = await import('./judge/files.ts');
      return judgeFiles(gatherFiles(installation, settings));
    }
    case 'sudo': {
      const { gatherSudo } = await import('./gather/sudo.ts');
      const { commandsOf, judgeSudo } = await import('./judge/sudo.ts');
      const executors = settings.executors.map(({ path }) => path);
      return judgeSudo(await gatherSudo(), commandsOf(installation.prefix, executors));
    }
    case 'accounts': {
      const { gatherAccounts } = await import('./gather/accounts.ts');
      const { judgeAccounts } = await import('./judge/accounts.ts');
      return judgeAccounts({ accounts: await gatherAccounts(), socketGids: socketGids(settings) });
    }
    case 'engine': {
      const { gatherEngine } = await import('./gather/engine.ts');
      const { judgeEngine } = await import('./judge/engine.ts');
      const engines = await Promise.all(settings.dockerHosts.map(gatherEngine));
      return engines.flatMap((facts) => judgeEngine(facts, settings));
    }
    case 'nvidia': {
      const { gatherNvidia } = await import('./gather/nvidia.ts');
      const { judgeNvidia } = await import('./judge/nvidia.ts');
      return judgeNvidia(await gatherNvidia(settings), settings);
    }
    case 'audit': {
      const { gatherAudit } = await import('./gather/audit.ts');
      const { judgeAudit } = await import('./judge/audit.ts');
      return judgeAudit(gatherAudit(settings));
    }
    case 'disk': {
      const { gatherDisks } = await import('./gather/disk.ts');
      const { judgeDisks } = await import('./judge/disk.ts');
      return judgeDisks(await gatherDisks(installation, settings));
    }
    case 'kernel': {
      const { gatherKernel } = await import('./gather/kernel.ts');
      const { judgeKernel } = await import('./judge/kernel.ts');
      return judgeKernel(gatherKernel(), settings);
    }
    default:
      return assertNever(part);
  }
}

/** PREFIX/lib/userdocker/userdocker-admin; while it is developed, anything. */
export function installationOf(program: string): Installation {
  const installed = program.endsWith('/lib/userdocker/userdocker-admin');
  return {
    prefix: installed ? resolve(dirname(program), '../..') : '/usr/local',
    configuration: configDirectory,
    state: stateDirectory,
    runtime: runtimeDirectory,
  };
}

/** The groups that may use a socket. */
function socketGids({ dockerHosts }: Settings): readonly number[] {
  return dockerHosts.flatMap((host) => {
    const { end } = inspectPath(socketPathOf(host));
    return end === undefined || (end.mode & 0o060) === 0 ? [] : [end.gid];
  });
}
