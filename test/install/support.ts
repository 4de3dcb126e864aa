import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { type CommandOptions, type Outcome, run } from '../e2e/support/command.ts';

/** install.sh as root, with dist/ as it is. */
export function install(args: readonly string[] = [], options: CommandOptions = {}): Promise<Outcome> {
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    ...options.env,
  };
  return run({ cwd: process.cwd(), ...options, env, argv: ['./install.sh', '--no-build', ...args] });
}

export const uninstall = (args: readonly string[] = []): Promise<Outcome> =>
  install(['--uninstall', ...args]);

/** Every file an installation could touch, with mode, owner and content; with `times` also what a rewrite would change. */
export function snapshot({ times = false } = {}): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  for (const root of ['/usr/local/sbin', '/usr/local/lib', '/usr/local/share']) walk(root, times, entries, 4);
  // A machine may keep large programs of its own in bin.
  for (const name of ['', '/userdocker', '/nvidia-userdocker'])
    walk(`/usr/local/bin${name}`, times, entries, 0);
  // Where the shells look for completions.
  for (const shell of ['bash-completion', 'zsh', 'fish']) walk(`/usr/share/${shell}`, times, entries, 2);
  walk('/etc', times, entries, 4);
  walk('/var/lib', times, entries, 1);
  walk('/var/log', times, entries, 1);
  for (const place of ['/var/lib/userdocker', '/var/log/userdocker']) walk(place, times, entries, 4);
  return entries;
}

/** The user databases change with the group, and keep back-up copies of themselves. */
const volatile = /^\/etc\/(?:group|gshadow|passwd|shadow|subuid|subgid|\.pwd\.lock)-?$|^\/var\/log\/[^/]+$/;
const directories = /^\/(?:etc|var\/lib|var\/log)$/;

function walk(path: string, times: boolean, entries: Map<string, string>, depth: number): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isFile() && volatile.test(path)) return;
  const age = times && !directories.test(path) ? ` ${stat.ino} ${stat.mtimeMs}` : '';
  entries.set(
    path,
    `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.isFile() ? content(path) : ''}${age}`,
  );
  if (!stat.isDirectory() || depth === 0) return;
  for (const name of readdirSync(path)) walk(`${path}/${name}`, times, entries, depth - 1);
}

const content = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** What is new, changed or gone: `+ /path`, `~ /path`, `- /path`. */
export function difference(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const added = [...after.keys()].filter((path) => !before.has(path)).map((path) => `+ ${path}`);
  const gone = [...before.keys()].filter((path) => !after.has(path)).map((path) => `- ${path}`);
  const changed = [...after].filter(([path, text]) => before.has(path) && before.get(path) !== text);
  return [...added, ...changed.map(([path]) => `~ ${path}`), ...gone].sort();
}
