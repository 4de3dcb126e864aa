/** A healthy machine, as facts; a test plants one fault in it. */

import type { EngineFacts } from '../../../src/admin/doctor/gather/engine.ts';
import type { NvidiaFacts } from '../../../src/admin/doctor/gather/nvidia.ts';
import type { Entry, PathFact } from '../../../src/admin/doctor/gather/paths.ts';
import { type Settings, settingsOf } from '../../../src/admin/doctor/gather/settings.ts';
import type { Installation } from '../../../src/admin/doctor/judge/files.ts';
import { readToml } from '../../../src/admin/doctor/judge/toml.ts';
import { load } from '../../config/support.ts';

export const installation: Installation = {
  prefix: '/usr/local',
  configuration: '/etc/userdocker',
  state: '/var/lib/userdocker',
  runtime: '/run/userdocker',
};

/** Of the shipped policy with some lines on top. */
export function settingsWith(yaml = ''): Settings {
  return settingsOf([load(yaml).policy]);
}

export function entry(path: string, more: Partial<Entry> = {}): Entry {
  return { path, kind: 'file', uid: 0, gid: 0, mode: 0o755, ...more };
}

export function pathFact(end: Entry, way: readonly Entry[] = []): PathFact {
  return { path: end.path, way, end, failure: undefined };
}

export const socket = entry('/run/docker.sock', { kind: 'socket', gid: 999, mode: 0o660 });

export const healthyInfo = {
  Driver: 'overlay2',
  DriverStatus: [
    ['Backing Filesystem', 'extfs'],
    ['Supports d_type', 'true'],
  ],
  DefaultRuntime: 'runc',
  SecurityOptions: ['name=apparmor', 'name=seccomp,profile=builtin', 'name=cgroupns'],
  MemoryLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
  CgroupVersion: '2',
};

export const healthyEngine: EngineFacts = {
  socket: pathFact(socket),
  failure: undefined,
  version: { Version: '29.3.1' },
  info: healthyInfo,
  dataRoot: { path: '/var/lib/docker', traversable: false, fileSystem: 'ext4' },
  imageStore: undefined,
  addresses: [],
  verifies: false,
  builds: [
    { component: 'dockerd', version: '29.3.1', packaged: false, mentioned: undefined },
    { component: 'runc', version: '1.4.3', packaged: false, mentioned: undefined },
  ],
};

/** NVIDIA's own, as its package brings it. */
export const shippedToml = `#accept-nvidia-visible-devices-as-volume-mounts = false
#accept-nvidia-visible-devices-envvar-when-unprivileged = true
disable-require = false
supported-driver-capabilities = "compat32,compute,display,graphics,ngx,utility,video"

[nvidia-container-cli]
environment = []
ldconfig = "@/sbin/ldconfig.real"
load-kmods = true

[nvidia-container-runtime]
log-level = "info"
mode = "auto"
runtimes = ["docker-runc", "runc", "crun"]

[nvidia-container-runtime.modes.cdi]
default-kind = "nvidia.com/gpu"
`;

export const healthyNvidia: NvidiaFacts = {
  driver: true,
  smiFailures: [],
  toolkit: { version: '1.17.8', packaged: false, mentioned: undefined },
  settings: readToml(shippedToml),
  runtimes: ['nvidia', 'runc'],
  cdi: false,
};

export const shippedRotation =
  '# a comment\n/var/log/userdocker/*.jsonl {\n    daily\n    create 0600 root root\n}\n';
