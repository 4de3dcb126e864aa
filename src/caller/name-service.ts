/**
 * The system's name service (NSS: files, LDAP, SSSD alike), as getpwuid(3), getgrgid(3) and initgroups(3) tell it.
 *
 * 1. Names come from getent(1) and groups from initgroups(3), never from the environment or from a scan of /etc.
 * 2. getent prints fields raw, and many directories let users edit their own GECOS: one with a colon or a newline in it
 *    would move the fields behind it (a home of the user's choice). Any line that is not exactly of its form is refused.
 * 3. A look-up that failed never looks like one that found nothing.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { unavailable } from '../domain/errors.ts';
import { type Gid, hasControlCharacter, parseGid, parseUid, type Uid } from '../domain/ids.ts';

export interface Account {
  readonly name: string;
  readonly uid: Uid;
  readonly gid: Gid;
  /** As the database has it: not yet checked. */
  readonly home: string;
}

export interface NameService {
  /** `undefined`: nobody has that uid. Of several names of a uid the first one counts (getpwuid). */
  userById(uid: Uid): Account | undefined;
  /** `undefined`: nobody has that name. */
  userByName(name: string): Account | undefined;
  /** The supplementary groups a login of that user would get, `primary` included, ascending. */
  groupIdsOf(user: string, primary: Gid): readonly Gid[];
  /** The names of those groups that have one. */
  groupNamesOf(gids: readonly Gid[]): ReadonlyMap<Gid, string>;
  /** The gids of those groups, by name, that exist. */
  groupIdsByName(names: readonly string[]): ReadonlyMap<string, Gid>;
}

/** @throws UserdockerError (`unavailable`) from each of its functions where a look-up fails */
export const systemNames: NameService = {
  userById: (uid) => {
    const account = parseAccount(getent('passwd', [String(uid)]));
    if (account !== undefined && account.uid !== uid) throw brokenAnswer('passwd');
    return account;
  },
  // A name of digits alone is a uid to getent: that is not the user asked for.
  userByName: (name) => {
    if (!isPlausibleName(name)) return undefined;
    const account = parseAccount(getent('passwd', [name]));
    return account?.name === name ? account : undefined;
  },
  groupIdsOf,
  groupNamesOf: (gids) => parseGroups(getent('group', gids.map(String)), gids),
  groupIdsByName: (names) => {
    const found = parseGroupLines(getent('group', names.filter(isPlausibleName)));
    return new Map(found.filter(({ name }) => names.includes(name)).map(({ name, gid }) => [name, gid]));
  },
};

/**
 * Whether a name of the database can be used as one: it becomes part of file names, labels and messages. U+FFFD stands
 * for bytes that are not UTF-8; two different names could read alike.
 */
export function isPlausibleName(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && !/^-|[/:\ufffd]/u.test(name) && !hasControlCharacter(name)
  );
}

/** @param output of `getent passwd KEY`; see passwd(5) */
export function parseAccount(output: string): Account | undefined {
  const [line, ...more] = linesOf(output, 'passwd');
  if (line === undefined) return undefined;
  const fields = line.split(':');
  const [name, , uidText, gidText, , home] = fields;
  const uid = parseUid(uidText ?? '');
  const gid = parseGid(gidText ?? '');
  if (more.length > 0 || fields.length !== 7 || !name || home === undefined || !uid.ok || !gid.ok) {
    throw brokenAnswer('passwd');
  }
  return { name, uid: uid.value, gid: gid.value, home };
}

/** @param output of `getent group KEY...`; see group(5) */
export function parseGroups(output: string, wanted: readonly Gid[]): ReadonlyMap<Gid, string> {
  const names = new Map<Gid, string>();
  for (const { name, gid } of parseGroupLines(output)) {
    // Nobody asked for that one, or twice the same: a line that was not the database's own.
    if (!wanted.includes(gid) || names.has(gid)) throw brokenAnswer('group');
    // No configuration file can be named after it; the group's gid still counts.
    if (isPlausibleName(name)) names.set(gid, name);
  }
  return names;
}

function parseGroupLines(output: string): readonly { readonly name: string; readonly gid: Gid }[] {
  return linesOf(output, 'group').map((line) => {
    const fields = line.split(':');
    const [name, , gidText] = fields;
    const gid = parseGid(gidText ?? '');
    if (fields.length !== 4 || !name || !gid.ok) throw brokenAnswer('group');
    return { name, gid: gid.value };
  });
}

function linesOf(output: string, database: string): readonly string[] {
  if (output === '') return [];
  if (!output.endsWith('\n')) throw brokenAnswer(database);
  return output.slice(0, -1).split('\n');
}

/**
 * getent(1): status 2 says that a key was not found; what was found is printed. Everything else is a failure.
 * A directory that is down reads as status 2, too: src/caller/group-layers.ts deals with that.
 */
function getent(database: 'passwd' | 'group', keys: readonly string[]): string {
  if (keys.length === 0) return '';
  const { status, stdout } = spawnSync('/usr/bin/getent', ['--', database, ...keys], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
    // getent prints the members of a group, of whom a university has many.
    maxBuffer: 256 * 1024 * 1024,
  });
  if (status === 0 || status === 2) return stdout;
  throw unavailable(`the system's ${database} database does not answer`, 'try again later, or tell an admin');
}

function brokenAnswer(database: string): Error {
  return unavailable(
    `the system's ${database} database gives an entry that is not of its form`,
    'tell an admin',
  );
}

/** initgroups(3) sets the groups of this process: they are read back from the kernel, then put back as they were. */
function groupIdsOf(user: string, primary: Gid): readonly Gid[] {
  const initgroups: unknown = Reflect.get(process, 'initgroups');
  if (typeof initgroups !== 'function' || process.setgroups === undefined) {
    throw unavailable('this runtime has no initgroups(3)');
  }
  try {
    const before = kernelGroups();
    try {
      Reflect.apply(initgroups, process, [user, primary]);
      return [...new Set([primary, ...kernelGroups()])].sort((one, other) => one - other);
    } finally {
      process.setgroups([...before]);
    }
  } catch {
    throw unavailable(`the groups of ${user} can't be looked up`, 'try again later, or tell an admin');
  }
}

/** The kernel's own word: Node's process.getgroups() adds the effective gid, which is root's. See proc(5). */
function kernelGroups(): readonly Gid[] {
  const list = /^Groups:(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (list === undefined) throw new Error('no groups in /proc/self/status');
  return list
    .split(/\s+/)
    .filter((text) => text !== '')
    .map(toGid);
}

function toGid(text: string): Gid {
  const gid = parseGid(text);
  if (!gid.ok) throw new Error(gid.error);
  return gid.value;
}
