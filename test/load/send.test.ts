import { mkdtempSync, rmSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { badArchive } from '../../src/load/failure.ts';
import { loadIntoEngine } from '../../src/load/send.ts';

let directory = '';
let server: http.Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'send-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(directory, { recursive: true });
});

interface Seen {
  readonly url: string | undefined;
  readonly body: string;
  /** The request came to its end. */
  readonly whole: boolean;
}

/** An engine that answers like this. @returns its socket, and what it got */
async function engine(
  answer: (seen: Seen, response: ServerResponse) => void,
): Promise<{ socketPath: string; seen: Promise<Seen> }> {
  const socketPath = join(directory, 'docker.sock');
  const seen = new Promise<Seen>((resolve) => {
    server = http.createServer(async (message, response) => {
      const got = await readBody(message);
      resolve(got);
      answer(got, response);
    });
  });
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  return { socketPath, seen };
}

async function readBody(message: IncomingMessage): Promise<Seen> {
  let body = '';
  try {
    for await (const chunk of message) body += chunk;
    return { url: message.url, body, whole: true };
  } catch {
    return { url: message.url, body, whole: false };
  }
}

async function send(
  socketPath: string,
  stream: Readable,
): Promise<{ lines: string[]; error: string | undefined }> {
  const lines: string[] = [];
  try {
    await loadIntoEngine({ socketPath, stream, onProgress: (line) => lines.push(line) });
    return { lines, error: undefined };
  } catch (error) {
    if (!(error instanceof UserdockerError)) throw error;
    const { failure } = error;
    return { lines, error: 'message' in failure ? `${failure.code}: ${failure.message}` : failure.code };
  }
}

const archive = () => Readable.from([Buffer.from('some '), Buffer.from('archive')], { objectMode: false });

test('sends the archive and passes on what the engine says', async () => {
  const { socketPath, seen } = await engine((_, response) => {
    response.write('{"stream":"Loaded image: localhost/alice/a:1\\n"}\r\n{"str');
    response.end(
      'eam":"Loaded image: localhost/alice/b:1\\n"}\n{"stream":"\\n"}\nno json\n{"status":"done"}',
    );
  });
  expect(await send(socketPath, archive())).toEqual({
    lines: ['Loaded image: localhost/alice/a:1', 'Loaded image: localhost/alice/b:1', 'done'],
    error: undefined,
  });
  expect(await seen).toEqual({ url: '/images/load?quiet=1', body: 'some archive', whole: true });
});

test.each([
  [
    'an error in the stream',
    200,
    '{"stream":"x"}\n{"errorDetail":{"message":"no space left"},"error":"no space left"}',
    'no space left',
  ],
  ['a status', 500, '{"message":"invalid tar header"}', 'invalid tar header'],
  ['a status without words', 503, '', 'refused the image with status 503'],
  ['a status with other words', 502, 'Bad gateway', 'status 502 Bad gateway'],
])('%s is an error', async (_, status, body, message) => {
  const { socketPath } = await engine((__, response) => response.writeHead(status).end(body));
  const { error } = await send(socketPath, archive());
  expect(error).toMatch(/^unavailable: /);
  expect(error).toContain(message);
});

test('an archive that breaks off never comes to its end at the engine', async () => {
  const { socketPath, seen } = await engine((_, response) => response.end());
  const stream = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000, 'x');
      await new Promise((resolve) => setTimeout(resolve, 50));
      throw badArchive('the archive is bad');
    })(),
    { objectMode: false },
  );
  expect((await send(socketPath, stream)).error).toBe('usage: the archive is bad');
  expect(await seen).toMatchObject({ whole: false });
});

test('nobody listens', async () => {
  const stream = archive();
  const { error } = await send(join(directory, 'docker.sock'), stream);
  expect(error).toMatch(/^unavailable: the docker engine at .* broke off/);
  expect(stream.destroyed).toBe(true);
});

test('an engine that goes away', async () => {
  const { socketPath } = await engine((_, response) => {
    response.write('{"stream":"x"}\n');
    setTimeout(() => response.destroy(), 20);
  });
  expect((await send(socketPath, archive())).error).toMatch(/^unavailable: the docker engine broke off/);
});

test('an engine that answers before it has read everything', async () => {
  const socketPath = join(directory, 'docker.sock');
  server = http.createServer((_, response) => {
    response.writeHead(500, { Connection: 'close' }).end('{"message":"no space left on device"}');
  });
  await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(65_536);
    })(),
    { objectMode: false },
  );
  expect((await send(socketPath, endless)).error).toMatch(/no space left on device|broke off/);
  expect(endless.destroyed).toBe(true);
});
