/** `ps --gpu-used`, `--gpu-used-mine`, `--gpu-free`: who has which GPU, and what could be had. docker is not asked. */
import type { ParsedCommand } from '../args/types.ts';
import { usage } from '../domain/errors.ts';
import { showFree, showUsed, usedGpus, type ViewFormat } from '../nvidia/views.ts';
import { freeGpus } from '../policy/gpus.ts';
import { usage as usageOf } from '../policy/limits.ts';
import { terminalOf } from '../report/terminal.ts';
import { isSet, type Session, singleValue } from './command.ts';
import { containerUsage, ownContainers } from './contested.ts';
import { gatherGpuHolds, machineGpus } from './run-gpus.ts';

const views = ['--gpu-used', '--gpu-used-mine', '--gpu-free'] as const;

export async function showGpus(session: Session, request: ParsedCommand): Promise<number> {
  const [view, other] = views.filter((each) => isSet(request, each));
  if (other !== undefined) throw usage(`${view} and ${other} are different lists`, 'ask for one of them');
  const gpus = await machineGpus(session);
  const { holds } = await gatherGpuHolds(session, gpus);
  const uid = session.caller.uid;
  if (view === '--gpu-free') {
    const { nvidia, limits } = session.loaded.policy;
    const own = usageOf((await ownContainers(session)).map(containerUsage), []).gpus;
    const free = freeGpus({ nvidia, limit: limits.gpus, uid, gpus, holds, ownGpus: own });
    session.print(showFree(gpus, free, formatOf(request, 'ids')));
  } else {
    const mine = view === '--gpu-used-mine';
    const used = usedGpus(gpus, holds, mine ? uid : undefined);
    session.print(
      showUsed(gpus, used, formatOf(request, mine ? 'ids' : 'table'), Math.floor(Date.now() / 1000)),
    );
  }
  return 0;
}

/** @param piped off a terminal, where a script reads on */
function formatOf(request: ParsedCommand, piped: ViewFormat): ViewFormat {
  const format = singleValue(request, '--format');
  if (format !== undefined && format !== 'json' && format !== 'table') {
    throw usage(`there is no format ${format} for GPUs`, '--format json, or --format table');
  }
  if (format !== undefined) return format;
  return terminalOf(1) === undefined ? piped : 'table';
}
