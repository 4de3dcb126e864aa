/**
 * Fetching one image with credentials of the caller's own, over the Engine API. They are sent in a header to the engine's socket,
 * and to nobody else: no file, no argument, no environment ever holds them.
 *
 * The image is asked for by its digest, so that no tag of this machine is made or moved: a tag would give everybody what only the
 * caller may fetch.
 */
import http, { type IncomingMessage } from 'node:http';
import { UserdockerError, unavailable } from '../domain/errors.ts';
import { objectAt, textAt } from '../domain/json.ts';
import { type ImageReference, normalizedName } from '../policy/reference.ts';
import { linesOf, parseAnswer, textOf } from './answer.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Milliseconds: two or three questions to the registry. */
const questionTimeout = 60_000;
/** Characters, of an answer and of a line of progress. */
const longestAnswer = 256 * 1024;

export class PrivatePull {
  readonly #socketPath: string;
  readonly #reference: ImageReference;
  readonly #headers: { readonly [name: string]: string };

  /** @param credentials none: what the registry gives to everybody */
  constructor(socketPath: string, reference: ImageReference, credentials?: Credentials) {
    this.#socketPath = socketPath;
    this.#reference = reference;
    this.#headers =
      credentials === undefined ? {} : { 'X-Registry-Auth': registryAuth(reference, credentials) };
  }

  /** What the registry has under the tag now: `sha256:...`. @throws unavailable with the registry's own words */
  async digest(): Promise<string> {
    const name = `${normalizedName(this.#reference)}:${this.#reference.tag}`;
    const answer = await this.#call('GET', `/distribution/${name}/json`, this.#headers, questionTimeout);
    const digest = textAt(objectAt(answer, 'Descriptor'), 'digest') ?? '';
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      throw unavailable('the registry gave no digest for this image');
    return digest;
  }

  /** @param onProgress what the engine tells, a line at a time */
  async fetch(digest: string, onProgress: (line: string) => void): Promise<void> {
    const query = `fromImage=${encodeURIComponent(normalizedName(this.#reference))}&tag=${encodeURIComponent(digest)}`;
    const response = await this.#send('POST', `/images/create?${query}`, this.#headers, undefined);
    if (response.statusCode !== 200)
      throw refusal(parseAnswer(await textOf(response, longestAnswer)), response.statusCode);
    for await (const line of linesOf(response, longestAnswer)) {
      const message = parseAnswer(line);
      const failure = textAt(message, 'error');
      if (failure !== undefined) throw unavailable(`the image could not be fetched: ${failure}`);
      const status = textAt(message, 'status') ?? '';
      if (isWorthTelling(status)) onProgress([textAt(message, 'id'), status].filter(Boolean).join(': '));
    }
  }

  async tag(digest: string, target: ImageReference): Promise<void> {
    const query = `repo=${encodeURIComponent(normalizedName(target))}&tag=${encodeURIComponent(target.tag ?? '')}`;
    await this.#call(
      'POST',
      `/images/${normalizedName(this.#reference)}@${digest}/tag?${query}`,
      {},
      questionTimeout,
    );
  }

  async #call(
    method: string,
    path: string,
    headers: { readonly [name: string]: string },
    timeout: number,
  ): Promise<unknown> {
    const response = await this.#send(method, path, headers, timeout);
    const answer = parseAnswer(await textOf(response, longestAnswer));
    const { statusCode = 0 } = response;
    if (statusCode < 200 || statusCode > 299) throw refusal(answer, statusCode);
    return answer;
  }

  #send(
    method: string,
    path: string,
    headers: { readonly [name: string]: string },
    timeout: number | undefined,
  ): Promise<IncomingMessage> {
    return send(this.#socketPath, method, path, headers, timeout);
  }
}

/**
 * What the registry has under the tag for those who say no name; `undefined` where it wants one.
 * @throws unavailable where it does not say: an answer that is late, or a limit that is reached, is neither
 */
export async function anonymousDigest(
  socketPath: string,
  reference: ImageReference,
): Promise<string | undefined> {
  try {
    return await new PrivatePull(socketPath, reference).digest();
  } catch (error) {
    const words = error instanceof UserdockerError ? textAt(error.failure, 'message') : undefined;
    if (
      words !== undefined &&
      !/toomanyrequests|too many requests|\b429\b/i.test(words) &&
      wantsName.test(words)
    )
      return undefined;
    throw error;
  }
}

/** The codes of registries (distribution's spec/api.md, "Errors"), and dockerd's words where it was not even worth asking. */
const wantsName =
  /unauthorized|denied|forbidden|no basic auth credentials|authentication required|(?:manifest|name) unknown/i;

/** Takes a name by digest away again; whatever else the image is called stays. It may be gone already. */
export async function forgetDigest(socketPath: string, name: string): Promise<void> {
  const response = await send(socketPath, 'DELETE', `/images/${name}?noprune=0`, {}, questionTimeout);
  await textOf(response, longestAnswer);
}

function send(
  socketPath: string,
  method: string,
  path: string,
  headers: { readonly [name: string]: string },
  timeout: number | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request({
      socketPath,
      method,
      path,
      headers: { ...headers, Host: 'docker', 'Content-Length': '0' },
      agent: false,
    });
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => request.destroy(new Error(`no answer within ${timeout / 1000} s`)), timeout);
    request.on('response', (response) => {
      clearTimeout(timer);
      resolve(response);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(unavailable(`the docker engine broke off: ${error.message}`));
    });
    request.end();
  });
}

/**
 * For this registry alone (https://docs.docker.com/reference/api/engine/, "Authentication"): base64url of JSON.
 * docker.io has a name of its own there.
 */
function registryAuth({ domain }: ImageReference, { user, password }: Credentials): string {
  const serveraddress = domain === 'docker.io' ? 'https://index.docker.io/v1/' : domain;
  const json = JSON.stringify({ username: user, password, serveraddress });
  // With its padding: the engine takes what it can't decode for no credentials at all.
  return Buffer.from(json).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Not the thousands of steps in between. */
function isWorthTelling(status: string): boolean {
  return /^(?:Pulling from|Pull complete|Already exists|Digest:|Status:)/.test(status);
}

function refusal(answer: unknown, status: number | undefined): Error {
  return unavailable(`the image can't be fetched: ${textAt(answer, 'message') ?? `status ${status}`}`);
}
