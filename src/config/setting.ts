/**
 * The kinds of settings there are, as zod schemas of one layer: each with its own value, and with what may stand behind
 * `name+` and `name-`. Values are judged by the parsers of src/config/values.ts, and each issue says whether a name or
 * a value is wrong.
 *
 * zod/mini is zod's engine without its method chains, in half the time at start. Schemas are made when a file holds the
 * setting: to make all of them would take longer than to read the file.
 */
import * as z from 'zod/mini';
import { didYouMean, type Parse, shown, text } from './values.ts';
import { sampleVariables } from './variables.ts';

/** No code from strings (`new Function`) in a program that root runs. */
z.config({ jitless: true });

type Schema = z.ZodMiniType;

export interface Setting {
  value(): Schema;
  plus?(): Schema;
  minus?(): Schema;
}
type Shape = { readonly [name: string]: Setting };
/** Lets the compiler compare a shape's names with those of the domain's type, in both directions. */
export type ShapeOf<T> = { readonly [name in keyof T]: Setting };

export interface LayerIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The name at the end of the path is wrong, and not its value. */
  readonly atKey: boolean;
}

/** @param value a layer as plain data */
export function issuesOf(setting: Setting, value: unknown): readonly LayerIssue[] {
  return (setting.value().safeParse(value).error?.issues ?? []).flatMap(layerIssues);
}

/** A value that a parser judges as a whole. */
export function leaf(parse: Parse<unknown>): Setting {
  return { value: () => looked((context) => judge(context, parse)) };
}

export function listOf(parse: Parse<unknown>): Setting {
  const array = () => arrayOf(parse);
  return { value: array, plus: array, minus: array };
}

/** One word, or a list; what is appended or removed is a list. */
export function wordOrListOf(word: Parse<unknown>, item: Parse<unknown>): Setting {
  const value = () =>
    looked((context) => {
      if (Array.isArray(context.value)) {
        context.value.forEach((part, index) => {
          judge(context, item, part, [index]);
        });
      } else judge(context, word);
    });
  return { ...listOf(item), value };
}

/** A map whose names the admin chooses; `-` takes entries away. */
export function mapOf(name: Parse<string>, entry: Setting): Setting {
  const key = () => z.string().check((context) => judge(context, name));
  return {
    value: () => z.record(key(), entry.value(), { error: mapExpected }),
    minus: () => arrayOf(text),
  };
}

/** A map with fixed names. */
export function section(shape: Shape): Setting {
  return {
    value: () =>
      looked((context) => {
        const names = typeof context.value === 'object' ? Object.keys(context.value ?? {}) : [];
        const { error } = strictMap(shape, names).safeParse(context.value);
        for (const { path, message, atKey } of error?.issues.flatMap(layerIssues) ?? []) {
          const params = { atKey };
          context.issues.push({ code: 'custom', message, path: [...path], input: context.value, params });
        }
      }),
  };
}

function strictMap(shape: Shape, names: readonly string[]): Schema {
  const present: { [name: string]: Schema } = {};
  for (const name of names) {
    const schema = schemaOf(shape, name);
    if (schema !== undefined) present[name] = schema;
  }
  return z.strictObject(present, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownName(key, shape)).join('\n')
        : mapExpected(issue),
  });
}

function schemaOf(shape: Shape, name: string): Schema | undefined {
  const { base, operator } = splitName(name);
  if (!Object.hasOwn(shape, base)) return undefined;
  return operator === undefined ? shape[base]?.value() : shape[base]?.[operator]?.();
}

function splitName(name: string): { base: string; operator: 'plus' | 'minus' | undefined } {
  const operator = name.endsWith('+') ? 'plus' : name.endsWith('-') ? 'minus' : undefined;
  return { base: operator === undefined ? name : name.slice(0, -1), operator };
}

/** A line a name: a name holds no line break. */
function unknownName(name: string, shape: Shape): string {
  const { base, operator } = splitName(name);
  if (operator !== undefined && Object.hasOwn(shape, base)) {
    return `${name}: ${base} is not a list; write ${base}: (a map is merged name by name)`;
  }
  const known = Object.keys(shape);
  return `unknown setting ${name}${didYouMean(base, known) || ` (there are: ${known.join(', ')})`}`;
}

function layerIssues(issue: z.core.$ZodIssue): readonly LayerIssue[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const lines = message.split('\n');
    return issue.keys.map((key, index) => ({
      path: [...path, key],
      message: lines[index] ?? '',
      atKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    return [{ path, message: issue.issues[0]?.message ?? message, atKey: true }];
  }
  return [{ path, message, atKey: issue.code === 'custom' && issue.params?.['atKey'] === true }];
}

function arrayOf(parse: Parse<unknown>): Schema {
  const item = looked((context) => judge(context, parse));
  return z.array(item, { error: ({ input }) => `expected a list, found ${shown(input)}` });
}

interface Context {
  readonly value: unknown;
  readonly issues: z.core.$ZodRawIssue[];
}

/** As a transformation that changes nothing: one object, where `unknown` with a check would be two. */
function looked(look: (context: Context) => void): Schema {
  return z.transform((value, context) => {
    look(context);
    return value;
  });
}

function judge({ value, issues }: Context, parse: Parse<unknown>, part = value, path: number[] = []): void {
  const result = parse(part, sampleVariables);
  if (!result.ok) issues.push({ code: 'custom', message: result.error, input: value, path });
}

function mapExpected({ input }: { readonly input?: unknown }): string {
  return `expected a map (NAME: VALUE), found ${shown(input)}`;
}
