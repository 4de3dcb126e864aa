/**
 * Fetching a run's image before the run. What is judged (its volumes, its working directory, its ports) must be the image that
 * runs, so docker never fetches one by itself: `run` is always told `--pull=never`.
 */
import { spawn } from 'node:child_process';
import { UserdockerError } from '../domain/errors.ts';
import { dockerEnvironment } from '../exec/exec.ts';
import { assertRootsAlone } from '../exec/trusted.ts';
import { executorFor } from '../policy/executor.ts';
import type { Session } from './command.ts';

/**
 * Runs `docker pull`, its progress on stderr: stdout belongs to the container.
 * @throws unavailable where docker could not fetch it; docker has said why by then
 */
export async function pullImage(
  session: Session,
  reference: string,
  platform: string | undefined,
): Promise<void> {
  const { policy } = session.loaded;
  const docker = executorFor(policy, session.executor.name, 'pull')?.path ?? session.executor.path;
  assertRootsAlone(docker);
  const args = ['pull', ...(platform === undefined ? [] : [`--platform=${platform}`]), '--', reference];
  const status = await new Promise<number>((resolve, reject) => {
    const child = spawn(docker, args, {
      stdio: ['ignore', 2, 2],
      env: dockerEnvironment(policy),
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  if (status === 0) return;
  throw new UserdockerError({
    code: 'unavailable',
    message: `the image ${reference} is not here and could not be fetched`,
    hint: 'userdocker images shows the local ones',
  });
}
