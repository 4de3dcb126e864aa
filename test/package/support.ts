/** Throw-away Debian machines: a copy-on-write view of dist/debian-root, in a mount namespace of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type CommandOptions, killGroup, mustRun, type Outcome, run } from '../e2e/support/command.ts';

export const debianRoot = 'dist/debian-root';
export const packages = 'dist/packages';
export const light = '/srv/light';
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

/** The path of the one package in a directory whose name ends so. */
export function packageFile(ending: string, directory = packages): string {
  const [name, ...more] = readdirSync(directory).filter((one) => one.endsWith(ending));
  if (name === undefined || more.length > 0) throw new Error(`not one package *${ending} in ${directory}`);
  return `${directory}/${name}`;
}

/** A line of sh on this machine, as root, in the source tree. */
export const here = (line: string): Promise<string> =>
  mustRun({ argv: ['/bin/sh', '-ec', line], env, cwd: process.cwd(), timeoutMs: 120_000 });

export interface Machine {
  /** Its root directory, seen from here. */
  readonly root: string;
  /** A line of sh on it, as root. */
  readonly run: (line: string, options?: CommandOptions) => Promise<Outcome>;
  /** As `run`; throws where it fails. */
  readonly must: (line: string) => Promise<string>;
  /** Every file below /etc, /usr and of our state: type, mode, owner; a checksum where it may be ours. */
  readonly snapshot: () => Promise<ReadonlyMap<string, string>>;
  readonly end: () => Promise<void>;
}

/** dist/packages and /srv/light are there at the same places, from the root. The engine's directory is the sandbox's: overlayfs can't lie upon overlayfs. */
const arrangement = `
  mount -t tmpfs layer /mnt
  mkdir /mnt/root /mnt/upper /mnt/work
  chmod 755 /mnt/upper
  mount -t overlay -o lowerdir=${debianRoot},upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  mkdir -p /mnt/root/${packages} /mnt/root/${light} /mnt/root/var/lib/docker /mnt/root/etc/docker /mnt/root/old
  mount --bind ${packages} /mnt/root/${packages}
  mount --bind ${light} /mnt/root/${light}
  mount --bind /var/lib/docker /mnt/root/var/lib/docker
  cp /etc/docker/daemon.json /mnt/root/etc/docker/
  cd /mnt/root
  mount -t proc proc proc
  mount --rbind /sys sys
  mount --rbind /dev dev
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  pivot_root . old
  cd /
  umount --lazy /old
  rmdir /old
  mount --make-rshared /
  echo ready
  exec sleep infinity
`;

export async function startMachine(): Promise<Machine> {
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'bash', '-ec', arrangement], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const first = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (String(first[0]) !== 'ready\n') throw new Error(`no machine: ${String(first[0])}`);
  const inside = (line: string, options: CommandOptions = {}): Promise<Outcome> => {
    const argv = [
      'nsenter',
      '--target',
      String(holder.pid),
      '--mount',
      '--wdns=/root',
      '/bin/sh',
      '-ec',
      line,
    ];
    return run({ timeoutMs: 120_000, cwd: '/', ...options, env: { ...env, ...options.env }, argv });
  };
  const must = async (line: string): Promise<string> => {
    const outcome = await inside(line);
    if (outcome.status !== 0) throw new Error(`${line}\n${outcome.stdout}${outcome.stderr}`);
    return outcome.stdout;
  };
  return {
    root: `/proc/${holder.pid}/root`,
    run: inside,
    must,
    snapshot: () => snapshot(must),
    end: () => end(holder, inside),
  };
}

async function end(holder: ChildProcess, inside: Machine['run']): Promise<void> {
  // An engine that a test has started there.
  await inside('pid=$(cat /run/docker.pid) && kill $pid && while kill -0 $pid; do sleep 0.1; done');
  killGroup(holder);
  if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
}

/** What the user databases and an engine write about themselves, and empty directories that are everybody's. */
const volatile =
  /^\/etc\/(?:group|gshadow|passwd|shadow|subuid|subgid|\.pwd\.lock|docker\/key\.json)-?$|\/share\/man\/man\d$/;

async function snapshot(must: Machine['must']): Promise<ReadonlyMap<string, string>> {
  const places = '/etc /usr /var/lib/userdocker /var/log/userdocker';
  const list = await must(
    `for place in ${places}; do [ ! -e $place ] || find $place -printf '%p\\t%y %m %u:%g %l\\n'; done`,
  );
  const sums = await must(
    `find ${places} -type f '(' -path '/etc/*' -o -path '*userdocker*' ')' -exec sha256sum {} + 2>/dev/null || true`,
  );
  const contents = new Map(sums.split('\n').map((line) => [line.slice(66), line.slice(0, 64)] as const));
  const entries = list.split('\n').flatMap((line) => {
    const [path = '', meta = ''] = line.split('\t');
    return path === '' || volatile.test(path) ? [] : [[path, `${meta}${contents.get(path) ?? ''}`] as const];
  });
  return new Map(entries);
}
