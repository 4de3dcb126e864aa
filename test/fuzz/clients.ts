/** A pool of docker's real clients, each with a recorder of its own in place of the engine. */
import { spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DockerClient, dockerClients, runClient } from '../support/docker-clients.ts';
import { type RecordedRequest, type Recorder, startRecorder } from '../support/recorder.ts';
import type { Granted } from './compile.ts';
import { callers } from './policies.ts';

/** A client and the version of the API that it is told to speak, as it would after asking an engine of that version. */
export interface Speaker extends DockerClient {
  readonly api: string;
}

export const speakers: readonly Speaker[] = dockerClients.flatMap((client) => {
  const versions = Number.parseInt(client.version, 10) < 25 ? ['1.41'] : ['1.41', '1.44', '1.48'];
  return versions.map((api) => ({ ...client, api }));
});

export interface Heard {
  readonly requests: readonly RecordedRequest[];
  /** What the client said; only asked for where it made no request. */
  readonly output: string;
}

export interface Pool {
  /** Where a client asks what this slot's recorder answers. */
  ask(slot: number, speaker: Speaker, granted: Granted): Promise<Heard>;
  close(): Promise<void>;
}

export async function startPool(slots: number): Promise<Pool> {
  const directory = mkdtempSync(join(tmpdir(), 'userdocker-fuzz-'));
  const recorders: Recorder[] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    for (const { uid } of callers)
      mkdirSync(join(directory, String(slot), 'containers', String(uid)), { recursive: true });
    recorders.push(await startRecorder({ socket: join(directory, String(slot), 'sock') }));
  }
  const terminal = await openTerminal();
  const ask: Pool['ask'] = async (slot, speaker, granted) => {
    const place = join(directory, String(slot));
    const argv = argvOf(granted, place);
    const environment = environmentOf(speaker, join(place, 'sock'));
    const recorder = recorders[slot];
    if (recorder === undefined) throw new Error(`there is no slot ${slot}`);
    recorder.requests.length = 0;
    await runSilently(speaker.path, argv, environment, terminal.descriptor);
    const requests = recorder.requests.splice(0);
    const isSilent = requests.length === 0;
    const output = isSilent ? (await runClient(speaker, `unix://${join(place, 'sock')}`, argv)).output : '';
    return { requests, output };
  };
  const close = async () => {
    terminal.close();
    await Promise.all(recorders.map((recorder) => recorder.close()));
    rmSync(directory, { recursive: true, force: true });
  };
  return { ask, close };
}

/** As nvidia-docker 2 does it: its own options first, ours behind them. */
function argvOf({ words, isNvidiaDocker, nvGpu }: Granted, place: string): readonly string[] {
  const here = words.map((word) => word.replace(/^--cidfile=\/var\/lib\/userdocker/, `--cidfile=${place}`));
  if (!isNvidiaDocker) return here;
  const told = nvGpu === undefined ? [] : ['-e', `NVIDIA_VISIBLE_DEVICES=${nvGpu}`];
  return ['run', '--runtime=nvidia', ...told, ...here.slice(1)];
}

/**
 * The version is what the client would find out by a ping. A collection of garbage does not pay in 20 ms, and more than one
 * processor is what the other clients need.
 */
function environmentOf({ api }: Speaker, socket: string): { readonly [name: string]: string } {
  return {
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_API_VERSION: api,
    DOCKER_CONFIG: '/nonexistent/docker-config',
    GOGC: 'off',
    GOMAXPROCS: '1',
  };
}

function runSilently(
  file: string,
  argv: readonly string[],
  env: { readonly [name: string]: string },
  stdin: number,
): Promise<void> {
  const child = spawn(file, argv, { env, stdio: [stdin, 'ignore', 'ignore'], timeout: 20_000 });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}

/** Without a terminal the client refuses -it. script(1) makes one; it ends with its standard input, and so with us. */
async function openTerminal(): Promise<{ readonly descriptor: number; close(): void }> {
  const command = ['--quiet', '--flush', '--command', 'tty; exec cat', '/dev/null'];
  const child = spawn('script', command, { stdio: ['pipe', 'pipe', 'ignore'], env: { SHELL: '/bin/sh' } });
  const path = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.on('data', (data: Buffer) => {
      const name = /\/dev\/pts\/[0-9]+/.exec(data.toString('utf8'))?.[0];
      if (name !== undefined) resolve(name);
    });
  });
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  return {
    descriptor,
    close: () => {
      closeSync(descriptor);
      child.stdin.end();
      child.kill();
    },
  };
}
