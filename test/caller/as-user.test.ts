import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rights, withCallerRights } from '../../src/caller/as-user.ts';
import { type Gid, parseGid, parseUid } from '../../src/domain/ids.ts';

function gid(number: number): Gid {
  const parsed = parseGid(String(number));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function rights(uid: number, ...groups: readonly number[]): Rights {
  const parsed = parseUid(String(uid));
  if (!parsed.ok) throw new Error(parsed.error);
  return { uid: parsed.value, gid: gid(groups[0] ?? uid), groups: groups.map(gid) };
}

const alice = rights(54_321, 54_321, 54_400);
const root = rights(0, 0);

describe('acting with the rights of the caller', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync('/srv/as-user-');
    // The directory is for the group only, so that the supplementary group counts.
    mkdirSync(`${folder}/shared`);
    writeFileSync(`${folder}/shared/file`, 'of the group', { mode: 0o640 });
    writeFileSync(`${folder}/secret`, 'of root', { mode: 0o600 });
    for (const path of [folder, `${folder}/shared`, `${folder}/shared/file`])
      chown(path, 0, 54_400, path.endsWith('file') ? 0o640 : 0o770);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('reads what a supplementary group may read', () => {
    expect(withCallerRights(alice, () => readFileSync(`${folder}/shared/file`, 'utf8'))).toBe('of the group');
  });

  it.each([
    ['a file of root', alice, 'secret'],
    ['a file of a group that the caller is not in', rights(54_321, 54_321), 'shared/file'],
  ])('does not read %s', (_what, who, file) => {
    expect(() => withCallerRights(who, () => readFileSync(`${folder}/${file}`))).toThrow(/EACCES/);
    expect(readFileSync(`${folder}/${file}`, 'utf8')).toMatch(/^of /);
  });

  it('makes files that belong to the caller', () => {
    withCallerRights(alice, () => mkdirSync(`${folder}/shared/mine`, 0o750));
    expect(statSync(`${folder}/shared/mine`)).toMatchObject({ uid: 54_321, gid: 54_321 });
  });

  it('has no capability inside, and real and saved uid 0, so that the user can neither signal nor trace it', () => {
    const status = withCallerRights(alice, () => readFileSync('/proc/self/status', 'utf8'));
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^Uid:\t0\t54321\t0\t54321$/m);
    expect(status).toMatch(/^Groups:\t54321 54400 $/m);
  });

  it.each([
    ['when the action returns', () => 'fine'],
    [
      'when it throws',
      () => {
        throw new Error('no');
      },
    ],
    ['when it hands back a promise', () => Promise.resolve()],
  ])('is root again %s', (_when, action: () => unknown) => {
    const before = idsNow();
    try {
      withCallerRights(alice, action);
    } catch {
      // What is thrown is not the question here.
    }
    expect(idsNow()).toEqual(before);
    expect(readFileSync('/proc/self/status', 'utf8')).toMatch(/^Uid:\t0\t0\t0\t0$/m);
  });

  it('refuses asynchronous work', () => {
    expect(() => withCallerRights(alice, async () => undefined)).toThrow(/synchronous/);
  });

  it('does nothing special for root', () => {
    expect(withCallerRights(root, () => readFileSync(`${folder}/secret`, 'utf8'))).toBe('of root');
  });

  it('can not be nested: the inner call would be made by the user', () => {
    expect(() => withCallerRights(alice, () => withCallerRights(root, () => 'root'))).toThrow(/only root/);
  });
});

function idsNow(): unknown {
  return [process.geteuid?.(), process.getegid?.(), process.getgroups?.()];
}

function chown(path: string, uid: number, group: number, mode: number): void {
  chownSync(path, uid, group);
  chmodSync(path, mode);
}
