/**
 * A session on a terminal, `run -it`, as a user has it: through sudo, started by docker and by userdocker. Which processes are there
 * while it lasts, and how much memory do they hold?
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Session {
  readonly command: string;
  /** From sudo down, parents before children. */
  readonly processes: readonly { readonly name: string; readonly residentKiB: number }[];
  /** Anywhere on the machine. */
  readonly userdockers: number;
}

const ready = 'the shell is there';

export async function observeSessions(user: string): Promise<readonly Session[]> {
  // In the sandbox only: docker itself through sudo is root.
  writeFileSync('/etc/sudoers.d/bench', `${user} ALL = (root) NOPASSWD: /usr/bin/docker\n`, { mode: 0o440 });
  return [
    await observe(user, 'sudo /usr/bin/docker run -it --rm box sh'),
    await observe(user, 'sudo userdocker run -it --rm box sh'),
  ];
}

async function observe(user: string, command: string): Promise<Session> {
  const identity = ['--reuid', user, '--regid', user, '--init-groups', '--reset-env'];
  const terminal = ['script', '--quiet', '--return', '--command', `exec ${command}`, '/dev/null'];
  const child = spawn('/usr/bin/setpriv', [...identity, '--', ...terminal], { cwd: `/home/${user}` });
  try {
    await shellIsThere(child);
    // The client's memory settles once its first garbage is collected.
    await sleep(1000);
    const all = processTable();
    const first = all.find(({ pid, name }) => name === 'sudo' && isBelow(all, pid, child.pid ?? 0));
    if (first === undefined) throw new Error(`${command}: there is no sudo`);
    return {
      command,
      processes: all.filter(({ pid }) => pid === first.pid || isBelow(all, pid, first.pid)),
      userdockers: all.filter(({ program }) => program.endsWith('/lib/userdocker/userdocker')).length,
    };
  } finally {
    child.stdin?.end('exit\n');
    await new Promise((resolve) => child.once('close', resolve));
  }
}

async function shellIsThere(child: ChildProcess): Promise<void> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  // Typed in two pieces, so that the echo is not taken for the answer.
  child.stdin?.write(`echo ${ready.slice(0, 5)}''${ready.slice(5)}\n`);
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (output.includes(ready)) return;
    await sleep(50);
  }
  throw new Error(`no shell: ${output}`);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly program: string;
  readonly residentKiB: number;
}

/** proc_pid_status(5) */
function processTable(): readonly Process[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
      const program = readlinkSync(`/proc/${entry}/exe`);
      const numbers = {
        pid: Number(field('Pid')),
        parent: Number(field('PPid')),
        residentKiB: Number(field('VmRSS')),
      };
      return [{ ...numbers, name: field('Name'), program }];
    } catch {
      // Not a process, or one that has just ended, or a kernel thread.
      return [];
    }
  });
}

function isBelow(all: readonly Process[], pid: number, ancestor: number): boolean {
  const parent = all.find((process) => process.pid === pid)?.parent;
  return parent !== undefined && (parent === ancestor || isBelow(all, parent, ancestor));
}
