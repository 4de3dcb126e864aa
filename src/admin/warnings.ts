/**
 * Settings that an admin may make, and that amount to root for whoever they are for, or to something near it. Nothing
 * here decides anything: what a policy allows is allowed. Pure.
 */
import { findFlag, grammarOf } from '../args/grammar.ts';
import { whyNotOffered } from '../args/not-offered.ts';
import { originOf } from '../config/origins.ts';
import { socketPathOf } from '../docker/engine.ts';
import type { ArgumentRule, ArgumentValues, LoadedPolicy, MountRule, Origin } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import { fullMatch, fullMatchAny } from '../policy/full-match.ts';
import { isAtOrAbove } from '../policy/mount-paths.ts';

export interface Warning {
  /** `volume_mounts.available`. */
  readonly setting: string;
  readonly message: string;
  readonly origin: Origin | undefined;
}

export function warningsOf(loaded: LoadedPolicy): readonly Warning[] {
  return [...mountWarnings(loaded), ...argumentWarnings(loaded), ...settingWarnings(loaded)];
}

interface Place {
  readonly path: string;
  /** Only where it is mounted writable. */
  readonly writable?: true;
  /** What lies below it is as bad. */
  readonly below?: true;
  readonly why: string;
}

const engineSocket = 'whoever reaches the socket of a container engine is root on the machine';
const programs = 'programs that root runs lie there; add :ro';

/** The worst first: of each rule only one is told. */
const places: readonly Place[] = [
  { path: '/run/docker.sock', why: engineSocket },
  { path: '/run/containerd/containerd.sock', why: engineSocket },
  { path: '/run/podman/podman.sock', why: engineSocket },
  { path: '/run/crio/crio.sock', why: engineSocket },
  { path: '/dev', below: true, why: 'a device gives its data to whoever opens it, disks included' },
  { path: '/proc', below: true, writable: true, why: "the host's kernel is set there; add :ro" },
  { path: '/sys', below: true, writable: true, why: "the host's kernel is set there; add :ro" },
  { path: '/root', below: true, why: "root's own files and keys lie there" },
  { path: '/var/lib/docker', below: true, why: "the files of everybody's containers and images lie there" },
  { path: '/var/lib/userdocker', below: true, why: 'it says whose each container is' },
  { path: '/run/userdocker', below: true, why: 'what is held for running containers lies there' },
  {
    path: '/etc',
    below: true,
    writable: true,
    why: 'accounts, sudoers and this configuration lie there; add :ro',
  },
  { path: '/var/spool/cron', below: true, writable: true, why: 'root runs what stands there; add :ro' },
  ...['/boot', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/opt'].map(
    (path): Place => ({ path, below: true, writable: true, why: programs }),
  ),
  { path: '/home', why: 'the homes of others come with it, as far as their permissions let the user in' },
];

function mountWarnings({ policy }: LoadedPolicy): readonly Warning[] {
  const socket = socketPathOf(policy.docker_host);
  const all: readonly Place[] = [{ path: today(socket), why: engineSocket }, ...places];
  return (['always', 'default', 'available'] as const).flatMap((list) =>
    policy.volume_mounts[list].flatMap((rule): readonly Warning[] => {
      const place = all.find((candidate) => reaches(rule, candidate));
      if (place === undefined) return [];
      const setting = `volume_mounts.${list}`;
      return [{ setting, message: `${rule.text} gives ${place.path}: ${place.why}`, origin: rule.origin }];
    }),
  );
}

/** A directory is mounted with all that is below it. */
function reaches(rule: MountRule, { path, writable, below }: Place): boolean {
  const host = today(rule.host);
  if (writable === true && rule.readOnly) return false;
  return isAtOrAbove(host, path) || (below === true && isAtOrAbove(path, host));
}

/** /var/run is a link to /run on every Linux of today. */
function today(path: string): string {
  return path.replace(/^\/var\/run(?=\/|$)/, '/run');
}

/** Options that undo what confines a container, with the values that do so; none: all of them. */
const dangerousFlags: readonly { readonly flag: string; readonly values?: readonly string[] }[] = [
  { flag: '--privileged', values: ['true'] },
  { flag: '--device' },
  { flag: '--device-cgroup-rule' },
  { flag: '--cap-add' },
  { flag: '--security-opt' },
  { flag: '--pid', values: ['host', 'container:other'] },
  { flag: '--ipc', values: ['host', 'container:other'] },
  { flag: '--network', values: ['host', 'container:other'] },
  { flag: '--uts', values: ['host'] },
  { flag: '--userns', values: ['host'] },
  { flag: '--cgroupns', values: ['host'] },
  { flag: '--cgroup-parent' },
  { flag: '--volumes-from' },
  { flag: '--volume-driver' },
  { flag: '--runtime' },
  { flag: '--annotation' },
  { flag: '--oom-kill-disable', values: ['true'] },
];

function argumentWarnings({ policy }: LoadedPolicy): readonly Warning[] {
  return (['run', 'exec'] as const).flatMap((command) =>
    (['always', 'default', 'available'] as const).flatMap((list) =>
      (policy.args[command]?.[list] ?? []).flatMap((rule) =>
        argumentWarning(command, `args.${command}.${list}`, rule),
      ),
    ),
  );
}

function argumentWarning(command: 'run' | 'exec', setting: string, rule: ArgumentRule): readonly Warning[] {
  const { flags } = grammarOf(command);
  const names = rule.flags.map((spelled) => findFlag(flags, spelled)?.long ?? spelled);
  const danger = dangerousFlags.find(({ flag }) => names.includes(flag));
  if (danger === undefined) return [];
  const value = danger.values === undefined ? '' : danger.values.find((one) => admits(rule.values, one));
  if (value === undefined) return [];
  const why = whyNotOffered('run', danger.flag, value)?.why ?? 'it undoes what confines a container';
  const shown = value === '' || value === 'true' ? danger.flag : `${danger.flag}=${value}`;
  return [{ setting, message: `${shown}: ${why}`, origin: rule.origin }];
}

function admits(values: ArgumentValues, value: string): boolean {
  switch (values.kind) {
    case 'none':
    case 'any':
      return true;
    case 'one-of':
      // One named container is as bad as any.
      return values.values.some((one) => one.split(':')[0] === value.split(':')[0]);
    case 'pattern':
      return fullMatch(values.pattern, value);
    case 'max':
      return false;
    default:
      return assertNever(values);
  }
}

/** capabilities(7): those that lead out of a container, or over everybody else's files in what is mounted. */
const capabilities: ReadonlyMap<string, string> = new Map([
  ['ALL', 'every right of root'],
  ['SYS_ADMIN', 'it mounts file systems and enters namespaces'],
  ['SYS_MODULE', 'it loads code into the kernel'],
  ['SYS_RAWIO', "it reads and writes the machine's memory and disks"],
  ['SYS_BOOT', 'it stops the machine'],
  ['SYS_TIME', "it sets the machine's clock"],
  ['BPF', 'it loads programs into the kernel'],
  ['PERFMON', 'it watches the kernel and all processes'],
  ['NET_ADMIN', "it sets up network and firewall, with --network=host the machine's"],
  ['NET_RAW', 'it sends packets in the name of others on the same bridge'],
  ['MKNOD', 'it makes devices'],
  ['DAC_OVERRIDE', 'it reads and writes every file of what is mounted'],
  ['DAC_READ_SEARCH', 'it reads every file of the file systems that are mounted'],
  ['CHOWN', 'it gives away, and takes, every file of what is mounted'],
  ['FOWNER', 'it changes the permissions of every file of what is mounted'],
  ['SETUID', 'it becomes any user, on what is mounted too'],
  ['SETGID', 'it gets into any group, on what is mounted too'],
  ['SETFCAP', 'it gives programs capabilities, on what is mounted too'],
  ['MAC_ADMIN', 'it changes what SELinux, AppArmor or Smack forbid'],
  ['MAC_OVERRIDE', 'it passes over what Smack forbids'],
  ['SYSLOG', "it reads the kernel's messages and addresses"],
]);

interface SettingCheck {
  readonly setting: string;
  readonly why: string;
  readonly applies: (policy: LoadedPolicy['policy']) => boolean;
}

/** Numbers below 1024 are reserved: SSH, mail, NFS. */
const fixedLowPorts = ['25:25', '0.0.0.0:25:25', '127.0.0.1:25:25', '[::]:25:25', ':25:25'];

const settingChecks: readonly SettingCheck[] = [
  {
    setting: 'user_in_container',
    why: "the image decides who its processes are, and mostly that is root, with root's rights on all that is mounted",
    applies: ({ user_in_container }) => !user_in_container,
  },
  {
    setting: 'no_new_privileges',
    why: 'a setuid program of an image makes its user root in the container',
    applies: ({ no_new_privileges }) => !no_new_privileges,
  },
  {
    setting: 'audit.required',
    why: 'with a full disk nobody sees who ran what',
    applies: ({ audit }) => !audit.required,
  },
  {
    setting: 'sysctls',
    why: 'without net.ipv4.ip_unprivileged_port_start of 1024 or more, containers send from reserved ports, which NFS servers take for root',
    applies: ({ sysctls }) => !(Number(sysctls['net.ipv4.ip_unprivileged_port_start']) >= 1024),
  },
  {
    setting: 'limits.pids',
    why: "one container can take all of the machine's processes",
    applies: ({ limits }) => limits.pids === undefined,
  },
  {
    setting: 'allowed_port_mappings',
    why: 'reserved ports of the machine can be taken: a user could pose as its mail server',
    applies: ({ allowed_port_mappings: allowed }) =>
      fixedLowPorts.some((port) => fullMatchAny(allowed, port)),
  },
];

function settingWarnings(loaded: LoadedPolicy): readonly Warning[] {
  const { policy } = loaded;
  const origin = (setting: string) => originOf(loaded, setting);
  return [
    ...settingChecks
      .filter(({ applies }) => applies(policy))
      .map(({ setting, why }) => ({ setting, message: why, origin: origin(setting) })),
    ...policy.caps_add.flatMap((capability, index): readonly Warning[] => {
      const why = capabilities.get(capability.toUpperCase().replace(/^CAP_/, ''));
      if (why === undefined) return [];
      return [
        { setting: 'caps_add', message: `${capability}: ${why}`, origin: origin(`caps_add[${index}]`) },
      ];
    }),
  ];
}
