/**
 * Who is asking.
 *
 * 1. Only a process whose real uid is 0 was started by sudo (or by root): nobody else's SUDO_* is looked at.
 * 2. Half a statement is none: where anything says that somebody else called, and SUDO_UID with SUDO_GID do not say
 *    who, the call is refused and never taken for root's.
 * 3. Name, home and groups come from the system's databases, never from USER, HOME, LOGNAME or SUDO_USER.
 * 4. Real and effective ids are the same: a setuid copy of this program would hand its owner's rights to everybody.
 */
import process from 'node:process';
import type { Caller } from '../domain/caller.ts';
import { denied, type UserdockerError } from '../domain/errors.ts';
import {
  type AbsolutePath,
  type Gid,
  parseAbsolutePath,
  parseGid,
  parseUid,
  type Uid,
} from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import { type Account, isPlausibleName, type NameService, systemNames } from './name-service.ts';

export interface ProcessIds {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
}

export interface IdentitySources {
  readonly ids: ProcessIds;
  readonly env: { readonly [name: string]: string | undefined };
  readonly names: NameService;
}

export type Identity =
  | { readonly kind: 'caller'; readonly caller: Caller }
  /** An ordinary user without sudo: src/caller/sudo.ts is next. */
  | { readonly kind: 'needs-sudo' };

/** @throws UserdockerError: `denied` where the statements don't hold, `unavailable` where a look-up fails */
export function identifyCaller(sources: IdentitySources = systemSources()): Identity {
  const { ids, env, names } = sources;
  if (ids.uid !== ids.euid || ids.gid !== ids.egid) {
    throw refused('userdocker was started as a setuid or setgid program', 'start it with sudo');
  }
  if (ids.uid !== 0) return { kind: 'needs-sudo' };
  const stated = statedBySudo(env);
  return { kind: 'caller', caller: describe(accountOf(stated?.uid ?? rootUid(), names), stated, names) };
}

/**
 * Any user of the system as a caller, for the admin's `show --user` and `replay`.
 * @param user a name, or else a uid in decimal
 */
export function callerForUser(user: string, names: NameService = systemNames): Caller {
  const byName = names.userByName(user);
  if (byName !== undefined) return describe(byName, undefined, names);
  const uid = parseUid(user);
  if (!uid.ok) throw refused(`there is no user ${user}`);
  return describe(accountOf(uid.value, names), undefined, names);
}

function systemSources(): IdentitySources {
  // Absent on Windows alone; -1 is no id, and equals none that counts.
  const ids = {
    uid: process.getuid?.() ?? -1,
    euid: process.geteuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
    egid: process.getegid?.() ?? -1,
  };
  return { ids, env: process.env, names: systemNames };
}

interface Stated {
  readonly uid: Uid;
  readonly gid: Gid;
}

/** What other programs of sudo's kind leave behind. They don't say a gid, and userdocker doesn't know their rules. */
const otherWays = ['DOAS_USER', 'PKEXEC_UID'] as const;

/** What sudo says about the user who called it; `undefined`: nobody says anything, root itself calls. */
function statedBySudo(env: IdentitySources['env']): Stated | undefined {
  const { SUDO_UID: uidText, SUDO_GID: gidText } = env;
  if (uidText === undefined && gidText === undefined) {
    const witness = ['SUDO_USER', 'SUDO_COMMAND', ...otherWays].find((name) => env[name] !== undefined);
    if (witness === undefined) return undefined;
    throw refused(
      `${witness} is set, but not SUDO_UID: it is not known who calls`,
      'call userdocker through sudo',
    );
  }
  if (uidText === undefined || gidText === undefined) {
    throw refused('only one of SUDO_UID and SUDO_GID is set: sudo sets both', 'call userdocker through sudo');
  }
  return { uid: stated('SUDO_UID', parseUid(uidText)), gid: stated('SUDO_GID', parseGid(gidText)) };
}

function stated<Id>(name: string, parsed: Result<Id>): Id {
  if (parsed.ok) return parsed.value;
  throw refused(`${name} is ${parsed.error}`, 'call userdocker through sudo');
}

function rootUid(): Uid {
  return stated('uid 0', parseUid('0'));
}

function accountOf(uid: Uid, names: NameService): Account {
  const account = names.userById(uid);
  if (account !== undefined) return account;
  // A directory service that is down gives the same answer as a user who is gone.
  throw refused(
    `the system knows no user with uid ${uid}`,
    'if that user exists, tell an admin that the look-up fails',
  );
}

/**
 * @param sudo for the gid: sudo passes on the group the user works with (newgrp), which counts if it is one of the
 *   user's own; a group that the databases don't grant is not believed.
 */
function describe(account: Account, sudo: Stated | undefined, names: NameService): Caller {
  if (!isPlausibleName(account.name)) {
    throw refused(`uid ${account.uid} has a name that can't be used: ${account.name}`, 'tell an admin');
  }
  const gids = names.groupIdsOf(account.name, account.gid);
  const gid = sudo !== undefined && gids.includes(sudo.gid) ? sudo.gid : account.gid;
  const groupNames = names.groupNamesOf(gids);
  return {
    uid: account.uid,
    user: account.name,
    gid,
    group: groupNames.get(gid) ?? String(gid),
    home: homeOf(account),
    groups: gids.map((id) => ({ gid: id, name: groupNames.get(id) })),
    isRoot: account.uid === 0,
  };
}

/** Directories hold `/home/alice/` and `/home//alice`; `..` could mean anything, depending on links, and is refused. */
function homeOf({ name, home }: Account): AbsolutePath {
  const tidy = home.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  const parsed = parseAbsolutePath(tidy);
  if (parsed.ok && !tidy.includes('\ufffd')) return parsed.value;
  throw refused(`the home directory of ${name} can't be used: ${JSON.stringify(home)}`, 'tell an admin');
}

function refused(message: string, instead?: string): UserdockerError {
  return denied({ rule: 'identity', message, ...(instead === undefined ? {} : { instead }) });
}
