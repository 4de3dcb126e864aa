/**
 * The outer frame of a command line: userdocker's own options, up to the subcommand. What follows is the subcommand's
 * and stays as it was, byte for byte (src/args reads it with docker's grammar).
 */
import { Command, CommanderError, Option } from 'commander';
import { usage } from './domain/errors.ts';

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
    if (error instanceof CommanderError) throw usage(sentence(error.message), 'try: userdocker --help');
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

/** commander's `error: unknown option '--foo'` without its prefix, on one line. */
function sentence(message: string): string {
  return message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .trim();
}
