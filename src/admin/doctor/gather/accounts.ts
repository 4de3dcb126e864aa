/** Users and groups as far as the databases list them: a directory service may list nobody, and still know everybody. */
import { askTool } from './tools.ts';

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Accounts {
  readonly users: readonly User[];
  readonly groups: readonly Group[];
}

/** @returns `undefined` where the databases don't answer in time */
export async function gatherAccounts(): Promise<Accounts | undefined> {
  const [passwd, group] = await Promise.all([
    askTool('/usr/bin/getent', ['passwd'], 10_000),
    askTool('/usr/bin/getent', ['group'], 10_000),
  ]);
  if (passwd.status !== 0 || group.status !== 0) return undefined;
  return { users: parseUsers(passwd.stdout), groups: parseGroups(group.stdout) };
}

/** passwd(5). */
function parseUsers(text: string): readonly User[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && isNumber(uid) && isNumber(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** group(5). */
function parseGroups(text: string): readonly Group[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gid, members = ''] = line.split(':');
    if (!name || !isNumber(gid)) return [];
    return [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }];
  });
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^[0-9]+$/.test(text);
}
