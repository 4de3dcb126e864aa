import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { docker } from './engine.ts';

/** Watches which container has which GPU, from when to when, as the engine tells it. */
export interface GpuWitness {
  /** Every GPU that two containers had at once. */
  readonly violations: readonly string[];
  /** Containers with GPUs that were started so far. */
  readonly started: () => number;
  readonly forget: () => void;
  readonly close: () => void;
}

export async function watchGpus(): Promise<GpuWitness> {
  const format = '{{.Action}} {{.ID}} {{index .Actor.Attributes "userdocker.gpus"}}';
  const filters = ['type=container', 'event=start', 'event=die', 'event=create'];
  const events = spawn(
    '/usr/bin/docker',
    ['events', '--format', format, ...filters.map((filter) => `--filter=${filter}`)],
    { env: { HOME: '/root' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const holders = new Map<string, string>();
  const violations: string[] = [];
  let started = 0;
  const lines = readline.createInterface(events.stdout);
  const first = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      resolve();
      const [action, id = '', gpus = ''] = line.split(' ');
      const held = gpus.split(',').filter((gpu) => gpu.startsWith('GPU-'));
      if (action === 'start' && held.length > 0) started += 1;
      for (const gpu of held) {
        const holder = holders.get(gpu);
        if (action === 'start') {
          if (holder !== undefined) violations.push(`${gpu}: ${holder} and ${id}`);
          holders.set(gpu, id);
        }
        if (action === 'die' && holder === id) holders.delete(gpu);
      }
    });
  });
  // Until the first event has come, others could be missed.
  const alarm = setInterval(() => docker(['run', '--rm', '--network=none', 'box', 'true']), 500);
  await first;
  clearInterval(alarm);
  const forget = () => {
    violations.length = 0;
  };
  return { violations, started: () => started, forget, close: () => events.kill() };
}

/** The GPUs of the containers that run now, each as often as it is held. */
export async function gpusInUse(): Promise<readonly string[]> {
  const labels = await docker(['ps', '--format', '{{.Label "userdocker.gpus"}}']);
  return labels.split(/[\n,]/).filter((gpu) => gpu !== '');
}
