/** The command line of userdocker-admin. */
import { Command, CommanderError, Option } from 'commander';
import { usage } from '../domain/errors.ts';
import { userdockerVersion } from '../version.ts';

export type AdminCall =
  /** Help, or the version. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'check' }
  | { readonly kind: 'show'; readonly user: string; readonly json: boolean }
  | { readonly kind: 'show-diff'; readonly users: readonly [string, string]; readonly json: boolean }
  | {
      readonly kind: 'import-config';
      readonly path: string;
      readonly output: string | undefined;
      readonly program: 'userdocker' | 'diffproml' | undefined;
    }
  | {
      readonly kind: 'replay';
      readonly config: string;
      readonly files: readonly string[];
      readonly json: boolean;
    }
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
    .description(
      "show a user's merged policy, and where each value was set; or how those of two users differ",
    )
    .addOption(new Option('--user <NAME>', 'the name, or the uid').conflicts('diff'))
    .option('--diff <NAMES...>', 'two users: only the settings that differ')
    .addOption(new Option('--format <FORMAT>', 'how').choices(['text', 'json']).default('text'))
    .action(({ user, diff, format }: ShowOptions) => called(showCall(user, diff, format === 'json')));
  program
    .command('import-config')
    .description(
      "convert the Python program's configuration to YAML, and show on samples that it decides alike",
    )
    .argument('<PATH>', 'config.py, or the directory in which it lies')
    .option('--output <DIRECTORY>', 'a new directory for the files')
    .addOption(new Option('--program <NAME>', 'whose files they are').choices(['userdocker', 'diffproml']))
    .action((path: string, { output, program: whose }: ImportOptions) =>
      called({ kind: 'import-config', path, output, program: whose }),
    );
  program
    .command('replay')
    .description('decide the recorded calls again under another configuration, and show what would change')
    .argument('[AUDIT.jsonl...]', 'audit logs; - is standard input')
    .requiredOption('--config <DIRECTORY>', 'the other configuration')
    .addOption(new Option('--format <FORMAT>', 'how').choices(['text', 'json']).default('text'))
    .action((files: readonly string[], { config, format }: ReplayOptions) =>
      called({ kind: 'replay', config, files, json: format === 'json' }),
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

interface ShowOptions {
  readonly user?: string;
  readonly diff?: readonly string[];
  readonly format: string;
}
interface ReplayOptions {
  readonly config: string;
  readonly format: string;
}
interface ImportOptions {
  readonly output?: string;
  readonly program?: 'userdocker' | 'diffproml';
}

function showCall(user: string | undefined, diff: readonly string[] | undefined, json: boolean): AdminCall {
  if (user !== undefined) return { kind: 'show', user, json };
  const [one, other, ...more] = diff ?? [];
  if (one === undefined) throw usage('show needs --user NAME, or --diff NAME NAME');
  if (other === undefined || more.length > 0) throw usage('--diff takes two users');
  return { kind: 'show-diff', users: [one, other], json };
}
