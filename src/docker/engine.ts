/**
 * The Engine API as a source of facts (https://docs.docker.com/engine/api/). Only reading calls: what changes the
 * engine is done by docker itself, or by src/load/send.ts and src/docker/private-pull.ts. Nothing else in the program talks to the socket.
 */
import { unavailable } from '../domain/errors.ts';

/**
 * Milliseconds for the whole answer. An engine under load may take seconds to list its containers; a dead one must not
 * hang the caller.
 */
const longestWait = 20_000;
/** Bytes. Every container and image is bounded (src/policy/image-size.ts); an endless answer is none. */
const largestAnswer = 512 * 1024 * 1024;

export interface Engine {
  readonly socketPath: string;
  /** `false`: what it says is not noted down (src/docker/engine-note.ts). */
  readonly notes?: boolean;
  /**
   * GET. `undefined` for 404 ("no such ...") and 400 (an ambiguous id prefix is no name of anything either).
   * @param timeout milliseconds
   * @throws unavailable where nothing answers, or not with what was asked.
   */
  get(path: string, timeout?: number): Promise<unknown>;
}

/** @param dockerHost `unix:///path`, as the schema checked it. */
export function connectEngine(dockerHost: string, timeout = longestWait): Engine {
  const socketPath = socketPathOf(dockerHost);
  return { socketPath, get: (path, patience = timeout) => getJson({ socketPath, path, timeout: patience }) };
}

/** @param dockerHost `unix:///path`, as the schema checked it. */
export function socketPathOf(dockerHost: string): string {
  return dockerHost.replace(/^unix:\/\//, '');
}

/** Engine API filters are a JSON object in the query, each value a list. */
export function withFilters(path: string, filters: { readonly [name: string]: readonly string[] }): string {
  const separator = path.includes('?') ? '&' : '?';
  return `${path}${separator}filters=${encodeURIComponent(JSON.stringify(filters))}`;
}

interface Call {
  readonly socketPath: string;
  readonly path: string;
  readonly timeout: number;
}

async function getJson(wanted: Call): Promise<unknown> {
  const { path } = wanted;
  const { status, body } = await request(wanted);
  if (status === 404 || status === 400) return undefined;
  if (status !== 200)
    throw unavailable(`the docker engine answered with status ${status} to ${path.split('?')[0]}`);
  try {
    return JSON.parse(body);
  } catch {
    throw unavailable(`the docker engine gave no valid answer to ${path.split('?')[0]}`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function request({ socketPath, path, timeout }: Call): Promise<Answer> {
  // Loaded here: `ps` asks the engine nothing, and it takes 4 ms.
  const { default: http } = await import('node:http');
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      const message = `the docker engine does not answer at ${socketPath}: ${why}`;
      reject(unavailable(message, 'is it running? (systemctl status docker)'));
    };
    const call = http.request({ socketPath, path, headers: { Host: 'docker' }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largestAnswer) call.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        if (!response.complete) return fail('it broke off in the middle');
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
      response.on('error', (error) => fail(error.message));
    });
    // Not the socket's own time-out: an engine that sends a byte now and then would never meet it.
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeout / 1000} s`)), timeout);
    call.on('error', (error: NodeJS.ErrnoException) => fail(reasonOf(error)));
    call.end();
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'FailedToOpenSocket')
    return 'there is no such socket, or nobody listens';
  if (error.code === 'ECONNREFUSED') return 'nobody listens there';
  if (error.code === 'EACCES') return 'permission denied';
  return error.message;
}
