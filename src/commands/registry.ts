/**
 * Every subcommand there is: one that is not in this table does not exist. A module is loaded when its command is
 * called, so that `ps` does not wait for what only `run` or `load` needs.
 */
import type { Runner } from '../pipeline.ts';
import { runner } from '../pipeline.ts';

interface Entry {
  /** A line for `userdocker --help`. */
  readonly summary: string;
  readonly load: () => Promise<Runner>;
}

const lifecycle = () => import('./lifecycle.ts');

const table = {
  attach: { summary: 'attach to a running container', load: async () => runner((await lifecycle()).attach) },
  cp: {
    summary: 'copy files from or to a running container',
    load: async () => runner((await import('./cp.ts')).cp),
  },
  dockviz: {
    summary: 'draw the tree of the local images',
    load: async () => runner((await import('./dockviz.ts')).dockviz),
  },
  exec: {
    summary: 'run a command in a running container',
    load: async () => runner((await import('./exec.ts')).exec),
  },
  images: {
    summary: 'list the local images',
    load: async () => runner((await import('./images.ts')).images),
  },
  inspect: {
    summary: 'show everything about containers',
    load: async () => runner((await lifecycle()).inspect),
  },
  kill: { summary: 'kill containers', load: async () => runner((await lifecycle()).kill) },
  load: {
    summary: 'load images from a docker or OCI archive on stdin',
    load: async () => runner((await import('./load.ts')).load),
  },
  logs: { summary: 'show what a container has printed', load: async () => runner((await lifecycle()).logs) },
  port: {
    summary: "show a container's published ports",
    load: async () => runner((await import('./port.ts')).port),
  },
  ps: {
    summary: 'list containers, or GPUs (--gpu-free)',
    load: async () => runner((await import('./ps.ts')).ps),
  },
  pull: { summary: 'fetch an image', load: async () => runner((await import('./pull.ts')).pull) },
  restart: { summary: 'restart containers', load: async () => runner((await import('./start.ts')).restart) },
  rm: { summary: 'remove containers', load: async () => runner((await lifecycle()).rm) },
  rmi: {
    summary: 'remove images that you have loaded',
    load: async () => runner((await import('./rmi.ts')).rmi),
  },
  run: { summary: 'start a container', load: async () => runner((await import('./run.ts')).run) },
  start: {
    summary: 'start stopped containers',
    load: async () => runner((await import('./start.ts')).start),
  },
  stats: {
    summary: 'show what containers use of the machine',
    load: async () => runner((await import('./stats.ts')).stats),
  },
  stop: { summary: 'stop containers', load: async () => runner((await lifecycle()).stop) },
  top: { summary: "show a container's processes", load: async () => runner((await lifecycle()).top) },
  version: {
    summary: "show docker's version",
    load: async () => runner((await import('./version.ts')).version),
  },
  wait: { summary: 'wait until containers end', load: async () => runner((await lifecycle()).wait) },
} as const satisfies { readonly [name: string]: Entry };

const entries: ReadonlyMap<string, Entry> = new Map(Object.entries(table));

export function findCommand(name: string): Entry | undefined {
  return entries.get(name);
}
