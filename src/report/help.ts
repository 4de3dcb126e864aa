/** `--help`: what this caller may do, from the same tables and the same policy that decide. */
import { findGrammar, spellings } from '../args/grammar.ts';
import { usageLine } from '../args/parse.ts';
import type { CommandGrammar, FlagSpec } from '../args/types.ts';
import { ownWords } from '../commands/own-words.ts';
import { findCommand } from '../commands/registry.ts';
import type { Caller } from '../domain/caller.ts';
import type { CommandArguments, MountRule, Policy } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import { frameCommand } from '../frame.ts';
import { type AllowedValues, extraFlags, resolveRule } from '../policy/argument-rules.ts';
import { readable } from '../policy/full-match.ts';
import { formatBytes } from '../policy/limits.ts';
import { describeRule } from '../policy/mount-rules.ts';

/** A row of a table: what, and what about it. */
export type Row = readonly [string, string];

/** `userdocker --help`: the global options, and the commands that the policy allows. */
export function generalHelp(policy: Policy): string {
  const options = frameCommand().options.map(({ flags, description }) => [flags, description] as const);
  const about = [...ownWords].map(([name, { summary }]): Row => [name, summary]);
  return [
    'Usage: userdocker [OPTIONS] COMMAND [ARG...]',
    '',
    'Runs docker for you, within what the admins of this machine allow.',
    '',
    'Options:',
    ...table(options),
    '',
    'Commands:',
    ...table(commandRows(policy)),
    '',
    'About you and this machine:',
    ...table(about),
    '',
    'userdocker COMMAND --help shows what you may give a command.',
    '',
  ].join('\n');
}

export function commandRows(policy: Policy): readonly Row[] {
  return policy.allowed_subcommands.map((name) => [name, findCommand(name)?.summary ?? '']);
}

/** `userdocker COMMAND --help`; `undefined`: there is no such command. */
export function commandHelp(command: string, policy: Policy, caller: Caller): string | undefined {
  const word = ownWords.get(command);
  if (word !== undefined) return `Usage: userdocker ${word.usage}\n\n${capitalised(word.summary)}.\n`;
  const grammar = findGrammar(command);
  const summary = findCommand(command)?.summary;
  if (grammar === undefined || summary === undefined) return undefined;
  const allowed = policy.allowed_subcommands.includes(command);
  return [
    `Usage: ${usageLine(grammar)}`,
    '',
    `${capitalised(summary)}.`,
    ...(allowed ? [] : ['', 'The policy does not allow you this command.']),
    ...section('Options you may give', optionRows(grammar, policy.args[command])),
    ...section(
      'Given unless you say otherwise (--no-default-args leaves them out)',
      fixedRows(policy.args[command]?.default),
    ),
    ...section('Always given', fixedRows(policy.args[command]?.always)),
    ...(command === 'run' ? runSections(policy, caller) : []),
    '',
  ].join('\n');
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** What `run` gives beside its options. */
export function runSections(policy: Policy, caller: Caller): readonly string[] {
  const { volume_mounts: mounts, limits } = policy;
  const bounds = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  return [
    ...section('Mounts (-v HOST:CONTAINER[:ro])', [
      ...mounts.always.map((rule) => mountRow(rule, 'always')),
      ...mounts.default.map((rule) => mountRow(rule, 'by default (--no-default-mounts leaves it out)')),
      ...mounts.available.map((rule) => mountRow(rule, 'available')),
    ]),
    ...section(
      'Images (the whole name must match one of)',
      policy.images.allowed.map((pattern) => [readable(pattern), '']),
    ),
    ...section(
      'Ports (-p, must match one of)',
      policy.allowed_port_mappings.map((pattern) => [readable(pattern), '']),
    ),
    ...section(
      'Limits',
      bounds.map(([name, limit]) => [name, name === 'memory' ? formatBytes(Number(limit)) : String(limit)]),
    ),
    ...(policy.user_in_container ? ['', `Inside the container you are ${caller.uid}:${caller.gid}.`] : []),
  ];
}

function mountRow(rule: MountRule, when: string): Row {
  return [describeRule(rule), `${when}${rule.create ? ', made where it is missing' : ''}`];
}

export function optionRows(grammar: CommandGrammar, rules: CommandArguments | undefined): readonly Row[] {
  if (rules === undefined) return [];
  const flags = [...grammar.flags, ...extraFlags(grammar, rules)];
  const own = grammar.flags.filter((flag) => flag.own === true).map((flag) => [spelling(flag), ''] as const);
  const rows = rules.available.flatMap((rule) => {
    const resolved = resolveRule(flags, rule);
    return resolved.ok ? [[spelling(resolved.value.flag), values(resolved.value.allowed)] as const] : [];
  });
  return [...merged(rows), ...own];
}

/** Several entries for one flag become one row. */
function merged(rows: readonly Row[]): readonly Row[] {
  const byFlag = new Map<string, string[]>();
  for (const [flag, text] of rows)
    byFlag.set(flag, [...(byFlag.get(flag) ?? []), ...(text === '' ? [] : [text])]);
  return [...byFlag].map(([flag, texts]) => [flag, texts.join(', ')] as const);
}

/** `-t, --tty`, as docker's own help shows it. */
function spelling(flag: FlagSpec): string {
  const [long = '', ...others] = spellings(flag);
  const short = others.find((other) => !other.startsWith('--') && other !== '-h');
  return `${short === undefined ? '    ' : `${short}, `}${long}`;
}

function values(allowed: AllowedValues): string {
  switch (allowed.kind) {
    case 'any':
      return 'any value';
    case 'booleans':
      return '';
    case 'texts':
      return allowed.values.join(', ');
    case 'max':
      return `at most ${allowed.max}`;
    case 'pattern':
      return `matching ${readable(allowed.pattern)}`;
    default:
      return assertNever(allowed);
  }
}

export function fixedRows(rules: CommandArguments['always'] | undefined): readonly Row[] {
  return (rules ?? []).map(({ flags, values: fixed }) => {
    const texts = fixed.kind === 'one-of' ? fixed.values : [];
    return [`${flags.join(', ')}${texts.length === 0 ? '' : `=${texts.join(', ')}`}`, ''] as const;
  });
}

export function section(title: string, rows: readonly Row[]): readonly string[] {
  return rows.length === 0 ? [] : ['', `${title}:`, ...table(rows)];
}

function table(rows: readonly Row[]): readonly string[] {
  const width = Math.min(32, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
