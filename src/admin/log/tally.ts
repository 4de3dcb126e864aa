/** Counts of records by user or by rule. Memory is bounded, whatever the log holds. Pure. */
import type { LogRecord } from './record.ts';

export interface Tally {
  readonly key: string;
  readonly allowed: number;
  readonly denied: number;
  /** How many users; counted up to a hundred thousand. */
  readonly users: number;
  /** The latest of them, milliseconds since the epoch. */
  readonly last: number;
}

/** More users or rules than any machine has: what comes after them is counted together. */
const mostKeys = 100_000;
const others = '(others)';
const withoutRule = '(no rule)';

export class Tallies {
  readonly #by: 'user' | 'rule';
  readonly #counts = new Map<string, { allowed: number; denied: number; last: number; users: Set<number> }>();
  #pairs = 0;

  constructor(by: 'user' | 'rule') {
    this.#by = by;
  }

  add(record: LogRecord): void {
    if (this.#by === 'user') {
      this.#count(record.user, record);
      return;
    }
    if (record.decision === 'allow') return;
    for (const rule of record.rules.length > 0 ? record.rules : [withoutRule]) this.#count(rule, record);
  }

  #count(key: string, { decision, uid, time }: LogRecord): void {
    const name = this.#counts.has(key) || this.#counts.size < mostKeys ? key : others;
    const count = this.#counts.get(name) ?? { allowed: 0, denied: 0, last: time, users: new Set<number>() };
    this.#counts.set(name, count);
    if (decision === 'allow') count.allowed += 1;
    else count.denied += 1;
    count.last = Math.max(count.last, time);
    if (this.#pairs < mostKeys && !count.users.has(uid)) {
      count.users.add(uid);
      this.#pairs += 1;
    }
  }

  /** The largest first, equal ones by name. */
  get all(): readonly Tally[] {
    const tallies = [...this.#counts].map(([key, { allowed, denied, last, users }]) => ({
      key,
      allowed,
      denied,
      last,
      users: users.size,
    }));
    const sum = ({ allowed, denied }: Tally) => allowed + denied;
    return tallies.sort((one, other) => sum(other) - sum(one) || (one.key < other.key ? -1 : 1));
  }
}
