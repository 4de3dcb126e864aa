/**
 * `userdocker-admin doctor`: what is wrong with this installation, and how to mend it.
 *
 * 1. It changes nothing: it opens no file to write into but the audit log's, and writes nothing there.
 * 2. It never hangs. Each part runs in a process of its own: a system call on a dead file server can't be interrupted, not even
 *    by SIGKILL. Who does not answer in time is a finding, and is waited for no longer.
 */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { type Finding, type Found, fault, type Part, parts, readFindings, severities } from './finding.ts';

/** The word in front of a part's name with which a process is told to look at that part alone. */
export const partWord = 'doctor-part';

/** Milliseconds. The engine's answers and nvidia-smi may take ten seconds each. */
const patience = 25_000;

/** The faults first; within one severity in the order of the parts. */
export async function examine(
  ask: (part: Part) => Promise<readonly Finding[]> = askProcess,
): Promise<readonly Found[]> {
  const answers = await Promise.all(parts.map(async (part) => ({ part, findings: await ask(part) })));
  const all = answers.flatMap(({ part, findings }) =>
    findings.map((finding): Found => ({ part, ...finding })),
  );
  return severities.flatMap((severity) => all.filter((finding) => finding.severity === severity));
}

/**
 * This program once more, for one part.
 * @param command its path and first arguments
 */
export function askProcess(
  part: Part,
  command: readonly string[] = selfCommand(),
  timeout: number = patience,
): Promise<readonly Finding[]> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    const child = spawn(program, [...args, partWord, part], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    const finish = (why: string | undefined): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      // In an uninterruptible wait it does not die; it must not keep this process waiting too.
      child.unref();
      const findings = why === undefined ? readFindings(said) : undefined;
      resolve(findings ?? [unanswered(part, why ?? 'it failed')]);
    };
    const timer = setTimeout(() => finish(`no answer within ${timeout / 1000} s`), timeout);
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.once('error', () => finish('it could not be started'));
    child.once('close', () => finish(undefined));
  });
}

function unanswered(part: Part, why: string): Finding {
  return fault(
    `${part}-unanswered`,
    `the part "${part}" could not be looked at: ${why}. A file system, a directory service or the engine may hang: so do calls of users`,
    `timeout 10 userdocker-admin ${partWord} ${part}; dmesg | tail; df; getent passwd; docker info`,
  );
}

/** A compiled program is its own runtime: its source has a path that no other process knows. */
function selfCommand(): readonly string[] {
  const source = process.argv[1] ?? '';
  return source.startsWith('/$bunfs/') ? [process.execPath] : [process.execPath, source];
}
