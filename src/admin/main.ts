/**
 * userdocker-admin: a program of its own, for root, and never to be named in a sudoers rule for users. Under sudo
 * everybody's real uid is 0: whoever can start it is root, and SUDO_* is not looked at.
 *
 * The only place of it that prints or exits.
 */
import process from 'node:process';
import { callerForUser } from '../caller/identity.ts';
import { loadMerged } from '../config/load.ts';
import { denied, exitStatus, type Failure, UserdockerError, usage } from '../domain/errors.ts';
import { assertNever } from '../domain/result.ts';
import { configDirectory } from '../paths.ts';
import { terminalWidth, wantsColour, writeAll, writeOr } from '../report/output.ts';
import { loadPainter } from '../report/painter.ts';
import { renderFailure, renderNote } from '../report/render.ts';
import { checkEverybody } from './check.ts';
import { type AdminCall, parseAdminCall } from './command-line.ts';
import { examine, partWord } from './doctor/doctor.ts';
import { parts } from './doctor/finding.ts';
import type { ImportCall } from './import-config.ts';
import type { ReplayCall } from './replay.ts';
import { showJson, showText } from './show.ts';
import type { Side } from './show-diff.ts';

/** EX_SOFTWARE and EX_IOERR of sysexits.h. */
const internalError = 70;
const outputError = 74;
/** As diff(1) says it. */
const somethingChanges = 1;
/** EX_DATAERR: a part of what was to be converted could not be. */
const notWhole = 65;
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
  if (argv[0] === partWord) return doctorPart(argv[1]);
  const call = parseAdminCall(argv);
  if (call.kind === 'text') return print(call.text);
  assertRoot();
  switch (call.kind) {
    case 'check':
      return check();
    case 'show':
      return show(call);
    case 'show-diff':
      return showDiff(call);
    case 'import-config':
      return importFiles(call);
    case 'replay':
      return replayCalls(call, call.json);
    case 'doctor':
      return doctor(call);
    case 'log':
      return log(call);
    default:
      return assertNever(call);
  }
}

function assertRoot(): void {
  if (process.getuid?.() === 0 && process.geteuid?.() === 0) return;
  throw denied({
    rule: 'root',
    message: 'userdocker-admin is for root',
    instead: 'userdocker policy shows yours',
  });
}

function show({ user, json }: Extract<AdminCall, { kind: 'show' }>): number {
  const { caller, files, tree } = sideOf(user);
  return print((json ? showJson : showText)(caller, files, tree));
}

async function showDiff({ users, json }: Extract<AdminCall, { kind: 'show-diff' }>): Promise<number> {
  const { diffJson, diffText } = await import('./show-diff.ts');
  const [one, other] = users;
  return print((json ? diffJson : diffText)(sideOf(one), sideOf(other)));
}

function sideOf(user: string): Side {
  const caller = callerForUser(user);
  const { loaded, merged } = loadMerged({ directory: configDirectory, caller });
  return { caller, files: loaded.files, tree: merged };
}

async function importFiles(call: ImportCall): Promise<number> {
  const { importConfig } = await import('./import-config.ts');
  const { output, messages, whole } = await importConfig(call);
  writeAll(2, messages);
  const status = print(output);
  return whole ? status : notWhole;
}

async function replayCalls(call: ReplayCall, json: boolean): Promise<number> {
  const [{ replay }, { replayJson, replayText }] = await Promise.all([
    import('./replay.ts'),
    import('./replay/report.ts'),
  ]);
  const result = await replay(call);
  const status = print((json ? replayJson : replayText)(result));
  return status === 0 && result.changes.length > 0 ? somethingChanges : status;
}

async function doctor({ json, quiet }: Extract<AdminCall, { kind: 'doctor' }>): Promise<number> {
  const { doctorJson, doctorStatus, doctorText } = await import('./doctor/report.ts');
  const findings = await examine();
  const paint = await loadPainter(wantsColour(1));
  const text = json ? doctorJson(findings) : doctorText(findings, { quiet, paint, width: terminalWidth(1) });
  const status = print(text);
  return status === 0 ? doctorStatus(findings) : status;
}

/** For `doctor` itself, which starts one for each part. */
async function doctorPart(name: string | undefined): Promise<number> {
  assertRoot();
  const part = parts.find((known) => known === name);
  if (part === undefined) throw usage(`no part of doctor: ${name ?? ''}`, `there are: ${parts.join(', ')}`);
  const { lookAtPart } = await import('./doctor/part.ts');
  return print(`${JSON.stringify(await lookAtPart(part))}\n`);
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

async function log(call: Extract<AdminCall, { kind: 'log' }>): Promise<number> {
  const { readLog } = await import('./log/log.ts');
  const { queryOf, sourcesOf } = await import('./log/call.ts');
  const query = queryOf(call, new Date(), terminalWidth(1));
  const { sources, remarks } = sourcesOf(call.files);
  let failed = false;
  const outcome = await readLog(sources, query, (text) => {
    const written = writeOr(1, text);
    failed ||= written === 'failed';
    return written === 'written';
  });
  for (const remark of [...remarks, ...outcome.remarks])
    writeAll(2, renderNote(remark, { width: terminalWidth(2) }));
  return failed ? outputError : 0;
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
