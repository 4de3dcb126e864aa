/** What a run of the fuzzer has seen: a property over nothing would hold. */
import { isObject, objectAt } from '../../src/domain/json.ts';
import { type Speaker, speakers } from './clients.ts';
import type { Compiled, Granted } from './compile.ts';
import type { Judgement } from './judge.ts';
import { type LayerName, layerNames } from './policies.ts';

export class Tally {
  /** Lines that were put to the program. */
  drawn = 0;
  allowed = 0;
  /** Lines that passed through a client and were found good. */
  passed = 0;
  /** Allowed lines that docker's client refused for a reason of its own. */
  readonly refusals = new Map<string, number>();
  /** By rule: why lines were denied. */
  readonly denials = new Map<string, number>();
  /** Flags in the lines that passed. */
  readonly flags = new Map<string, number>();
  readonly layers = new Map<LayerName, number>();
  /** Settings of the API that were set in a request. */
  readonly settings = new Map<string, number>();
  readonly clients = new Map<string, number>();
  readonly distinct = new Set<string>();

  decided(compiled: Compiled): void {
    this.drawn += 1;
    if (compiled.kind === 'allow') this.allowed += 1;
    else for (const rule of new Set(compiled.rules)) count(this.denials, rule);
  }

  judged(
    judgement: Judgement,
    { request, words }: Granted,
    names: readonly LayerName[],
    speaker: Speaker,
  ): void {
    if (judgement.kind === 'refused') count(this.refusals, reasonIn(judgement.output));
    if (judgement.kind !== 'good') return;
    this.passed += 1;
    this.distinct.add(words.join('\0'));
    count(this.clients, `${speaker.version} (API ${speaker.api})`);
    for (const flag of new Set(request.options.map((option) => option.flag))) count(this.flags, flag);
    for (const name of new Set(names)) count(this.layers, name);
    for (const setting of settingsIn(judgement.body)) count(this.settings, setting);
  }

  /** In which ways the generators have fallen asleep. */
  floors(): readonly string[] {
    // A few hundred lines can't have seen everything.
    if (this.passed < 10_000) return [];
    const least: readonly (readonly [string, number, number])[] = [
      ['the allowed among a hundred lines', (100 * this.allowed) / this.drawn, 45],
      ['those of them that docker takes', (100 * this.passed) / this.allowed, 85],
      ['different ones among a hundred', (100 * this.distinct.size) / this.passed, 85],
      ['flags', this.flags.size, 78],
      ['settings of the policy', this.layers.size, layerNames.length],
      ['settings of the API', this.settings.size, 70],
      ['rules that deny', this.denials.size, 38],
      ['kinds of clients', this.clients.size, speakers.length],
    ];
    return least.flatMap(([what, seen, wanted]) =>
      seen >= wanted ? [] : [`${what}: ${seen}, not ${wanted}`],
    );
  }

  details(): readonly string[] {
    return [
      listed('refused by docker', this.refusals),
      listed('denied by', this.denials),
      listed('flags', this.flags),
      listed('settings of the policy', this.layers),
      listed('settings of the API', this.settings),
    ];
  }

  /** @param started milliseconds since the epoch */
  summary(seed: number, started: number): string {
    const seconds = (Date.now() - started) / 1000;
    const refused = [...this.refusals.values()].reduce((sum, each) => sum + each, 0);
    return [
      `seed ${seed}: ${this.drawn} lines, ${this.allowed} allowed, ${this.passed} through docker's client (${this.distinct.size} different)`,
      `${refused} refused by docker itself, ${seconds.toFixed(0)} s`,
      `${this.flags.size} flags, ${this.layers.size} settings of the policy, ${this.settings.size} of the API, ${this.denials.size} rules that denied`,
      [...this.clients].map(([client, lines]) => `docker ${client}: ${lines}`).join(', '),
    ].join('\n  ');
  }
}

/** What came in, most first. */
function listed(name: string, counts: ReadonlyMap<string, number>): string {
  const all = [...counts].sort(([, one], [, other]) => other - one);
  return `${name}: ${all.map(([key, lines]) => `${key} ${lines}`).join(', ')}`;
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function reasonIn(output: string): string {
  return (output.split('\n')[0] ?? '').replace(/"[^"]*"|[0-9]+/g, '_').slice(0, 80);
}

function settingsIn(body: unknown): readonly string[] {
  const set = (value: unknown) =>
    !(value === null || value === '' || value === 0 || value === false || JSON.stringify(value).length === 2);
  const names = (json: object) => Object.entries(json).flatMap(([name, value]) => (set(value) ? [name] : []));
  return isObject(body)
    ? [...names(body), ...names(objectAt(body, 'HostConfig')).map((name) => `HostConfig.${name}`)]
    : [];
}
