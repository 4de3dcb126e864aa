import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOptions, mustRun, type Outcome, run } from './command.ts';

const log = '/var/log/dockerd.log';

function launch(args: readonly string[], options: CommandOptions) {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...options.env };
  return { cwd: '/', ...options, env, argv: ['/usr/bin/docker', ...args] };
}

/** docker as root, beside userdocker: to arrange what a test needs and to see what became of it. Must succeed. */
export async function docker(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return (await mustRun(launch(args, options))).trimEnd();
}

export function tryDocker(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return run(launch(args, options));
}

/** What `docker inspect` says of a container or image, by a Go template: `inspect('alice_1', '.HostConfig.Privileged')`. */
export function inspect(name: string, path: string): Promise<string> {
  return docker(['inspect', '--format', `{{json ${path}}}`, name]);
}

export async function removeContainers(): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const listed = await docker(['ps', '--all', '--quiet', '--no-trunc']);
    if (listed === '') return;
    // One that ends by itself just now (--rm) can't be removed a second time.
    const { status } = await tryDocker(['rm', '--force', '--volumes', ...listed.split('\n')]);
    if (status !== 0) await sleep(100);
  }
  throw new Error(`containers that can't be removed; see ${log}`);
}

/**
 * Starts dockerd as it comes: its socket and its data are where the shipped policy looks for them. `nvidia` is runc:
 * there are no GPUs here, but `--runtime=nvidia` is taken.
 */
export async function startEngine(args = ['--add-runtime', 'nvidia=/usr/sbin/runc']): Promise<void> {
  const output = openSync(log, 'a');
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  spawn('/usr/sbin/dockerd', args, { env, detached: true, stdio: ['ignore', output, output] }).unref();
  closeSync(output);
  await engineAnswers();
}

/** To see what happens without an engine. `startEngine` brings it back. */
export async function stopEngine(): Promise<void> {
  await run({ argv: ['sh', '-c', 'kill "$(cat /run/docker.pid)"'], env: {} });
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const gone = await run({ argv: ['sh', '-c', '! kill -0 "$(cat /run/docker.pid)"'], env: {} });
    if (gone.status === 0) return;
    await sleep(100);
  }
  throw new Error(`dockerd does not stop; see ${log}`);
}

async function engineAnswers(): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if ((await tryDocker(['version'])).status === 0) return;
    await sleep(100);
  }
  const { stdout } = await run({ argv: ['tail', '-n', '30', log], env: {} });
  throw new Error(`dockerd does not answer:\n${stdout}`);
}
