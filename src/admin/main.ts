/**
 * userdocker-admin: a program of its own, for root, and never to be named in a sudoers rule for users. Under sudo
 * everybody's real uid is 0: whoever can start it is root, and SUDO_* is not looked at.
 *
 * The only place of it that prints or exits.
 */
import process from 'node:process';
import { callerForUser } from '../caller/identity.ts';
import { loadMerged } from '../config/load.ts';
import { denied, exitStatus, type Failure, UserdockerError } from '../domain/errors.ts';
import { configDirectory } from '../paths.ts';
import { terminalWidth, wantsColour, writeAll } from '../report/output.ts';
import { loadPainter } from '../report/painter.ts';
import { renderFailure, renderNote } from '../report/render.ts';
import { checkEverybody } from './check.ts';
import { parseAdminCall } from './command-line.ts';
import { showJson, showText } from './show.ts';

/** EX_SOFTWARE and EX_IOERR of sysexits.h. */
const internalError = 70;
const outputError = 74;
const program = 'userdocker-admin';

async function main(): Promise<number> {
  try {
    return await act(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UserdockerError) return fail(error.failure, exitStatus[error.failure.code]);
    const what = error instanceof Error ? error.message : String(error);
    return fail({ code: 'unavailable', message: `internal error: ${what}` }, internalError);
  }
}

async function act(argv: readonly string[]): Promise<number> {
  const call = parseAdminCall(argv);
  if (call.kind === 'text') return print(call.text);
  if (process.getuid?.() !== 0 || process.geteuid?.() !== 0) {
    throw denied({
      rule: 'root',
      message: 'userdocker-admin is for root',
      instead: 'userdocker policy shows yours',
    });
  }
  if (call.kind === 'check') return check();
  const caller = callerForUser(call.user);
  const { loaded, merged } = loadMerged({ directory: configDirectory, caller });
  return print((call.json ? showJson : showText)(caller, loaded.files, merged));
}

async function check(): Promise<number> {
  const { files, problems, warnings } = checkEverybody(configDirectory);
  const options = {
    program,
    paint: await loadPainter(wantsColour(1)),
    width: terminalWidth(1),
    isRoot: true,
  };
  const lines = [
    ...(problems.length === 0 ? [] : [renderFailure({ code: 'config', problems }, options)]),
    ...warnings.map(({ file, line, message }) => {
      const position = line === undefined ? file : `${file}:${line}`;
      return renderNote(`warning: ${position}: ${message}`, options);
    }),
    `${count(files.length, 'file')}, ${count(problems.length, 'problem')}, ${count(warnings.length, 'warning')}\n`,
  ];
  const status = print(lines.join(''));
  return problems.length === 0 ? status : exitStatus.config;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function print(text: string): number {
  return writeAll(1, text) ? 0 : outputError;
}

async function fail(failure: Failure, status: number): Promise<number> {
  const paint = await loadPainter(wantsColour(2));
  writeAll(2, renderFailure(failure, { program, paint, width: terminalWidth(2), isRoot: true }));
  return status;
}

process.exit(await main());
