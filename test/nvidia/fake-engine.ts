/**
 * Stands in for the docker engine in the race tests: makes, starts and lists containers as moby does where it matters.
 * A start goes on when its client is gone, takes its time, and `state` (inspect) waits for it, `list` does not.
 * Notices every GPU that two containers have at once.
 */
import { createServer, type Socket } from 'node:net';
import readline from 'node:readline';
import { sleep } from '../support/workers.ts';

interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly nonce: string;
  readonly uid: number;
  readonly gpus: readonly string[];
  state: 'created' | 'running' | 'exited';
  starting: Promise<void>;
}

export interface FakeEngine {
  readonly violations: string[];
  readonly started: number;
  running(): readonly string[];
  close(): Promise<void>;
}

/** One request a line, JSON; the answer is a line, too. */
export type EngineRequest =
  | { readonly do: 'list' }
  | { readonly do: 'create'; readonly nonce: string; readonly uid: number; readonly gpus: readonly string[] }
  | { readonly do: 'start'; readonly id: string; readonly lasts: number }
  | { readonly do: 'state'; readonly id: string }
  | { readonly do: 'wait'; readonly id: string };

/** @param slowest milliseconds that a start takes at most */
export async function startFakeEngine(socketPath: string, slowest: number): Promise<FakeEngine> {
  const containers = new Map<string, FakeContainer>();
  const violations: string[] = [];
  const sockets = new Set<Socket>();
  let started = 0;

  async function start(container: FakeContainer, lasts: number): Promise<void> {
    await sleep(Math.random() * slowest);
    for (const other of containers.values()) {
      const shared =
        other.state === 'running' ? other.gpus.filter((gpu) => container.gpus.includes(gpu)) : [];
      if (shared.length > 0)
        violations.push(`${container.name} and ${other.name} both have ${shared.join(', ')}`);
    }
    container.state = 'running';
    started += 1;
    setTimeout(() => {
      container.state = 'exited';
      containers.delete(container.id); // --rm
    }, lasts);
  }

  async function answer(request: EngineRequest): Promise<unknown> {
    if (request.do === 'list') {
      return [...containers.values()].map(({ id, name, nonce, uid, gpus, state }) => ({
        id,
        name,
        nonce,
        uid,
        gpus,
        state,
      }));
    }
    if (request.do === 'create') {
      const id = String(containers.size + started + 1).padStart(8, '0') + request.nonce.repeat(2).slice(8);
      const container = {
        ...request,
        id,
        name: `c-${request.nonce.slice(0, 6)}`,
        starting: Promise.resolve(),
      };
      containers.set(id, { ...container, state: 'created' });
      return id;
    }
    const container = containers.get(request.id);
    if (container === undefined) return 'gone';
    if (request.do === 'start') {
      container.starting = start(container, request.lasts);
      await container.starting;
      return 'started';
    }
    if (request.do === 'wait') {
      while (containers.has(request.id)) await sleep(5);
      return 'ended';
    }
    await container.starting;
    return container.state;
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    const lines = readline.createInterface(socket);
    lines.on('error', () => socket.destroy()); // a killed client
    lines.on('line', async (line) => {
      const reply = await answer(JSON.parse(line));
      if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    violations,
    get started() {
      return started;
    },
    running: () => [...containers.values()].flatMap(({ state, gpus }) => (state === 'running' ? gpus : [])),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
