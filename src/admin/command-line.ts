/** The command line of userdocker-admin. */
import { Command, CommanderError, Option } from 'commander';
import { usage } from '../domain/errors.ts';
import { userdockerVersion } from '../version.ts';

export type AdminCall =
  /** Help, or the version. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'check' }
  | { readonly kind: 'show'; readonly user: string; readonly json: boolean }
  | { readonly kind: 'doctor'; readonly json: boolean; readonly quiet: boolean }
  | LogCall;

export interface LogCall {
  readonly kind: 'log';
  readonly user: string | undefined;
  /** As they were said: src/admin/log/when.ts reads them. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly decision: 'allow' | 'deny' | undefined;
  readonly by: 'user' | 'rule' | undefined;
  readonly json: boolean;
  /** Empty: those of the configuration, with what was rotated. */
  readonly files: readonly string[];
}

/** @throws usage */
export function parseAdminCall(argv: readonly string[]): AdminCall {
  let call: AdminCall | undefined;
  let said = '';
  const program = adminCommand((made) => {
    call = made;
  }).configureOutput({
    writeOut: (text) => {
      said += text;
    },
    outputError: () => undefined,
  });
  for (const command of program.commands) command.copyInheritedSettings(program);
  if (argv.length === 0) throw usage('which command?', 'try: userdocker-admin --help');
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text: said };
    throw usage(error.message.replace(/^error: /, '').replaceAll('\n', ' '), 'try: userdocker-admin --help');
  }
  if (call === undefined) throw usage('which command?', 'try: userdocker-admin --help');
  return call;
}

/** Also what the manual page is held against. */
export function adminCommand(called: (call: AdminCall) => void = () => undefined): Command {
  const program = new Command('userdocker-admin')
    .description("Looks after userdocker's configuration. For root.")
    .version(`userdocker-admin ${userdockerVersion}`, '--version', 'show the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand(false)
    .exitOverride();
  program
    .command('check')
    .description('check every file of the configuration; warn of settings that amount to root')
    .action(() => called({ kind: 'check' }));
  program
    .command('show')
    .description("show a user's merged policy, and where each value was set")
    .requiredOption('--user <NAME>', 'the name, or the uid')
    .addOption(new Option('--format <FORMAT>', 'how').choices(['text', 'json']).default('text'))
    .action(({ user, format }: { readonly user: string; readonly format: string }) =>
      called({ kind: 'show', user, json: format === 'json' }),
    );
  program
    .command('doctor')
    .description('look for what is wrong with this installation, and say how to mend it')
    .addOption(new Option('--format <FORMAT>', 'how').choices(['text', 'json']).default('text'))
    .option('-q, --quiet', 'no notes, and not a word where all is well')
    .action(({ format, quiet }: { readonly format: string; readonly quiet?: true }) =>
      called({ kind: 'doctor', json: format === 'json', quiet: quiet === true }),
    );
  addLog(program, called);
  return program;
}

interface LogOptions {
  readonly user?: string;
  readonly since?: string;
  readonly until?: string;
  readonly denied?: true;
  readonly allowed?: true;
  readonly by?: string;
  readonly format: string;
}

function addLog(program: Command, called: (call: AdminCall) => void): void {
  program
    .command('log')
    .description('show the audit log: who ran what, and what was refused')
    .argument('[FILE...]', 'the files to read, - for standard input')
    .option('--user <NAME>', 'of this user alone: the name, or the uid')
    .option('--since <WHEN>', 'from then on: 2026-11-22, 2026-11-22T10:30, 2h, 7d, today, yesterday')
    .option('--until <WHEN>', 'up to then')
    .addOption(new Option('--denied', 'what was refused alone').conflicts('allowed'))
    .option('--allowed', 'what was allowed alone')
    .addOption(
      new Option('--by <WHAT>', 'count, by user or by the rule that refused').choices(['user', 'rule']),
    )
    .addOption(new Option('--format <FORMAT>', 'how').choices(['table', 'json']).default('table'))
    .action((files: readonly string[], options: LogOptions) =>
      called({
        kind: 'log',
        user: options.user,
        since: options.since,
        until: options.until,
        decision: options.denied ? 'deny' : options.allowed ? 'allow' : undefined,
        by: options.by === 'user' || options.by === 'rule' ? options.by : undefined,
        json: options.format === 'json',
        files,
      }),
    );
}
