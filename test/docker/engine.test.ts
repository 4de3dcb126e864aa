import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { connectEngine, withFilters } from '../../src/docker/engine.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { answering, freshSocket, httpEngine, rawEngine } from './fake-engine.ts';

/** What the user would read, after `the docker engine `. */
async function failureOf(host: string, path = '/info', timeout?: number): Promise<string> {
  try {
    const answer = await connectEngine(host, timeout).get(path);
    return `answered ${JSON.stringify(answer)}`;
  } catch (error) {
    if (!(error instanceof UserdockerError) || error.failure.code !== 'unavailable') throw error;
    return error.failure.message.replace(/^the docker engine /, '').replace(/at \S+: /, '');
  }
}
const says = (status: number, body: string, headers: { readonly [name: string]: string } = {}) =>
  httpEngine((_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  });

describe('answers', () => {
  test('come as data', async () => {
    const engine = connectEngine(await answering({ '/info': { DockerRootDir: '/x' } }));
    expect(await engine.get('/info')).toEqual({ DockerRootDir: '/x' });
    expect(engine.socketPath).toMatch(/^\/.*\.sock$/);
  });
  test('in pieces, with characters cut in two', async () => {
    const body = Buffer.from('{"a": "é\u{1F40B}"}');
    const host = await httpEngine((_request, response) => {
      response.writeHead(200);
      for (const byte of body) response.write(Buffer.of(byte));
      response.end();
    });
    expect(await connectEngine(host).get('/info')).toEqual({ a: 'é\u{1F40B}' });
  });
  test.each([404, 400])('%i is an answer, too: there is no such thing', async (status) => {
    expect(await connectEngine(await says(status, '{"message": "no"}')).get('/x')).toBeUndefined();
  });
  test('the query is asked with, and is not repeated in messages', async () => {
    const host = await httpEngine((request, response) => {
      response.writeHead(200);
      response.end(JSON.stringify(request.url));
    });
    const path = withFilters('/containers/json?all=1', { name: ['^/a&b?c#d$'] });
    expect(await connectEngine(host).get(path)).toBe(path);
    expect(decodeURIComponent(path)).toBe('/containers/json?all=1&filters={"name":["^/a&b?c#d$"]}');
    expect(withFilters('/x', {})).toBe('/x?filters=%7B%7D');
    expect(await failureOf(await says(500, ''), '/x?secret')).toBe('answered with status 500 to /x');
  });
});

describe('an engine that is not well', () => {
  test('no socket', async () => {
    expect(await failureOf(`unix://${freshSocket()}`)).toMatch(/^does not answer there is no such socket/);
  });
  test('a file that is no socket', async () => {
    const path = freshSocket();
    writeFileSync(path, '');
    expect(await failureOf(`unix://${path}`)).toMatch(/^does not answer /);
  });
  test('dead: nobody answers', async () => {
    const host = await rawEngine(() => undefined);
    expect(await failureOf(host, '/info', 100)).toBe('does not answer no answer within 0.1 s');
  });
  test('slow: a byte now and then is no answer either', async () => {
    const host = await rawEngine((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await failureOf(host, '/info', 200)).toBe('does not answer no answer within 0.2 s');
  });
  test.each([301, 401, 403, 405, 500, 503])('status %i', async (status) => {
    expect(await failureOf(await says(status, '{}'))).toBe(`answered with status ${status} to /info`);
  });
  test.each(['', 'OK', '{"a": ', '<html>'])('%j is no JSON', async (body) => {
    expect(await failureOf(await says(200, body))).toBe('gave no valid answer to /info');
  });
  test('it is no HTTP at all', async () => {
    const host = await rawEngine((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await failureOf(host)).toMatch(/^does not answer /);
  });
  test('it hangs up', async () => {
    expect(await failureOf(await rawEngine((socket) => socket.destroy()))).toMatch(/^does not answer /);
  });
  test('it breaks off, where what has come so far would be valid', async () => {
    const host = await rawEngine((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]'));
    expect(await failureOf(host)).toMatch(/^does not answer /);
  });
  test('huge', async () => {
    const host = await httpEngine((_request, response) => {
      response.writeHead(200);
      const block = Buffer.alloc(1024 * 1024, ' ');
      const more = () => {
        while (response.write(block));
      };
      response.on('drain', more);
      more();
    });
    expect(await failureOf(host)).toBe('does not answer its answer is too long');
  });
});
