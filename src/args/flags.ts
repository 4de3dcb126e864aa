/** How a row of the tables of flags is written: the names as `docker COMMAND --help` prints them, then what is special. */
import type { FlagSpec } from './types.ts';

type Details = Omit<FlagSpec, 'long' | 'short' | 'type' | 'repeatable'>;

/** A flag without a value, `-t, --tty`; `--tty=false` turns it off. */
export function bool(names: string, details: Details = {}): FlagSpec {
  return { ...spelling(names), type: 'bool', repeatable: false, ...details };
}

/** A flag with one value. */
export function text(names: string, details: Details = {}): FlagSpec {
  return { ...spelling(names), type: 'text', repeatable: false, ...details };
}

/** A flag with a value that may be given again, each time adding one. */
export function list(names: string, details: Details = {}): FlagSpec {
  return { ...spelling(names), type: 'text', repeatable: true, ...details };
}

function spelling(names: string): Pick<FlagSpec, 'long' | 'short'> {
  const [first = '', second] = names.split(', ');
  return second === undefined ? { long: first } : { long: second, short: first };
}
