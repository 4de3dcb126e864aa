/**
 * The /etc/passwd and /etc/group of a user's containers (`names_in_container`): the user, root, nobody, and the user's groups.
 *
 * 1. They lie where only root can enter, and only root can write them; in the container they are mounted read-only.
 * 2. One pair a user, changed by rename(2): what runs keeps the file it was started with, what is started again gets today's.
 *    They survive reboots, for containers that do. Another user's files are never mounted: the rule names the caller's alone.
 * 3. No field can begin another field or line.
 * 4. dockerd looks up --group-add in the image's own files, before the mounts are made, and old versions of runc look up all groups
 *    behind them, in these. So what may be put in is decided by the image's (src/mounts/image-accounts.ts,
 *    src/policy/group-names.ts) and changed by nothing here, and no group here has a number for its name.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Caller } from '../domain/caller.ts';
import type { Policy } from '../domain/policy.ts';
import { accountFile, accountFiles, stateDirectory } from '../paths.ts';
import { privateDirectory } from './directory.ts';
import { readIfThere, removeLeftBehind } from './files.ts';
import { newNonce } from './ownership.ts';

/** Milliseconds. Drafts are renamed at once, unless their call is killed. */
const leftBehindAfter = 60_000;

/** Makes the files, or brings them up to date. Also for a dry run, which has to look at what would be mounted. */
export function prepareAccounts(
  caller: Caller,
  policy: Pick<Policy, 'names_in_container' | 'user_in_container'>,
  state: string = stateDirectory,
): void {
  if (!policy.names_in_container || !policy.user_in_container) return;
  const texts = { passwd: passwdFile(caller), group: groupFile(caller) };
  for (const name of accountFiles) update(accountFile(caller.uid, name, state), texts[name], caller, state);
}

/** passwd(5). The caller comes first: the first line of a number is the one that counts. */
export function passwdFile({ user, uid, gid, home }: Caller): string {
  return lines([
    [user, 'x', String(uid), String(gid), '', home, '/bin/sh'],
    ['root', 'x', '0', '0', '', '/root', '/bin/sh'],
    ['nobody', 'x', '65534', '65534', '', '/nonexistent', '/bin/false'],
  ]);
}

/** group(5). A group whose name is a number, or that has none, stays a number. */
export function groupFile({ user, groups }: Caller): string {
  const named = groups.flatMap(({ gid, name }) =>
    name === undefined || /^[0-9]*$/.test(name) ? [] : [[name, 'x', String(gid), user]],
  );
  return lines([...named, ['root', 'x', '0', ''], ['nogroup', 'x', '65534', '']]);
}

/** Each name and each number once, the first counts. A name that would be two fields or lines is left out. */
function lines(rows: readonly (readonly string[])[]): string {
  const isSound = (row: readonly string[]) => row.every((field) => !/[:\p{Cc}]/u.test(field));
  const isFirst = (row: readonly string[], index: number) =>
    rows.findIndex((other) => other[0] === row[0] || other[2] === row[2]) === index;
  return rows
    .filter((row, index) => isSound(row) && isFirst(row, index))
    .map((row) => `${row.join(':')}\n`)
    .join('');
}

function update(file: string, text: string, { uid }: Caller, state: string): void {
  if (readIfThere(file) === text) return;
  const directory = privateDirectory(state, 'accounts', String(uid));
  removeLeftBehind(directory, leftBehindAfter, accountFiles);
  // A name of its own (O_EXCL): two calls of a user may be here at the same time.
  const draft = path.join(directory, newNonce());
  fs.writeFileSync(draft, text, { mode: 0o644, flag: 'wx' });
  // Whatever the umask is: everybody in the container has to read it.
  fs.chmodSync(draft, 0o644);
  fs.renameSync(draft, file);
}
