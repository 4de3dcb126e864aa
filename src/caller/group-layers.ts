/**
 * A layer must not drop out silently. initgroups(3) leaves out what a directory that is down would have said, and
 * tells nobody (glibc nss/initgroups.c): the caller then seems to be in fewer groups, and a restriction made for one
 * of these groups would not be applied. So where groups come from outside, every group for which there is a layer and
 * that the caller is not in must at least be known: a directory that answers for it is up.
 */
import { readFileSync } from 'node:fs';
import type { Caller } from '../domain/caller.ts';
import { unavailable } from '../domain/errors.ts';
import type { Gid } from '../domain/ids.ts';
import { type NameService, systemNames } from './name-service.ts';

/** Services that read local files only. `compat` is not one: it can ask NIS (nsswitch.conf(5)). */
const localServices: ReadonlySet<string> = new Set(['files', 'systemd', 'db', 'altfiles']);

export interface LayerGroups {
  /** Of the files `group/config_NN_NAME.yaml`. */
  readonly names: readonly string[];
  /** Of the files `gid/config_NN_GID.yaml`. */
  readonly gids: readonly Gid[];
}

/** @throws UserdockerError (`unavailable`) where a layer's group is known to nobody and a directory could be down */
export function assertGroupLayersResolve(
  layers: LayerGroups,
  caller: Caller,
  names: NameService = systemNames,
  nsswitch: string = readNsswitch(),
): void {
  if (groupsAreLocal(nsswitch)) return;
  const ownGids = new Set(caller.groups.map(({ gid }) => gid));
  const ownNames = new Set(caller.groups.map(({ name }) => name));
  const otherNames = layers.names.filter((name) => !ownNames.has(name));
  const otherGids = layers.gids.filter((gid) => !ownGids.has(gid));
  const knownNames = names.groupIdsByName(otherNames);
  const knownGids = names.groupNamesOf(otherGids);
  const unknown = [
    ...otherNames.filter((name) => !knownNames.has(name)),
    ...otherGids.filter((gid) => !knownGids.has(gid)).map((gid) => `with gid ${gid}`),
  ][0];
  if (unknown === undefined) return;
  throw unavailable(
    `there is a configuration for the group ${unknown}, which the system does not know: a directory service may be down`,
    'try again later; if the group is gone, an admin must remove its file in /etc/userdocker',
  );
}

/** @param nsswitch text of /etc/nsswitch.conf; without a line glibc reads files */
export function groupsAreLocal(nsswitch: string = readNsswitch()): boolean {
  return nsswitch
    .split('\n')
    .map((line) => /^\s*(?:group|initgroups)\s*:([^#]*)/.exec(line)?.[1] ?? '')
    .flatMap((services) => services.replace(/\[[^\]]*\]/g, ' ').split(/\s+/))
    .every((service) => service === '' || localServices.has(service));
}

function readNsswitch(): string {
  try {
    return readFileSync('/etc/nsswitch.conf', 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw unavailable('/etc/nsswitch.conf can not be read', 'tell an admin');
  }
}
