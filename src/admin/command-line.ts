/** The command line of userdocker-admin. */
import { Command, CommanderError, Option } from 'commander';
import { usage } from '../domain/errors.ts';
import { userdockerVersion } from '../version.ts';

export type AdminCall =
  /** Help, or the version. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'check' }
  | { readonly kind: 'show'; readonly user: string; readonly json: boolean };

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
  return program;
}
