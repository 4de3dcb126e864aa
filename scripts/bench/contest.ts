/**
 * Commands against the clock. They take turns, so that whatever else the machine does falls on all of them. A time is that of the
 * whole command, launcher and runtime included; sudo is left out, and the caller is stated the way sudo states it.
 */
import { spawnSync } from 'node:child_process';
import { newNonce } from '../../src/state/ownership.ts';

/** Medians, in milliseconds. */
export interface Medians {
  readonly dockerPs: number;
  readonly userdockerPs: number;
  readonly dryRun: number;
  /** With eight GPUs to choose from. */
  readonly gpuDryRun: number;
  readonly dockerRun: number;
  /** docker with the options that userdocker gives it. */
  readonly sameRun: number;
  readonly userdockerRun: number;
}

interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
}

export interface Own {
  readonly nonce: string;
  readonly cidfile: string;
}

const dockerPath = '/usr/bin/docker';
const run = ['run', '--rm', 'box', 'true'];
const warmUp = 5;

export class Contest {
  readonly #rounds: number;
  readonly #home: string;
  readonly #env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', TERM: 'xterm', LANG: 'C.UTF-8' };
  readonly #sudo: Launch['env'];

  constructor(caller: {
    readonly user: string;
    readonly uid: number;
    readonly gid: string;
    readonly rounds: number;
  }) {
    this.#rounds = caller.rounds;
    this.#home = `/home/${caller.user}`;
    this.#sudo = { SUDO_UID: String(caller.uid), SUDO_GID: caller.gid, SUDO_USER: caller.user };
  }

  measure(): Medians {
    const list = this.#race({
      docker: () => this.#docker(['ps']),
      userdocker: () => this.#userdocker(['ps']),
      dryRun: () => this.#userdocker(['-n', ...run]),
      gpuDryRun: () => this.#userdocker(['--executor=nvidia-docker', '-n', ...run]),
    });
    const own = this.ownCommand();
    const start = this.#race({
      docker: () => this.#docker(run),
      same: () => this.#docker(own(newOwn())),
      userdocker: () => this.#userdocker(run),
    });
    return {
      dockerPs: list('docker'),
      userdockerPs: list('userdocker'),
      dryRun: list('dryRun'),
      gpuDryRun: list('gpuDryRun'),
      dockerRun: start('docker'),
      sameRun: start('same'),
      userdockerRun: start('userdocker'),
    };
  }

  /** What it takes to start anything from here. */
  floor(): number {
    return this.#race({ nothing: () => ({ program: '/bin/true', args: [], env: this.#env }) })('nothing');
  }

  /** The arguments with which userdocker would run docker, `run` first, the nonce and the id file still to be filled in. */
  ownCommand(): (own: Own) => readonly string[] {
    const line = this.#call(this.#userdocker(['-n', ...run])).trimEnd();
    // It is quoted for a shell, so a shell takes it apart.
    const script = `set -- ${line}; printf '%s\\0' "$@"`;
    const words = this.#call({ program: '/bin/sh', args: ['-c', script], env: this.#env })
      .split('\0')
      .slice(0, -1);
    const args = words.slice(words.indexOf(dockerPath) + 1);
    return ({ nonce, cidfile }) =>
      args.map((word) =>
        word.startsWith('--cidfile=') ? `--cidfile=${cidfile}` : word.replace(/=NONCE$/, `=${nonce}`),
      );
  }

  #docker(args: readonly string[]): Launch {
    return { program: dockerPath, args, env: this.#env };
  }

  #userdocker(args: readonly string[]): Launch {
    return { program: '/usr/local/bin/userdocker', args, env: { ...this.#env, ...this.#sudo } };
  }

  /** @param entrants make a command anew for each round, before its time begins: names can be used once */
  #race<Name extends string>(entrants: { readonly [name in Name]: () => Launch }): (name: Name) => number {
    const names: readonly string[] = Object.keys(entrants);
    const launches: { readonly [name: string]: () => Launch } = entrants;
    const times = new Map<string, number[]>(names.map((name) => [name, []]));
    for (let round = -warmUp; round < this.#rounds; round += 1) {
      for (const name of round % 2 === 0 ? names : [...names].reverse()) {
        const launch = launches[name]?.();
        if (launch === undefined) throw new Error(name);
        const start = process.hrtime.bigint();
        this.#call(launch);
        const end = process.hrtime.bigint();
        if (round >= 0) times.get(name)?.push(Number(end - start) / 1e6);
      }
    }
    return (name) => median(times.get(name) ?? []);
  }

  /** @returns standard output, of what must succeed */
  #call({ program, args, env }: Launch): string {
    const options = { env, cwd: this.#home, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(program, args, options);
    if (status !== 0) throw new Error(`${[program, ...args].join(' ')}: ${status}\n${stderr}`);
    return stdout;
  }
}

/** The id file lies where userdocker does not look: these containers are nobody's. */
function newOwn(): Own {
  const nonce = newNonce();
  return { nonce, cidfile: `/run/bench-${nonce}` };
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
