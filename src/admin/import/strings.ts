/** Python's texts, f-strings included, as far as what they put in is known. */
import type { SyntaxNode } from '@lezer/common';
import type { Evaluator } from './expression.ts';
import { piecesOf } from './formatting.ts';
import { decodeBody, type StringParts, splitString } from './literals.ts';
import { childNodes } from './scope.ts';
import { type Piece, text, unknown, type Value } from './value.ts';

export function stringOf(evaluator: Evaluator, node: SyntaxNode): Value {
  const spot = evaluator.spot(node);
  if (node.name === 'ContinuedString') {
    const parts = childNodes(node).map((child) => stringOf(evaluator, child));
    const pieces = parts.map((part) => (part.kind === 'text' ? part.pieces : undefined));
    const lost = parts.find(({ kind }) => kind !== 'text');
    return (
      lost ??
      text(
        pieces.flatMap((piece) => piece ?? []),
        spot,
      )
    );
  }
  const parts = splitString(evaluator.words(node));
  if (parts === undefined || parts.bytes) return evaluator.lost(node, 'a string of this kind');
  if (parts.format) return formatString(evaluator, node, parts);
  const decoded = decodeBody(parts.body, parts.raw);
  return decoded.ok ? text([decoded.value], spot) : unknown(decoded.error, spot);
}

function formatString(evaluator: Evaluator, node: SyntaxNode, { raw, prefix, start }: StringParts): Value {
  const spot = evaluator.spot(node);
  const pieces: Piece[] = [];
  let done = node.from + start;
  const end = node.to - (start - prefix.length);
  const add = (to: number): string | undefined => {
    const decoded = decodeBody(evaluator.words({ from: done, to }), raw);
    if (!decoded.ok) return decoded.error;
    pieces.push(decoded.value.replace(/\{\{|\}\}/g, (pair) => pair.charAt(0)));
    return undefined;
  };
  for (const field of childNodes(node)) {
    if (field.name !== 'FormatReplacement') continue;
    const problem = add(field.from);
    const [, inner, ...more] = childNodes(field);
    const value = inner === undefined ? undefined : evaluator.value(inner);
    const filled = value === undefined ? undefined : piecesOf(value);
    if (problem !== undefined || filled === undefined || more.length !== 1)
      return evaluator.lost(node, problem ?? `the field ${evaluator.words(field).slice(0, 60)}`);
    pieces.push(...filled);
    done = field.to;
  }
  const problem = add(end);
  return problem === undefined ? text(pieces, spot) : unknown(problem, spot);
}
