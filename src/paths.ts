/** Where userdocker lives. Fixed in the binary: no environment variable or option moves them (SPEC 4). */
export const configDirectory = '/etc/userdocker';
/** Survives reboots: who owns which container. Root only, mode 0700. */
export const stateDirectory = '/var/lib/userdocker';
/** Gone after a reboot: locks, reservations, pinned mount sources. Root only, mode 0700. */
export const runtimeDirectory = '/run/userdocker';

/** The user and group databases of a user's containers (names_in_container). */
export const accountFiles = ['passwd', 'group'] as const;

/** By the user alone: a container that is started again, after a reboot or another group, finds it where it was. */
export function accountFile(
  uid: number,
  name: (typeof accountFiles)[number],
  state = stateDirectory,
): string {
  return `${state}/accounts/${uid}/${name}`;
}
