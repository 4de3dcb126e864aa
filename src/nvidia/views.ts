/** `ps --gpu-used`, `--gpu-used-mine`, `--gpu-free` as text: tables for people, JSON and plain ids for scripts. */
import { type GpuFact, type GpuHold, type GpuUnit, gpuUnits, sameUuid, shortUuid } from '../domain/gpu.ts';

/** `ids`: one a line, as NV_GPU takes them. */
export type ViewFormat = 'table' | 'json' | 'ids';

export interface UsedGpu {
  readonly index: string;
  readonly uuid: string;
  readonly name: string;
  readonly memory_used_mib: number | null;
  readonly memory_total_mib: number | null;
  readonly container: string | null;
  readonly container_id: string | null;
  readonly user: string | null;
  /** Seconds since the epoch. */
  readonly since: number | null;
}

/** Every hold of a GPU of this machine, by GPU. @param uid only this user's */
export function usedGpus(
  gpus: readonly GpuFact[],
  holds: readonly GpuHold[],
  uid?: number,
): readonly UsedGpu[] {
  return gpuUnits(gpus).flatMap((unit) =>
    holds
      .filter((hold) => sameUuid(hold.uuid, unit.uuid) || sameUuid(hold.uuid, unit.gpu.uuid))
      .filter((hold) => uid === undefined || hold.uid === uid)
      .map((hold) => ({
        ...describe(unit),
        container: hold.container?.name ?? null,
        container_id: hold.container?.id ?? null,
        user: hold.user ?? null,
        since: hold.since ?? null,
      })),
  );
}

/** @param now seconds since the epoch */
export function showUsed(
  gpus: readonly GpuFact[],
  used: readonly UsedGpu[],
  format: ViewFormat,
  now: number,
): string {
  if (format === 'json') return `${JSON.stringify(used)}\n`;
  if (format === 'ids') return [...new Set(used.map(({ index }) => index))].map((id) => `${id}\n`).join('');
  if (gpus.length === 0) return noGpus;
  if (used.length === 0) return 'No GPU is held by a container.\n';
  return table([
    ['GPU', 'UUID', 'NAME', 'MEMORY (MiB)', 'CONTAINER', 'USER', 'SINCE'],
    ...used.map((row) => [
      row.index,
      shortUuid(row.uuid),
      row.name,
      memory(row),
      row.container ?? '(starting)',
      row.user ?? '?',
      row.since === null ? '?' : duration(now - row.since),
    ]),
  ]);
}

/** @param free in the order in which they would be given */
export function showFree(gpus: readonly GpuFact[], free: readonly GpuUnit[], format: ViewFormat): string {
  if (format === 'json') return `${JSON.stringify(free.map(describe))}\n`;
  if (format === 'ids') return free.map(({ id }) => `${id}\n`).join('');
  if (gpus.length === 0) return noGpus;
  if (free.length === 0) return 'No GPU is free for you. See who has them: userdocker ps --gpu-used\n';
  return table([
    ['GPU', 'UUID', 'NAME', 'MEMORY (MiB)'],
    ...free.map(describe).map((row) => [row.index, shortUuid(row.uuid), row.name, memory(row)]),
  ]);
}

const noGpus = 'nvidia-smi finds no GPUs on this machine.\n';

function describe({ id, uuid, name, memoryUsedMiB, memoryTotalMiB }: GpuUnit) {
  return {
    index: id,
    uuid,
    name,
    memory_used_mib: memoryUsedMiB ?? null,
    memory_total_mib: memoryTotalMiB ?? null,
  };
}

function memory(row: Pick<UsedGpu, 'memory_used_mib' | 'memory_total_mib'>): string {
  return `${row.memory_used_mib ?? '?'} / ${row.memory_total_mib ?? '?'}`;
}

/** Two units are exact enough: `3 days 4 h`, `5 min`. */
function duration(seconds: number): string {
  const minutes = Math.max(0, Math.floor(seconds / 60));
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.max(0, Math.floor(seconds))} s`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
