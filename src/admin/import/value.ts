/**
 * Values of a Python program as far as they can be known without running it. Lists and maps are objects with an identity, as in
 * Python: `B = A; B += [1]` changes A too.
 */

/** Lines of a file, 1-based, both included. */
export interface Spot {
  readonly file: string;
  readonly first: number;
  readonly last: number;
}

/** What the Python program puts into a configuration's names, and what stands for it here. */
export type VariableName = 'uid' | 'gid' | 'user' | 'group' | 'home';
/** A piece of a text: literal, or one of the caller's variables. */
export type Piece = string | { readonly variable: VariableName };

export type Value =
  | { readonly kind: 'text'; readonly pieces: readonly Piece[]; readonly spot: Spot }
  | { readonly kind: 'number'; readonly value: number; readonly spot: Spot }
  /** `uid` and `gid`, which are numbers. */
  | { readonly kind: 'id'; readonly variable: 'uid' | 'gid'; readonly spot: Spot }
  | { readonly kind: 'truth'; readonly value: boolean; readonly spot: Spot }
  | { readonly kind: 'none'; readonly spot: Spot }
  | Unknown
  | ListValue
  | MapValue;

export interface Unknown {
  readonly kind: 'unknown';
  readonly why: string;
  readonly spot: Spot;
  /** It may be, or lead to, a function that the file itself makes: a call of it can change anything. */
  readonly callable: boolean;
}

export class ListValue {
  readonly kind = 'list';
  readonly flavour: 'list' | 'tuple' | 'set';
  readonly spot: Spot;
  items: Value[];
  /** In a layer: the setting whose inherited list this is, and what was done to it. */
  change: ListChange | undefined;
  /** In a layer: other layers may have changed it before, so `items` need not be all, or all of it. */
  uncertain = false;
  /** Two names lead to it: a change in place would change two settings. */
  shared = false;
  /** Something happened to it that could not be followed. */
  spoilt: Unknown | undefined;

  constructor(flavour: ListValue['flavour'], items: readonly Value[], spot: Spot) {
    this.flavour = flavour;
    this.items = [...items];
    this.spot = spot;
  }
}

export interface ListChange {
  readonly path: string;
  readonly removed: readonly Value[];
  readonly added: readonly Value[];
}

export class MapValue {
  readonly kind = 'map';
  readonly spot: Spot;
  readonly entries: Map<string, Value>;
  /** In a layer: the setting whose inherited map this is. */
  path: string | undefined;
  deleted: ReadonlyMap<string, Spot> = new Map();
  /** Keys that were set after it was inherited. */
  readonly fresh = new Set<string>();
  uncertain = false;
  shared = false;
  spoilt: Unknown | undefined;

  constructor(entries: Iterable<readonly [string, Value]>, spot: Spot) {
    this.entries = new Map(entries);
    this.spot = spot;
  }

  set(key: string, value: Value): void {
    this.entries.set(key, value);
    this.fresh.add(key);
  }
}

/** A text of more characters, a list of more items, is no configuration. */
export const largestText = 65_536;
export const mostItems = 10_000;

export function unknown(why: string, spot: Spot, callable = false): Unknown {
  return { kind: 'unknown', why, spot, callable };
}

/** Neighbouring literal pieces are joined. */
export function text(pieces: readonly Piece[], spot: Spot): Value {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else if (piece !== '') joined.push(piece);
  }
  const length = joined.reduce((sum, piece) => sum + (typeof piece === 'string' ? piece.length : 8), 0);
  return length > largestText
    ? unknown('a text of this length', spot)
    : { kind: 'text', pieces: joined, spot };
}

/** The same value, said at another place; lists and maps keep their identity. */
export function at(value: Value, spot: Spot): Value {
  return value.kind === 'list' || value.kind === 'map' ? value : { ...value, spot };
}

/** Why a value can't be known; `undefined`: it is. */
export function doubt(value: Value): Unknown | undefined {
  if (value.kind === 'unknown') return value;
  return value.kind === 'list' || value.kind === 'map' ? value.spoilt : undefined;
}

/** The text, where it is all literal. */
export function literal(value: Value): string | undefined {
  if (value.kind !== 'text') return undefined;
  const [first = '', ...more] = value.pieces;
  return typeof first === 'string' && more.length === 0 ? first : undefined;
}

/** Python's `==` for what can stand in a configuration; `undefined`: can't be said. */
export function equal(one: Value, other: Value, depth = 0): boolean | undefined {
  if (depth > 16 || doubt(one) !== undefined || doubt(other) !== undefined) return undefined;
  if (one.kind === 'text' && other.kind === 'text')
    return JSON.stringify(one.pieces) === JSON.stringify(other.pieces);
  if (one.kind === 'list' && other.kind === 'list') {
    if (one.flavour !== other.flavour || one.items.length !== other.items.length) return false;
    const parts = one.items.map((item, index) => {
      const partner = other.items[index];
      return partner === undefined ? false : equal(item, partner, depth + 1);
    });
    return parts.includes(undefined) ? undefined : !parts.includes(false);
  }
  if ((one.kind === 'number' || one.kind === 'truth') && (other.kind === 'number' || other.kind === 'truth'))
    return Number(one.value) === Number(other.value);
  if (one.kind === 'id' && other.kind === 'id') return one.variable === other.variable;
  return one.kind === other.kind && one.kind === 'none';
}

/** `'/home/' + user_name`, for messages. */
export function shownPieces(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : `\${${piece.variable}}`)).join('');
}
