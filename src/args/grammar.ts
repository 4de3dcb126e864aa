/**
 * Docker's commands and their flags: the union of what docker's clients 20.10 and 28.2 know, hidden and deprecated flags included,
 * so that a user of one of them is told "not offered" and not "unknown". test/args/grammar.test.ts holds the table against both.
 *
 * Invariant: `type` is what docker's own parser (pflag) takes the flag for. Were a flag `bool` here and with a value there, docker
 * would read the word behind it, perhaps an enforced one, as its value.
 */
import { bool, list, text } from './flags.ts';
import { runFlags } from './run-flags.ts';
import type { CommandGrammar, FlagSpec } from './types.ts';

const format = text('--format');
const shortFormat = text('-f, --format');
const filter = list('-f, --filter');
const detachKeys = text('--detach-keys');
const signal = text('-s, --signal');
/** docker 28 calls `--time` `--timeout` and warns of the old name; `-t` is the same everywhere. */
const timeout = text('-t, --timeout', { aliases: ['--time'], unit: 'number', renderShort: true });
const newerSignal = text('-s, --signal', { since: '28.2' });

const containers = { names: 'CONTAINER [CONTAINER...]', min: 1, max: Number.POSITIVE_INFINITY };
const oneContainer = { names: 'CONTAINER', min: 1, max: 1 };
const nothing = { names: '', min: 0, max: 0 };

function command(
  name: string,
  operands: CommandGrammar['operands'],
  flags: readonly FlagSpec[],
  more: Partial<CommandGrammar> = {},
): CommandGrammar {
  return { command: name, operands, flags, interspersed: true, payload: false, payloadMin: 0, ...more };
}

const table = {
  attach: command('attach', oneContainer, [detachKeys, bool('--no-stdin'), bool('--sig-proxy')]),
  cp: command('cp', { names: 'CONTAINER:SRC DEST|-', min: 2, max: 2 }, [
    bool('-a, --archive'),
    bool('-L, --follow-link'),
    bool('-q, --quiet', { since: '28.2' }),
  ]),
  /** Not docker's: draws the tree of images itself. */
  dockviz: command('dockviz', nothing, [
    bool('-t, --tree', { own: true }),
    bool('--no-trunc', { own: true }),
  ]),
  exec: command(
    'exec',
    oneContainer,
    [
      bool('-d, --detach'),
      detachKeys,
      list('-e, --env'),
      list('--env-file'),
      bool('-i, --interactive'),
      bool('--privileged'),
      bool('-t, --tty'),
      text('-u, --user'),
      text('-w, --workdir'),
    ],
    { interspersed: false, payload: true, payloadMin: 1 },
  ),
  images: command('images', { names: '[REPOSITORY[:TAG]]', min: 0, max: 1 }, [
    bool('-a, --all'),
    bool('--digests'),
    filter,
    format,
    bool('--no-trunc'),
    bool('-q, --quiet'),
    bool('--tree', { since: '28.2' }),
  ]),
  inspect: command('inspect', containers, [shortFormat, bool('-s, --size'), text('--type')]),
  kill: command('kill', containers, [signal]),
  load: command('load', nothing, [
    text('-i, --input'),
    text('--platform', { since: '28.2' }),
    bool('-q, --quiet'),
  ]),
  logs: command('logs', oneContainer, [
    bool('--details'),
    bool('-f, --follow'),
    text('--since'),
    text('-n, --tail'),
    bool('-t, --timestamps'),
    text('--until'),
  ]),
  port: command('port', { names: 'CONTAINER [PRIVATE_PORT[/PROTO]]', min: 1, max: 2 }, []),
  ps: command('ps', nothing, [
    bool('-a, --all'),
    filter,
    format,
    text('-n, --last'),
    bool('-l, --latest'),
    bool('--no-trunc'),
    bool('-q, --quiet'),
    bool('-s, --size'),
    bool('--gpu-used', { own: true }),
    bool('--gpu-used-mine', { own: true }),
    bool('--gpu-free', { own: true }),
  ]),
  pull: command('pull', { names: 'NAME[:TAG|@DIGEST]', min: 1, max: 1 }, [
    bool('-a, --all-tags'),
    bool('--disable-content-trust'),
    text('--platform'),
    bool('-q, --quiet'),
    text('--login', { own: true }),
  ]),
  restart: command('restart', containers, [newerSignal, timeout]),
  rm: command('rm', containers, [bool('-f, --force'), bool('-l, --link'), bool('-v, --volumes')]),
  rmi: command('rmi', { names: 'IMAGE [IMAGE...]', min: 1, max: Number.POSITIVE_INFINITY }, [
    bool('-f, --force'),
    bool('--no-prune'),
    list('--platform', { since: '28.2' }),
  ]),
  run: command('run', { names: 'IMAGE', min: 1, max: 1 }, runFlags, { interspersed: false, payload: true }),
  start: command('start', containers, [
    bool('-a, --attach'),
    text('--checkpoint'),
    text('--checkpoint-dir'),
    detachKeys,
    bool('-i, --interactive'),
  ]),
  stats: command('stats', { names: '[CONTAINER...]', min: 0, max: Number.POSITIVE_INFINITY }, [
    bool('-a, --all'),
    format,
    bool('--no-stream'),
    bool('--no-trunc'),
  ]),
  stop: command('stop', containers, [newerSignal, timeout]),
  /** docker takes `ps` options behind the container and hands them to the host's ps: not here. */
  top: command('top', oneContainer, [], { interspersed: false }),
  version: command('version', nothing, [shortFormat, text('--kubeconfig', { until: '20.10' })]),
  wait: command('wait', containers, []),
} as const satisfies { readonly [name: string]: CommandGrammar };

export type CommandName = keyof typeof table;

/** Every command that userdocker can offer. */
export const grammars: readonly CommandGrammar[] = Object.values(table);

/** The grammar of a command that the program itself names. */
export function grammarOf(name: CommandName): CommandGrammar {
  return table[name];
}

/** The grammar of a command that somebody else names. */
export function findGrammar(name: string): CommandGrammar | undefined {
  return grammars.find((grammar) => grammar.command === name);
}

/** The flag that docker takes `spelled` for: `-t`, `--tty` or an alias, exactly so (no abbreviations). */
export function findFlag(flags: readonly FlagSpec[], spelled: string): FlagSpec | undefined {
  return flags.find((flag) => spellings(flag).includes(spelled));
}

/** All spellings of a flag, the canonical one first. */
export function spellings(flag: FlagSpec): readonly string[] {
  return [flag.long, ...(flag.short === undefined ? [] : [flag.short]), ...(flag.aliases ?? [])];
}
