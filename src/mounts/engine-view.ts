/**
 * Which file tree the engine sees. Where sessions or jobs have a mount namespace of their own (pam_namespace(8), a
 * job's private /tmp), the path that was checked here can be something else for the engine, which opens it anew.
 *
 * The engine is the process that holds the listening socket, is wholly root's, and runs a program known as an engine.
 * All three count: a user can bind a socket whose path reads the same in a mount namespace of their own, hand it to a
 * program that becomes root (sudo's standard input), and give that program's process any name.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { socketPathOf } from '../docker/engine.ts';
import { componentsOf } from '../policy/mount-paths.ts';
import { type Identity, isRootsAlone, sameFile } from './descriptors.ts';
import { type MountTable, ownersCount, readMountTable } from './mount-table.ts';

export type EngineView =
  /** It sees what this process sees. */
  | { readonly kind: 'same' }
  /** It has a tree of its own. */
  | OtherView
  /** Nobody knows. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface OtherView {
  readonly kind: 'other';
  /** The engine's process. */
  readonly pid: number;
  readonly table: MountTable;
}

const enginePrograms = new Set(['dockerd', 'dockerd-ce', 'dockerd-current', 'balenad', 'podman']);

/** @param dockerHost the policy's `docker_host` */
export function findEngineView(dockerHost: string): EngineView {
  if (!dockerHost.startsWith('unix://')) {
    return {
      kind: 'unknown',
      why: 'the engine is on another machine, whose directories nobody here can check',
    };
  }
  const pid = findEngine(socketPathOf(dockerHost));
  if (pid === undefined)
    return { kind: 'unknown', why: "the engine's process could not be found, nor what it sees there" };
  try {
    const root = `/proc/${pid}/root`;
    const same =
      readlinkSync('/proc/self/ns/mnt') === readlinkSync(`/proc/${pid}/ns/mnt`) && readlinkSync(root) === '/';
    return same ? { kind: 'same' } : otherView(pid);
  } catch {
    return { kind: 'unknown', why: 'the engine ended while it was looked at' };
  }
}

function otherView(pid: number): OtherView {
  return { kind: 'other', pid, table: readMountTable(`/proc/${pid}/mountinfo`) };
}

/** The same view, with the mounts of now. */
export function lookAgain(view: EngineView): EngineView {
  return view.kind === 'other' ? otherView(view.pid) : view;
}

function findEngine(socket: string): number | undefined {
  const inodes = listeningInodes(socket);
  if (inodes.size === 0) return undefined;
  return [...pidFiles(socket), ...enginePids()].find((pid) => isEngine(pid, inodes));
}

/** Sockets that listen at this path, by the path's real form: systemd writes /run where dockerd writes /var/run. */
function listeningInodes(socket: string): ReadonlySet<string> {
  const real = realPath(socket);
  const name = basename(real);
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return new Set(
    // Busy hosts have thousands of sockets, and one of them is looked for.
    lines
      .filter((line) => line.endsWith(name))
      .flatMap((line) => {
        // Num RefCount Protocol Flags Type St Inode Path; 00010000 is __SO_ACCEPTCON.
        const [, , , flags, , , inode, ...path] = line.trim().split(/\s+/);
        const bound = path.join(' ');
        const listens = flags === '00010000' && inode !== undefined;
        return listens && realPath(bound) === real ? [`socket:[${inode}]`] : [];
      }),
  );
}

/** The directory's links resolved; the socket itself may be a link as well. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Usually right, and saves looking at every process. Whether it is right is checked. */
function pidFiles(socket: string): readonly number[] {
  const places = [...new Set(['/run', dirname(realPath(socket))])];
  return places.flatMap((place) => {
    try {
      const pid = Number(readFileSync(`${place}/docker.pid`, 'utf8').trim());
      return Number.isSafeInteger(pid) && pid > 1 ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** Looked at only when the pid files have not helped. */
function* enginePids(): Generator<number> {
  for (const name of readdirSync('/proc')) if (/^[0-9]+$/.test(name)) yield Number(name);
}

function isEngine(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    return enginePrograms.has(program) && isWhollyRoots(pid) && holdsOneOf(pid, inodes);
  } catch {
    return false;
  }
}

function isWhollyRoots(pid: number): boolean {
  return /^Uid:\t0\t0\t0\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** The socket is one of the first things an engine opens, so its number is low. */
function holdsOneOf(pid: number, inodes: ReadonlySet<string>): boolean {
  const numbers = readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((one, other) => one - other);
  return numbers.some((number) => {
    try {
      return inodes.has(readlinkSync(`/proc/${pid}/fd/${number}`));
    } catch {
      return false;
    }
  });
}

/**
 * Whether the engine finds, at this path, what was checked, with the same file systems mounted below it, and whether
 * only root could change that.
 *
 * @param own this process's mounts
 * @returns why not, or `undefined`
 */
export function engineProblem(
  view: EngineView,
  own: MountTable,
  path: string,
  checked: Identity,
): string | undefined {
  if (view.kind === 'same') return undefined;
  if (view.kind === 'unknown') return view.why;
  try {
    if (!isReachedOverRoots(view, path)) return 'others than root could change what the engine finds there';
    const there = lstatSync(inRoot(view.pid, path), { bigint: true });
    if (!sameFile(there, checked)) return 'the engine sees something else there (it has mounts of its own)';
  } catch {
    return 'the engine does not see it (it has mounts of its own)';
  }
  const below = (table: MountTable): string =>
    JSON.stringify(
      table
        .below(path)
        .map((mount) => [mount.path, mount.device, mount.root])
        .sort(),
    );
  return below(view.table) === below(own) ? undefined : 'the engine has other file systems mounted below it';
}

function isReachedOverRoots(view: OtherView, path: string): boolean {
  const names = componentsOf(path);
  return names.every((_name, index) => {
    const parent = `/${names.slice(0, index).join('/')}`;
    const stat = lstatSync(inRoot(view.pid, parent), { bigint: true });
    return stat.isDirectory() && isRootsAlone(stat) && ownersCount(view.table.around(parent)?.fsType ?? '');
  });
}

/** /proc/PID/root is a link; with the slash it is the directory. */
function inRoot(pid: number, path: string): string {
  return path === '/' ? `/proc/${pid}/root/.` : `/proc/${pid}/root${path}`;
}
