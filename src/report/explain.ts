/** A decision taken apart: each part of the command, who put it there, and which setting, file and line say so. Pure. */
import { originOf } from '../config/origins.ts';
import type { ExecPlan, Part, Source } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { LoadedPolicy, Origin } from '../domain/policy.ts';
import { shellQuote } from './shell.ts';

type Origins = Pick<LoadedPolicy, 'origins'>;

export interface ExplainedPart {
  readonly words: readonly string[];
  readonly source: Source;
  /** The setting, or a rule of userdocker's own; `docker` for what docker's grammar asks for. */
  readonly rule: string;
  /** Missing where no setting says so. */
  readonly file?: string;
  readonly line?: number;
}

/** What `--format json` prints. */
export type Explained =
  | {
      readonly decision: 'allow';
      /** Done by userdocker itself: nothing is started, there are no parts. */
      readonly own: boolean;
      readonly command: string;
      readonly env: readonly ExplainedPart[];
      readonly parts: readonly ExplainedPart[];
    }
  | { readonly decision: 'deny'; readonly reasons: readonly Reason[] };

/**
 * @param executor its name
 * @param own userdocker does it itself: no program is started
 */
export function explainedPlan(plan: ExecPlan, executor: string, own: boolean, loaded: Origins): Explained {
  const command = plan.parts[0]?.words[0] ?? '';
  if (own) return { decision: 'allow', own, command, env: [], parts: [] };
  const { executable, env } = plan;
  return {
    decision: 'allow',
    own,
    command,
    env: Object.entries(env).map(([name, value]) => {
      const rule = environmentRules.get(name) ?? 'nvidia';
      return explained({ words: [`${name}=${value}`], source: 'enforced', rule }, loaded);
    }),
    parts: [
      explained({ words: [executable], source: 'default', rule: `executors.${executor}` }, loaded),
      ...plan.parts.map((part) => explained(part, loaded)),
    ],
  };
}

/** docker's own environment. What else is in it says which GPUs (`gpus: nv_gpu`). */
const environmentRules: ReadonlyMap<string, string> = new Map([
  ['DOCKER_HOST', 'docker_host'],
  ['DOCKER_CONFIG', 'docker_config'],
]);

/** @param isRoot a refusal tells users what would be allowed, and not where others have written the rule */
export function explainedDenial(reasons: readonly Reason[], isRoot: boolean): Explained {
  return {
    decision: 'deny',
    reasons: reasons.map(({ rule, message, instead, origin }) => ({
      rule,
      message,
      ...(instead === undefined ? {} : { instead }),
      ...(isRoot && origin !== undefined ? { origin } : {}),
    })),
  };
}

function explained({ words, source, rule, origin }: Part, loaded: Origins): ExplainedPart {
  const found = origin ?? originOfPart(words[0] ?? '', rule, loaded);
  return {
    words,
    source,
    rule,
    ...(found === undefined ? {} : { file: found.file, line: found.line }),
  };
}

/** That of the one entry where the setting is a map: of `env.HOME` for `--env=HOME=/home/alice`. */
function originOfPart(word: string, rule: string, loaded: Origins): Origin | undefined {
  const name = /^--[a-z-]+=([^=]+)=/.exec(word)?.[1];
  const entries = name === undefined ? [] : [`${rule}.${name}`, `${rule}.options.${name}`];
  const entry = entries.map((path) => loaded.origins.get(path)).find((origin) => origin !== undefined);
  return entry ?? originOf(loaded, rule);
}

/** Ends with a newline. One part a line, and where it comes from behind it. */
export function explainedText(plan: Explained): string {
  if (plan.decision === 'deny') return '';
  if (plan.own) return `Allowed. ${plan.command} is done by userdocker itself, not by docker.\n`;
  const separator = plan.parts.findIndex(isSeparator);
  const rows = plan.parts.map((part, index) =>
    row(part, index === separator ? 'ends the options' : why(part)),
  );
  return [
    'Allowed. userdocker would become:',
    '',
    ...rows,
    '',
    'with these variables:',
    '',
    ...plan.env.map((part) => row(part, why(part))),
    '',
  ].join('\n');
}

function isSeparator({ words, rule }: ExplainedPart): boolean {
  return rule === 'docker' && words.length === 1 && words[0] === '--';
}

function why({ source, rule, file, line }: ExplainedPart): string {
  if (source === 'you' && rule === 'docker') return 'you';
  const where = file === undefined ? 'built in' : `${file}:${line}`;
  const who = { you: 'you, allowed by', default: 'default,', enforced: 'enforced,' }[source];
  return `${who} ${rule} (${where})`;
}

const column = 34;

function row({ words }: ExplainedPart, reason: string): string {
  // A first word would be quoted where it could be taken for an assignment: these stand behind others.
  const shown = shellQuote(['-', ...words], 'escaped').slice(2);
  const gap = shown.length > column ? `\n${' '.repeat(column + 4)}` : ' '.repeat(column + 2 - shown.length);
  return `  ${shown}${gap}${reason}`;
}
