/** What the engine answers while it works (https://docs.docker.com/reference/api/engine/): a JSON object, or one a line. Bounded. */
import type { IncomingMessage } from 'node:http';
import { unavailable } from '../domain/errors.ts';
import { isObject, type JsonObject } from '../domain/json.ts';

/**
 * The lines, without empty ones, as they come.
 * @param longest characters of one line
 * @throws unavailable where a line is longer, or the engine breaks off
 */
export async function* linesOf(
  response: IncomingMessage,
  longest: number,
): AsyncGenerator<string, void, void> {
  let rest = '';
  for await (const chunk of chunksOf(response)) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line.trim() !== '');
    if (rest.length > longest) throw noAnswer();
  }
  if (rest.trim() !== '') yield rest;
}

/**
 * @param longest characters
 * @throws unavailable where it is longer, or the engine breaks off
 */
export async function textOf(response: IncomingMessage, longest: number): Promise<string> {
  let text = '';
  for await (const chunk of chunksOf(response)) {
    text += chunk;
    if (text.length > longest) throw noAnswer();
  }
  return text;
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<string, void, void> {
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) yield String(chunk);
  } catch (error) {
    throw unavailable(`the docker engine broke off: ${error instanceof Error ? error.message : error}`);
  }
}

function noAnswer(): Error {
  return unavailable('the docker engine gave no valid answer');
}

/** An object without anything where the engine gave none. */
export function parseAnswer(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
