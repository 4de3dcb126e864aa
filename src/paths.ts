/** Where userdocker lives. Fixed in the binary: no environment variable or option moves them (SPEC 4). */
export const configDirectory = '/etc/userdocker';
/** Survives reboots: who owns which container. Root only, mode 0700. */
export const stateDirectory = '/var/lib/userdocker';
/** Gone after a reboot: locks, reservations, pinned mount sources. Root only, mode 0700. */
export const runtimeDirectory = '/run/userdocker';
