/** What scripts/fuzz.sh hands on. Without it: a number of lines, from a seed that no run has had before. */
import process from 'node:process';

const { env } = process;

export const settings = {
  seed: number('FUZZ_SEED') ?? Math.floor(Math.random() * 2 ** 30),
  /** Of one case of that seed: only this is run. */
  path: env['FUZZ_PATH'],
  /** That pass through docker's client. */
  lines: number('FUZZ_LINES') ?? 20_000,
  /** In place of a number of lines. */
  minutes: number('FUZZ_MINUTES'),
  details: env['FUZZ_DETAILS'] !== undefined,
} as const;

function number(name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name}=${text} is no number`);
  return value;
}
