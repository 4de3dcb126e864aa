import { readFileSync } from 'node:fs';
import { release } from 'node:os';

export interface KernelFacts {
  /** `6.1.0-18-amd64`. */
  readonly release: string;
  readonly pidMax: number | undefined;
  readonly threadsMax: number | undefined;
  readonly protectedSymlinks: number | undefined;
  readonly protectedHardlinks: number | undefined;
}

export function gatherKernel(): KernelFacts {
  return {
    release: release(),
    pidMax: sysctl('kernel/pid_max'),
    threadsMax: sysctl('kernel/threads-max'),
    protectedSymlinks: sysctl('fs/protected_symlinks'),
    protectedHardlinks: sysctl('fs/protected_hardlinks'),
  };
}

function sysctl(name: string): number | undefined {
  try {
    const text = readFileSync(`/proc/sys/${name}`, 'utf8').trim();
    return /^[0-9]+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
