/**
 * The flags of `docker run`, hidden and deprecated ones included: the union of what docker's clients 20.10 and 28.2 know. That a
 * flag stands here says how docker reads it, not that anybody may give it (that is the policy's `args.run`).
 *
 * `--network` and `--gpus` may be repeated in docker; here they are single-valued, so that a second one can't add a network to
 * `--network=none`.
 */
import { bool, list, text } from './flags.ts';
import type { FlagSpec } from './types.ts';

const general: readonly FlagSpec[] = [
  list('-a, --attach'),
  bool('-d, --detach'),
  text('--detach-keys'),
  text('--entrypoint'),
  list('-e, --env'),
  list('--env-file'),
  text('-h, --hostname'),
  text('--domainname'),
  bool('--init'),
  bool('-i, --interactive'),
  list('-l, --label'),
  list('--label-file'),
  list('--annotation', { since: '28.2' }),
  text('--name'),
  text('--platform'),
  text('--pull'),
  bool('-q, --quiet', { since: '28.2' }),
  bool('--disable-content-trust'),
  bool('--read-only'),
  text('--restart'),
  bool('--rm'),
  bool('--sig-proxy'),
  text('--stop-signal'),
  text('--stop-timeout', { unit: 'number' }),
  bool('-t, --tty'),
  text('-u, --user'),
  text('-w, --workdir'),
  text('--cidfile'),
  bool('--use-api-socket', { since: '28.2' }),
];

const health: readonly FlagSpec[] = [
  text('--health-cmd'),
  text('--health-interval', { unit: 'duration' }),
  text('--health-retries', { unit: 'count' }),
  text('--health-start-interval', { unit: 'duration', since: '28.2' }),
  text('--health-start-period', { unit: 'duration' }),
  text('--health-timeout', { unit: 'duration' }),
  bool('--no-healthcheck'),
];

const storage: readonly FlagSpec[] = [
  list('--mount'),
  list('--storage-opt'),
  list('--tmpfs'),
  list('-v, --volume'),
  text('--volume-driver'),
  list('--volumes-from'),
  text('--log-driver'),
  list('--log-opt'),
];

const network: readonly FlagSpec[] = [
  list('--add-host'),
  list('--dns'),
  list('--dns-option', { aliases: ['--dns-opt'] }),
  list('--dns-search'),
  list('--expose'),
  text('--ip'),
  text('--ip6'),
  list('--link'),
  list('--link-local-ip'),
  text('--mac-address'),
  text('--network', { aliases: ['--net'] }),
  list('--network-alias', { aliases: ['--net-alias'] }),
  list('-p, --publish'),
  bool('-P, --publish-all'),
];

const resources: readonly FlagSpec[] = [
  text('--blkio-weight', { unit: 'count' }),
  list('--blkio-weight-device'),
  text('--cpu-count', { unit: 'count' }),
  text('--cpu-percent', { unit: 'count' }),
  text('--cpu-period', { unit: 'count' }),
  text('--cpu-quota', { unit: 'count' }),
  text('--cpu-rt-period', { unit: 'count' }),
  text('--cpu-rt-runtime', { unit: 'count' }),
  text('-c, --cpu-shares', { unit: 'count' }),
  text('--cpus', { unit: 'cpus' }),
  text('--cpuset-cpus'),
  text('--cpuset-mems'),
  list('--device-read-bps'),
  list('--device-read-iops'),
  list('--device-write-bps'),
  list('--device-write-iops'),
  text('--io-maxbandwidth', { unit: 'bytes' }),
  text('--io-maxiops', { unit: 'count' }),
  text('--kernel-memory', { unit: 'bytes' }),
  text('-m, --memory', { unit: 'bytes' }),
  text('--memory-reservation', { unit: 'bytes' }),
  text('--memory-swap', { unit: 'bytes' }),
  text('--memory-swappiness', { unit: 'number' }),
  bool('--oom-kill-disable'),
  text('--oom-score-adj'),
  text('--pids-limit', { unit: 'count' }),
  text('--shm-size', { unit: 'bytes' }),
  list('--ulimit'),
];

const isolation: readonly FlagSpec[] = [
  list('--cap-add'),
  list('--cap-drop'),
  text('--cgroup-parent'),
  text('--cgroupns'),
  list('--device'),
  list('--device-cgroup-rule'),
  text('--gpus'),
  list('--group-add'),
  text('--ipc'),
  text('--isolation'),
  text('--pid'),
  bool('--privileged'),
  text('--runtime'),
  list('--security-opt'),
  list('--sysctl'),
  text('--userns'),
  text('--uts'),
];

/** userdocker's own: leaves out `volume_mounts.default`. */
const own: readonly FlagSpec[] = [bool('--no-default-mounts', { own: true })];

export const runFlags: readonly FlagSpec[] = [
  ...general,
  ...health,
  ...storage,
  ...network,
  ...resources,
  ...isolation,
  ...own,
];
