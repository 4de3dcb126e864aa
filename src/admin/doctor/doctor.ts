/**
 * `userdocker-admin doctor`: what is wrong with this installation, and how to mend it.
 *
 * 1. It changes nothing: it opens no file to write into but the audit log's, and writes nothing there.
 * 2. It never hangs. Each part runs in a process of its own: a system call on a dead file server can't be interrupted, not even
 *    by SIGKILL. Who does not answer in time is a finding, and is waited for no longer.
 */
import process from 'node:process';
import { assertNever } from '../../domain/result.ts';
import { ask } from '../../exec/ask.ts';
import { type Finding, type Found, fault, type Part, parts, readFindings, severities } from './finding.ts';

/** The word in front of a part's name with which a process is told to look at that part alone. */
export const partWord = 'doctor-part';

/** Milliseconds. The engine's answers and nvidia-smi may take ten seconds each. */
const patience = 25_000;

/** Bytes. */
const largestAnswer = 16 * 1024 * 1024;

/** The faults first; within one severity in the order of the parts. */
export async function examine(
  findingsOf: (part: Part) => Promise<readonly Finding[]> = askProcess,
): Promise<readonly Found[]> {
  const answers = await Promise.all(parts.map(async (part) => ({ part, findings: await findingsOf(part) })));
  const all = answers.flatMap(({ part, findings }) =>
    findings.map((finding): Found => ({ part, ...finding })),
  );
  return severities.flatMap((severity) => all.filter((finding) => finding.severity === severity));
}

/**
 * This program once more, for one part.
 * @param command its path and first arguments
 */
export async function askProcess(
  part: Part,
  command: readonly string[] = selfCommand(),
  timeout: number = patience,
): Promise<readonly Finding[]> {
  const [program = '', ...first] = command;
  const args = [...first, partWord, part];
  const question = { program, args, timeout, largest: largestAnswer, env: process.env };
  const answer = await ask({ ...question, stderr: 0 });
  switch (answer.end) {
    case 'late':
      return [unanswered(part, `no answer within ${timeout / 1000} s`)];
    case 'unstartable':
      return [unanswered(part, 'it could not be started')];
    case 'endless':
    case 'exited':
      return readFindings(answer.stdout.toString('utf8')) ?? [unanswered(part, 'it failed')];
    default:
      return assertNever(answer);
  }
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
