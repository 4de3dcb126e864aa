/** A server on a unix socket that answers what a test wants, or nothing. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'engine-'));
chmodSync(directory, 0o755);
const running: (() => void)[] = [];
let count = 0;

afterEach(() => {
  for (const stop of running.splice(0)) stop();
});
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

export function freshSocket(): string {
  count += 1;
  return join(directory, `${count}.sock`);
}

/** @returns `unix:///...` */
export async function httpEngine(listener: RequestListener): Promise<string> {
  const server = createHttpServer(listener);
  const socket = freshSocket();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  running.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `unix://${socket}`;
}

/** By path, without the query: what is answered with 200; everything else is 404. */
export function answering(answers: { readonly [path: string]: unknown }): Promise<string> {
  return httpEngine((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const known = Object.hasOwn(answers, path);
    response.writeHead(known ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(known ? answers[path] : { message: 'no such thing' }));
  });
}

/** Below HTTP. */
export async function rawEngine(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createSocketServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const path = freshSocket();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  running.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `unix://${path}`;
}
