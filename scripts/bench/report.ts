/** The measurements as Markdown, for the README. */
import { cpus, release } from 'node:os';
import { userdockerVersion } from '../../src/version.ts';
import { docker } from '../../test/e2e/support/engine.ts';
import type { Medians } from './contest.ts';
import type { Session } from './session.ts';

export interface Measured extends Medians {
  readonly load: string;
}

export interface Measurements {
  readonly measured: readonly Measured[];
  readonly sessions: readonly Session[];
  readonly rounds: number;
  /** Milliseconds that any command takes from here. */
  readonly floor: number;
}

export async function report(measurements: Measurements): Promise<string> {
  const { measured, sessions } = measurements;
  const parts = [
    await heading(measurements),
    listTable(measured),
    gpuTable(measured),
    runTable(measured),
    sessionTable(sessions),
  ];
  return `${parts.join('\n\n')}\n`;
}

async function heading({ rounds, floor }: Measurements): Promise<string> {
  const version = await docker([
    'version',
    '--format',
    'docker {{.Client.Version}}, engine {{.Server.Version}}',
  ]);
  const processors = cpus();
  return [
    `userdocker ${userdockerVersion}, ${version}, Linux ${release()}, ${processors.length} × ${processors[0]?.model.trim()}.`,
    `Medians of ${rounds} rounds, in milliseconds, whole commands, without sudo; starting anything at all takes ${ms(floor)}.`,
  ].join('\n');
}

function listTable(measured: readonly Measured[]): string {
  return table(
    [
      'containers on the engine',
      '`docker ps`',
      '`userdocker ps`',
      'more',
      'ratio',
      '`userdocker -n run ...`',
    ],
    measured.map(({ load, dockerPs, userdockerPs, dryRun }) => [
      load,
      ms(dockerPs),
      ms(userdockerPs),
      ...compared(userdockerPs, dockerPs),
      ms(dryRun),
    ]),
  );
}

/** nvidia-smi is a stand-in that answers at once; a real one takes its own time. */
function gpuTable(measured: readonly Measured[]): string {
  return table(
    [
      'containers on the engine, 8 GPUs',
      '`docker ps`',
      '`nvidia-userdocker -n run ...` (without nvidia-smi itself)',
      'more',
      'ratio',
    ],
    measured.map(({ load, dockerPs, gpuDryRun }) => [
      load,
      ms(dockerPs),
      ms(gpuDryRun),
      ...compared(gpuDryRun, dockerPs),
    ]),
  );
}

function runTable(measured: readonly Measured[]): string {
  return table(
    [
      'containers on the engine',
      '`docker run --rm box true`',
      'with the same options',
      '`userdocker run --rm box true`',
      'more',
      'ratio',
    ],
    measured.map(({ load, dockerRun, sameRun, userdockerRun }) => [
      load,
      ms(dockerRun),
      ms(sameRun),
      ms(userdockerRun),
      ...compared(userdockerRun, sameRun),
    ]),
  );
}

/** Difference and ratio. */
function compared(one: number, other: number): readonly string[] {
  const difference = one - other;
  return [`${difference < 0 ? '-' : '+'}${ms(Math.abs(difference))}`, (one / other).toFixed(2)];
}

function sessionTable(sessions: readonly Session[]): string {
  return table(
    ['a session that runs', 'its processes on the host', 'resident', "userdocker's"],
    sessions.map(({ command, processes, userdockers }) => [
      `\`${command}\``,
      processes.map(({ name }) => name).join(' > '),
      `${(processes.reduce((sum, { residentKiB }) => sum + residentKiB, 0) / 1024).toFixed(1)} MiB`,
      String(userdockers),
    ]),
  );
}

function ms(milliseconds: number): string {
  return milliseconds.toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
