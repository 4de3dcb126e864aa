/** `'%s' % x`, `'{}'.format(x)`: as far as they only put texts together. */
import { err, ok, type Result } from '../../domain/result.ts';
import { literal, MapValue, type Piece, type Value } from './value.ts';

/** What `str(x)` gives, where that is certain. */
export function piecesOf(value: Value): readonly Piece[] | undefined {
  switch (value.kind) {
    case 'text':
      return value.pieces;
    case 'id':
      return [{ variable: value.variable }];
    case 'number':
      // Python writes decimals its own way (1e+16, 1.0).
      return Number.isSafeInteger(value.value) ? [String(value.value)] : undefined;
    default:
      return undefined;
  }
}

/** The template's `%s`, `%d`, `%(name)s` and `%%`. */
export function percentFormat(template: readonly Piece[], argument: Value): Result<readonly Piece[]> {
  const values = argument.kind === 'list' && argument.flavour === 'tuple' ? [...argument.items] : [argument];
  const named = argument instanceof MapValue ? argument : undefined;
  let used = 0;
  const pieces: Piece[] = [];
  for (const piece of template) {
    if (typeof piece !== 'string') return err('"%" on a text that holds a variable');
    let done = 0;
    for (const match of piece.matchAll(/%(?:\(([^)]*)\))?([\s\S])?/g)) {
      pieces.push(piece.slice(done, match.index));
      done = match.index + match[0].length;
      const [, name, letter = ''] = match;
      if (letter === '%' && name === undefined) {
        pieces.push('%');
        continue;
      }
      const value = name === undefined ? values[used++] : named?.entries.get(name);
      const filled = value === undefined ? undefined : field(value, letter);
      if (filled === undefined) return err(`the field ${match[0]}`);
      pieces.push(...filled);
    }
    pieces.push(piece.slice(done));
  }
  if (named === undefined && used !== values.length) return err('"%" with too many values');
  return named?.spoilt === undefined ? ok(pieces) : err('"%" with an unknown map');
}

function field(value: Value, letter: string): readonly Piece[] | undefined {
  const isNumber = value.kind === 'number' || value.kind === 'id';
  if (letter === 's' || ((letter === 'd' || letter === 'i') && isNumber)) return piecesOf(value);
  return undefined;
}

/** `{}`, `{0}`, `{name}`, `{{` and `}}`; no attributes, conversions or specifications. */
export function braceFormat(
  template: readonly Piece[],
  values: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Result<readonly Piece[]> {
  let next = 0;
  const pieces: Piece[] = [];
  for (const piece of template) {
    if (typeof piece !== 'string') return err('.format on a text that holds a variable');
    let done = 0;
    for (const match of piece.matchAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g)) {
      pieces.push(piece.slice(done, match.index));
      done = match.index + match[0].length;
      const name = match[1];
      if (name === undefined && match[0].length === 2) {
        pieces.push(match[0].charAt(0));
        continue;
      }
      const value =
        name === ''
          ? values[next++]
          : /^[0-9]+$/.test(name ?? '')
            ? values[Number(name)]
            : named.get(name ?? '');
      const filled = value === undefined ? undefined : piecesOf(value);
      if (filled === undefined) return err(`the field ${match[0]}`);
      pieces.push(...filled);
    }
    pieces.push(piece.slice(done));
  }
  return ok(pieces);
}

/** `', '.join(x)`. */
export function join(separator: readonly Piece[], list: Value): Result<readonly Piece[]> {
  if (list.kind !== 'list' || list.flavour === 'set' || list.spoilt !== undefined || list.uncertain)
    return err('.join of what is no known list');
  const pieces: Piece[] = [];
  for (const [index, item] of list.items.entries()) {
    if (item.kind !== 'text') return err(`.join of ${literal(item) ?? 'what is no text'}`);
    pieces.push(...(index === 0 ? [] : separator), ...item.pieces);
  }
  return ok(pieces);
}
