/** The docker clients of this machine, to hold our grammar against. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface DockerClient {
  readonly path: string;
  /** `20.10`. */
  readonly version: string;
}

/** Where nothing may be skipped, a machine without a client fails. */
export const mayLackClients = process.env['USERDOCKER_MUST_WORK'] === undefined;

/** Two clients of the same version count once. */
export const dockerClients: readonly DockerClient[] = findClients();

function findClients(): readonly DockerClient[] {
  const paths = ['/usr/bin/docker', '/usr/local/bin/docker'].filter((path) => existsSync(path));
  const clients = paths.flatMap((path) => {
    const version = /version ([0-9]+\.[0-9]+)/.exec(
      spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? '',
    );
    return version?.[1] === undefined ? [] : [{ path, version: version[1] }];
  });
  return clients.filter(
    ({ version }, index) => clients.findIndex((other) => other.version === version) === index,
  );
}

/** Nobody listens there: for what the client decides alone. */
export const noEngine = 'unix:///nonexistent/docker.sock';

export interface ClientResult {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a client with an environment and a configuration that are empty. */
export async function runClient(
  client: DockerClient,
  host: string,
  argv: readonly string[],
): Promise<ClientResult> {
  const child = spawn(client.path, ['-H', host, ...argv], {
    env: { DOCKER_CONFIG: '/nonexistent/docker-config' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString('utf8');
  });
  child.stderr.on('data', (data: Buffer) => {
    output += data.toString('utf8');
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, output };
}
