/**
 * Hands a filtered archive to the engine: `POST /images/load` (https://docs.docker.com/engine/api/). If the archive
 * breaks off, the connection is cut in the middle of the request's body: the engine reads an archive without an end,
 * and loads nothing.
 */
import http, { type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { linesOf, parseAnswer } from '../docker/answer.ts';
import { unavailable } from '../domain/errors.ts';
import { textAt } from '../domain/json.ts';

export interface EngineLoad {
  readonly socketPath: string;
  /** A plain tar: the `output` of `filterArchive`. */
  readonly stream: Readable;
  /** What the engine tells, a line at a time: `Loaded image: localhost/alice/debian:latest`. */
  readonly onProgress: (line: string) => void;
}

/** Characters. The engine's lines have some hundred. */
const longestLine = 64 * 1024;

/** @throws what broke the archive off, else `unavailable` with the engine's own words. */
export async function loadIntoEngine({ socketPath, stream, onProgress }: EngineLoad): Promise<void> {
  let broken: unknown;
  stream.on('error', (error) => {
    broken = error;
  });
  try {
    await readAnswer(await post(socketPath, stream), onProgress);
  } catch (error) {
    // The engine may have found words for the cut connection; the reason is ours.
    throw broken ?? error;
  } finally {
    stream.destroy();
  }
}

/** An answer may come before all is sent: an engine that has run out of disk does not read to the end. */
function post(socketPath: string, stream: Readable): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath,
      method: 'POST',
      path: '/images/load?quiet=1',
      headers: { Host: 'docker', 'Content-Type': 'application/x-tar', 'Transfer-Encoding': 'chunked' },
      agent: false,
    });
    request.on('response', resolve);
    request.on('error', (error) => {
      reject(unavailable(`the docker engine at ${socketPath} broke off: ${error.message}`));
    });
    stream.on('error', (error) => {
      request.destroy();
      reject(error);
    });
    stream.pipe(request);
  });
}

async function readAnswer(response: IncomingMessage, onProgress: (line: string) => void): Promise<void> {
  const refused = response.statusCode !== 200;
  let said = '';
  for await (const line of linesOf(response, longestLine)) {
    const message = parseAnswer(line);
    const failure = textAt(message, 'error') ?? (refused ? textAt(message, 'message') : undefined);
    if (failure !== undefined) throw unavailable(`the docker engine could not load the image: ${failure}`);
    said = line;
    const progress = textAt(message, 'stream') ?? textAt(message, 'status');
    if (progress !== undefined && progress.trim() !== '') onProgress(progress.trim());
  }
  if (refused)
    throw unavailable(
      `the docker engine refused the image with status ${response.statusCode} ${said}`.trim(),
    );
}
