import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const program = '/usr/bin/nvidia-smi';
/** Where test/support/nvidia-smi finds what it is to say. */
const answers = '/usr/share/nvidia-smi';

/** MiB of memory in use, by the GPU's index; where nothing is said, what the fixture says. */
export type MemoryUsed = { readonly [index: string]: number };

/** Puts an nvidia-smi in place that says what a directory of test/fixtures/nvidia-smi says. */
export function installNvidiaSmi(fixture: string, used: MemoryUsed = {}): void {
  removeNvidiaSmi();
  cpSync(`test/fixtures/nvidia-smi/${fixture}`, answers, { recursive: true });
  const lines = readFileSync(`${answers}/query.csv`, 'utf8').split('\n');
  const edited = lines.map((line) => {
    const fields = line.split(', ');
    const memory = used[fields[0] ?? ''];
    return memory === undefined ? line : [...fields.slice(0, 3), memory, ...fields.slice(4)].join(', ');
  });
  writeFileSync(`${answers}/query.csv`, edited.join('\n'));
  writeFileSync(`${program}.fixture`, `${answers}\n`);
  writeFileSync(program, readFileSync('test/support/nvidia-smi'), { mode: 0o755 });
}

export function removeNvidiaSmi(): void {
  for (const path of [program, `${program}.fixture`, answers]) rmSync(path, { recursive: true, force: true });
}

/** Of a fixture's GPUs, by index. */
export function uuidsOf(fixture: string): readonly string[] {
  const text = readFileSync(`test/fixtures/nvidia-smi/${fixture}/query.csv`, 'utf8');
  return [...text.matchAll(/GPU-[0-9a-f-]+/g)].map(([uuid]) => uuid);
}
