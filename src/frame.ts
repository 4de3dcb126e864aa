/**
 * The outer frame of a command line: userdocker's own options, up to the subcommand. What follows is the subcommand's
 * and stays as it was, byte for byte (src/args reads it with docker's grammar).
 */
import { Command, CommanderError, Option } from 'commander';
import { unknownGlobalHint } from './args/hints.ts';
import { type UserdockerError, usage } from './domain/errors.ts';

export interface Frame {
  readonly help: boolean;
  readonly version: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly dryRun: boolean;
  readonly noDefaultArgs: boolean;
  /** `undefined`: the policy's `executor_default`. */
  readonly executor: string | undefined;
  readonly command: string | undefined;
  readonly args: readonly string[];
}

/** @throws usage for an option that userdocker does not have, with the nearest one it has. */
export function parseFrame(argv: readonly string[]): Frame {
  const program = frameCommand();
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) throw problemOf(program, error);
    throw error;
  }
  const options: { readonly [name: string]: unknown } = program.opts();
  const executor = options['executor'];
  return {
    help: options['help'] === true,
    version: options['version'] === true,
    quiet: options['quiet'] === true,
    debug: options['debug'] === true,
    dryRun: options['dryRun'] === true,
    noDefaultArgs: options['defaultArgs'] === false,
    executor: typeof executor === 'string' ? executor : undefined,
    command: program.args[0],
    args: program.args.slice(1),
  };
}

/** Also what `userdocker --help` prints the global options from. */
export function frameCommand(): Command {
  const silent = { writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined };
  return new Command('userdocker')
    .usage('[OPTIONS] COMMAND [ARG...]')
    .helpOption(false)
    .exitOverride()
    .configureOutput(silent)
    .passThroughOptions()
    .argument('[command]')
    .argument('[args...]')
    .option('-h, --help', 'show this help, or that of a command')
    .option('--version', "show userdocker's version")
    .option('-n, --dry-run', 'print the command that would be run, and do nothing')
    .option('--no-default-args', "leave out the policy's default arguments")
    .addOption(new Option('--executor <NAME>', 'run with this executor (nvidia-docker: with GPUs)'))
    .addOption(new Option('-q, --quiet', 'print errors only').conflicts('debug'))
    .option('--debug', 'say what is being done');
}

/** commander's errors (`error: unknown option '--foo'`) in our words. */
function problemOf(program: Command, { code, message }: CommanderError): UserdockerError {
  const [first = '', second = ''] = [...message.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? '');
  const named = (flags: string) => flags.split(/[ ,=]+/).find((word) => word.startsWith('--')) ?? flags;
  switch (code) {
    case 'commander.unknownOption': {
      const known = program.options.flatMap(({ long }) => long ?? []);
      const option = first.split('=', 1)[0] ?? first;
      if (known.includes(option)) return usage(`${option} takes no value`, option);
      return usage(`there is no option ${option}`, unknownGlobalHint(option, known));
    }
    case 'commander.optionMissingArgument':
      return usage(`${named(first)} needs a value`, `${named(first)}=NAME, see: userdocker --help`);
    case 'commander.conflictingOption':
      return usage(`${named(first)} and ${named(second)} contradict each other`, 'give one of them');
    default:
      return usage(
        message
          .replace(/^error: /, '')
          .replaceAll('\n', ' ')
          .trim(),
        'try: userdocker --help',
      );
  }
}
