/**
 * A small HTTP server that poses as docker's engine and writes down what a docker client asks of it: the way to learn what the
 * real client understood of a command line.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface RecordedRequest {
  readonly method: string;
  /** With query, without the API version: `/containers/create?name=x`. */
  readonly path: string;
  /** Parsed JSON, `undefined` where there was no body. */
  readonly body: unknown;
}

export interface RecorderReply {
  readonly status: number;
  readonly body?: unknown;
}

export interface RecorderOptions {
  /** Path of the unix socket. */
  readonly socket: string;
  /** What to answer; `undefined`: an error, which ends the client. */
  readonly reply?: (request: RecordedRequest) => RecorderReply | undefined;
  readonly apiVersion?: string;
}

export interface Recorder {
  /** Everything asked so far, pings left out. */
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

export async function startRecorder({
  socket,
  reply,
  apiVersion = '1.41',
}: RecorderOptions): Promise<Recorder> {
  const requests: RecordedRequest[] = [];
  const headers = { 'Api-Version': apiVersion, Ostype: 'linux', 'Content-Type': 'application/json' };
  const server = createServer((incoming, response) => {
    void readRequest(incoming).then((request) => {
      if (request.path === '/_ping') return answer(response, headers, { status: 200, body: 'OK' });
      requests.push(request);
      return answer(response, headers, reply?.(request) ?? { status: 500, body: { message: 'recorded' } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return {
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(incoming: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString('utf8');
  const path = (incoming.url ?? '').replace(/^\/v[0-9.]+(?=\/)/, '');
  return { method: incoming.method ?? '', path, body: parsed(body) };
}

function parsed(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function answer(
  response: ServerResponse,
  headers: { readonly [name: string]: string },
  { status, body }: RecorderReply,
): void {
  response.writeHead(status, headers);
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}
