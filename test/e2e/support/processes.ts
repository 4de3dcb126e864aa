import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  /** What it executes: `/usr/bin/docker`. */
  readonly program: string;
  readonly words: readonly string[];
}

/** All processes of the sandbox, but the kernel's. */
export function processes(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
      return [{ pid: Number(name), program: readlinkSync(`/proc/${name}/exe`), words }];
    } catch {
      // It has ended, or is ending.
      return [];
    }
  });
}

export const userdockerProgram = '/usr/local/lib/userdocker/userdocker';

/** The one docker client that runs a container in the foreground. */
export function dockerRun(): number {
  const clients = processes().filter(
    ({ program, words }) => program === '/usr/bin/docker' && words[1] === 'run',
  );
  const [client] = clients;
  if (client === undefined || clients.length > 1) throw new Error(`${clients.length} docker clients`);
  return client.pid;
}
