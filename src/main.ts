/** The only place that prints or exits. Everything else returns data or throws a UserdockerError. */
import { constants } from 'node:os';
import process from 'node:process';
import { exitStatus, type Failure, UserdockerError } from './domain/errors.ts';
import type { Ending } from './exec/replace.ts';
import { terminalWidth, wantsColour, writeAll } from './report/output.ts';
import { loadPainter } from './report/painter.ts';
import { renderFailure } from './report/render.ts';
import { userdocker } from './userdocker.ts';

/** EX_SOFTWARE of sysexits.h: a defect of userdocker itself. Nothing was started. */
const internalError = 70;

async function main(): Promise<number> {
  try {
    return endLike(await userdocker(process.argv.slice(2), process.env));
  } catch (error) {
    if (error instanceof UserdockerError) return fail(error.failure, exitStatus[error.failure.code]);
    // No stack trace reaches a user: it would tell of the machine and of nothing they could mend.
    const what = error instanceof Error ? error.message : String(error);
    return fail(
      { code: 'unavailable', message: `internal error: ${what}`, hint: 'please tell an admin' },
      internalError,
    );
  }
}

async function fail(failure: Failure, status: number): Promise<number> {
  const paint = await loadPainter(wantsColour(2));
  const isRoot = process.getuid?.() === 0 && (process.env['SUDO_UID'] ?? '0') === '0';
  writeAll(2, renderFailure(failure, { paint, width: terminalWidth(2), isRoot }));
  return status;
}

/** Only where the runtime has no execve: the child's status or signal becomes ours. */
function endLike(ending: Ending): number {
  if (ending.kind === 'exited') return ending.status;
  process.removeAllListeners(ending.signal);
  process.kill(process.pid, ending.signal);
  // Still here: the runtime ignores this signal.
  return 128 + (constants.signals[ending.signal] ?? 0);
}

process.exit(await main());
