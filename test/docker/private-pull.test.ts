/** What the engine is asked for a `pull --login`, and what becomes of its answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { anonymousDigest, forgetDigest, PrivatePull } from '../../src/docker/private-pull.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseReference } from '../../src/policy/reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'private-pull-'));
const socket = join(folder, 'docker.sock');
const digest = `sha256:${'a'.repeat(64)}`;
const asked: { readonly line: string; readonly auth: unknown }[] = [];
/** Without a body: it breaks off after the first line. */
let answers: { readonly [start: string]: readonly [status: number, body: string | undefined] } = {};
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { 'x-registry-auth': auth } = request.headers;
    // As Go's base64.URLEncoding, which wants the padding.
    if (typeof auth === 'string' && !/^(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?$/.test(auth))
      throw new Error('no base64');
    const line = `${request.method} ${request.url}`;
    asked.push({
      line,
      auth: typeof auth === 'string' ? JSON.parse(Buffer.from(auth, 'base64url').toString()) : undefined,
    });
    const known = Object.entries(answers).find(([start]) => line.startsWith(start));
    const [status, body] = known?.[1] ?? [404, '{"message": "page not found"}'];
    response.writeHead(status);
    if (body === undefined) response.write('{"status": "Pulling"}\n', () => response.destroy());
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(() => {
  asked.length = 0;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function pulling(name: string, password = 'hunter2'): PrivatePull {
  const reference = parseReference(name);
  if (!reference.ok) throw new Error(reference.error.message);
  return new PrivatePull(socket, reference.value, { user: 'al', password });
}
const target = (() => {
  const parsed = parseReference('localhost/alice/reg.lab/x:1');
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
})();
const messageOf = async (work: Promise<unknown>) => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof UserdockerError) || error.failure.code !== 'unavailable') throw error;
  return error.failure.message;
};

describe('the credentials', () => {
  test.each([
    ['reg.lab:5000/x:1', 'reg.lab:5000', 'GET /distribution/reg.lab:5000/x:1/json'],
    ['debian:12', 'https://index.docker.io/v1/', 'GET /distribution/docker.io/library/debian:12/json'],
  ])('of %s are for %s', async (name, serveraddress, line) => {
    answers = { 'GET /distribution': [200, JSON.stringify({ Descriptor: { digest } })] };
    expect(await pulling(name, 'pä"ss').digest()).toBe(digest);
    expect(asked).toEqual([{ line, auth: { username: 'al', password: 'pä"ss', serveraddress } }]);
  });
  test('go to the registry’s calls and to no other', async () => {
    answers = { 'POST /images/': [201, ''], 'DELETE /images/': [200, '[]'] };
    await pulling('reg.lab/x:1').tag(digest, target);
    await forgetDigest(socket, `reg.lab/x@${digest}`);
    expect(asked).toEqual([
      {
        line: `POST /images/reg.lab/x@${digest}/tag?repo=localhost%2Falice%2Freg.lab%2Fx&tag=1`,
        auth: undefined,
      },
      { line: `DELETE /images/reg.lab/x@${digest}?noprune=0`, auth: undefined },
    ]);
  });
});

describe('whether the registry gives it to anybody', () => {
  const ask = () => {
    const parsed = parseReference('reg.lab/x:1');
    if (!parsed.ok) throw new Error(parsed.error.message);
    return anonymousDigest(socket, parsed.value);
  };
  const answer = (status: number, message: string) => {
    answers = { 'GET /distribution': [status, JSON.stringify({ message })] };
  };
  test('is asked without a name', async () => {
    answers = { 'GET /distribution': [200, JSON.stringify({ Descriptor: { digest } })] };
    expect(await ask()).toBe(digest);
    expect(asked).toEqual([{ line: 'GET /distribution/reg.lab/x:1/json', auth: undefined }]);
  });
  test.each([
    [401, 'errors:\nunauthorized: authentication required\n'],
    [403, 'errors:\ndenied: requested access to the resource is denied\n'],
    [500, 'Get "https://reg.lab/v2/x/manifests/1": denied: denied'],
    [500, 'Get "http://reg.lab/v2/x/manifests/1": no basic auth credentials'],
    [404, 'errors:\nname unknown: repository name not known to registry\n'],
  ])('it does not: %i %s', async (status, message) => {
    answer(status, message);
    expect(await ask()).toBeUndefined();
  });
  test.each([
    [429, 'toomanyrequests: You have reached your unauthenticated pull rate limit.'],
    [500, 'toomanyrequests: access denied, too fast'],
    [503, 'service unavailable'],
    [500, 'Get "https://reg.lab/v2/": context deadline exceeded'],
    [404, 'page not found'],
  ])('it does not say: %i %s', async (status, message) => {
    answer(status, message);
    expect(await messageOf(ask())).toContain(message);
  });
});

test('the image is fetched by its digest, and by no tag', async () => {
  const lines = [
    { status: 'Pulling from x', id: '1' },
    { status: 'Downloading' },
    { status: 'Pull complete', id: 'abc' },
  ];
  answers = { 'POST /images/create': [200, lines.map((line) => JSON.stringify(line)).join('\r\n')] };
  const told: string[] = [];
  await pulling('reg.lab/x:1').fetch(digest, (line) => told.push(line));
  expect(told).toEqual(['1: Pulling from x', 'abc: Pull complete']);
  expect(asked.map(({ line }) => line)).toEqual([
    `POST /images/create?fromImage=reg.lab%2Fx&tag=${encodeURIComponent(digest)}`,
  ]);
});

describe('what goes wrong is told in the engine’s words, without the password', () => {
  const wrong: { readonly [start: string]: readonly [number, string] } = {
    'GET /distribution': [401, '{"message": "unauthorized: incorrect username or password"}'],
    'POST /images/create': [200, '{"status": "Pulling"}\n{"error": "no space left"}'],
    'POST /images/reg.lab': [404, '{"message": "No such image"}'],
  };
  test.each([
    ['no right', () => pulling('reg.lab/x:1').digest(), /unauthorized/],
    ['an error on the way', () => pulling('reg.lab/x:1').fetch(digest, () => undefined), /no space left/],
    ['gone before it was tagged', () => pulling('reg.lab/x:1').tag(digest, target), /No such image/],
  ])('%s', async (_what, work, message) => {
    answers = wrong;
    const told = await messageOf(work());
    expect(told).toMatch(message);
    expect(told).not.toContain('hunter2');
  });
  test.each([
    '{}',
    '{"Descriptor": {"digest": "sha256:short"}}',
    'no JSON',
    `{"Descriptor": {"digest": "${digest}/../x"}}`,
  ])('an answer without a digest: %s', async (body) => {
    answers = { 'GET /distribution': [200, body] };
    expect(await messageOf(pulling('reg.lab/x:1').digest())).toMatch(/no digest/);
  });
  test('an answer without an end', async () => {
    answers = {
      'GET /distribution': [200, 'x'.repeat(400_000)],
      'POST /images/create': [200, 'x'.repeat(400_000)],
    };
    expect(await messageOf(pulling('reg.lab/x:1').digest())).toMatch(/no valid answer/);
    expect(await messageOf(pulling('reg.lab/x:1').fetch(digest, () => undefined))).toMatch(/no valid answer/);
  });
  test.each([
    ['while it fetches', () => pulling('reg.lab/x:1').fetch(digest, () => undefined), 'POST /images/create'],
    ['while it answers', () => pulling('reg.lab/x:1').digest(), 'GET /distribution'],
  ])('an engine that goes away %s', async (_when, work, call) => {
    answers = { [call]: [200, undefined] };
    expect(await messageOf(work())).toMatch(/^the docker engine broke off/);
  });
  test('no engine', async () => {
    const gone = join(folder, 'gone.sock');
    expect(await messageOf(forgetDigest(gone, 'x'))).toMatch(/broke off/);
  });
});
