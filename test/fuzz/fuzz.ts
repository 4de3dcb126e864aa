/** The fuzzer: draws cases from a seed, and sends each allowed line through a real client to the second opinion. */
import fc from 'fast-check';
import type { Policy } from '../../src/domain/policy.ts';
import { type Case, cases, type Line, layersOf, wordsOf } from './cases.ts';
import { type Pool, type Speaker, speakers, startPool } from './clients.ts';
import { type Compiled, compile, type Fault, type Granted } from './compile.ts';
import { type Judgement, judge } from './judge.ts';
import { type LayerName, layers, policyFor } from './policies.ts';
import { Tally } from './tally.ts';
import { worldOf } from './worlds.ts';

/** Where a failure was found, and what is left of it when everything is gone that does not matter. */
export interface Failure {
  readonly seed: number;
  readonly path: string;
  /** The smallest line that still fails, its policy, and what docker's client made of it. */
  readonly found: string;
}

export interface Goal {
  /** Ends when so many lines have passed through a client, ... */
  readonly lines?: number;
  /** ... or at this time, in milliseconds since the epoch. */
  readonly until?: number;
}

const casesInRound = 200;
const slots = 3;

/** Each round has a seed of its own, one after the other. */
export async function fuzz(seed: number, goal: Goal): Promise<{ tally: Tally; failure?: Failure }> {
  const tally = new Tally();
  const pool = await startPool(slots);
  try {
    for (let round = seed; !isReached(goal, tally); round += 1) {
      const bad = await runAll(pool, drawn(round), tally);
      if (bad === undefined) continue;
      const again = await shrink(pool, round, String(bad.index));
      return { tally, failure: again ?? { seed: round, path: String(bad.index), found: bad.found } };
    }
    return { tally };
  } finally {
    await pool.close();
  }
}

/** @returns at which line a planted fault is found; `undefined`: not within so many */
export async function findFault(
  pool: Pool,
  fault: Fault,
  seed: number,
  most: number,
): Promise<{ readonly line: number; readonly found: string } | undefined> {
  const tally = new Tally();
  for (let round = seed; tally.drawn < most; round += 1) {
    for (const given of drawn(round)) {
      const found = await problemOf(pool, 0, given, tally, fault);
      if (found !== undefined) return { line: tally.drawn, found };
    }
  }
  return undefined;
}

function drawn(round: number): readonly Case[] {
  return fc.sample(cases, { seed: round, numRuns: casesInRound });
}

/** Draws one case again: the seed and the path that a failure has printed. */
export async function replay(seed: number, path: string): Promise<Failure | undefined> {
  const pool = await startPool(1);
  try {
    return await shrink(pool, seed, path);
  } finally {
    await pool.close();
  }
}

function isReached({ lines, until }: Goal, tally: Tally): boolean {
  if (lines !== undefined && tally.passed >= lines) return true;
  return until !== undefined && Date.now() >= until;
}

interface Bad {
  readonly index: number;
  readonly found: string;
}

/** @returns the first case that fails */
async function runAll(pool: Pool, all: readonly Case[], tally: Tally): Promise<Bad | undefined> {
  const bad: Bad[] = [];
  let next = 0;
  const work = async (slot: number) => {
    while (bad.length === 0) {
      const index = next;
      const given = all[index];
      if (given === undefined) return;
      next += 1;
      const found = await problemOf(pool, slot, given, tally);
      if (found !== undefined) bad.push({ index, found });
    }
  };
  await Promise.all(Array.from({ length: slots }, (_, slot) => work(slot)));
  return bad.toSorted((one, other) => one.index - other.index)[0];
}

/** The first line of a case that goes beyond its policy, described. */
async function problemOf(
  pool: Pool,
  slot: number,
  given: Case,
  tally: Tally,
  fault?: Fault,
): Promise<string | undefined> {
  const names = layersOf(given);
  let known: Policy | undefined;
  for (const line of given.lines) {
    if (fault !== undefined && !concerns(fault, line)) {
      tally.drawn += 1;
      continue;
    }
    const policy = known ?? policyFor(given.caller, names);
    known = policy;
    const words = wordsOf(line, given.caller);
    const world = worldOf(line.world, given.caller);
    const sound = compile(policy, given.caller, words, world);
    const compiled = fault === undefined ? sound : compile(policy, given.caller, words, world, fault);
    tally.decided(compiled);
    // Where a fault changes nothing there is nothing to see.
    if (compiled.kind === 'deny' || (fault !== undefined && isSame(compiled, sound))) continue;
    const speaker = speakerOf(line);
    const judgement = judge(policy, given.caller, compiled, await pool.ask(slot, speaker, compiled), speaker);
    tally.judged(judgement, compiled, names, speaker);
    if (judgement.kind === 'bad') return describe(given, names, words, compiled, judgement, speaker);
  }
  return undefined;
}

function concerns({ flag }: Fault, { options }: Line): boolean {
  return flag === undefined || options.some(({ piece }) => piece.flag === flag);
}

function isSame(one: Granted, other: Compiled): boolean {
  return other.kind === 'allow' && one.words.join('\0') === other.words.join('\0');
}

function speakerOf({ client }: Line): Speaker {
  const speaker = speakers[client % speakers.length];
  if (speaker === undefined) throw new Error('there is no docker client');
  return speaker;
}

async function shrink(pool: Pool, seed: number, path: string): Promise<Failure | undefined> {
  const described = new Map<string, string>();
  const property = fc.asyncProperty(cases, async (given) => {
    const problem = await problemOf(pool, 0, given, new Tally());
    if (problem !== undefined) described.set(JSON.stringify(given), problem);
    return problem === undefined;
  });
  const result = await fc.check(property, { seed, path, numRuns: 1, interruptAfterTimeLimit: 120_000 });
  const smallest = described.get(JSON.stringify(result.counterexample?.[0]));
  const found = smallest ?? [...described.values()][0];
  return found === undefined ? undefined : { seed, path, found };
}

function describe(
  { caller }: Case,
  names: readonly LayerName[],
  words: readonly string[],
  granted: Granted,
  judgement: Extract<Judgement, { readonly kind: 'bad' }>,
  speaker: Speaker,
): string {
  return [
    ...judgement.problems.map((problem) => `  ${problem}`),
    `  caller  ${caller.user} (${caller.uid}:${caller.gid})`,
    ...[...new Set(names)].map((name) => `  policy  ${layers[name]}`),
    `  line    userdocker ${JSON.stringify(words)}`,
    `  docker  ${speaker.version}, API ${speaker.api}: ${JSON.stringify(granted.words)}`,
    `  asks    ${JSON.stringify(judgement.body)}`,
  ].join('\n');
}

export function explain({ seed, path, found }: Failure): string {
  return `a line goes beyond its policy. To see it again: npm run fuzz -- --seed ${seed} --path ${path}\n${found}`;
}
