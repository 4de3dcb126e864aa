/**
 * Options that a policy may allow, each with the values that it then takes, and the layer that is needed for it (none: the shipped
 * defaults allow it). `${user}` and its like stand for the caller's own.
 */
import type { LayerName } from './policies.ts';

export interface Offer {
  readonly flag: string;
  readonly values: readonly (boolean | string)[];
  readonly needs?: LayerName;
}

const onOff = [true, true, true, false];
const offer = (flag: string, values: readonly (boolean | string)[], needs?: LayerName): Offer =>
  needs === undefined ? { flag, values } : { flag, values, needs };

const everyday: readonly Offer[] = [
  offer('--tty', onOff),
  offer('--interactive', onOff),
  offer('--detach', onOff),
  offer('--rm', [true]),
  offer('--init', onOff),
  offer('--read-only', onOff),
  offer('--no-healthcheck', onOff),
  offer('--sig-proxy', onOff),
  offer('--quiet', onOff),
  offer('--publish-all', onOff),
  offer('--no-default-mounts', [true, true, false]),
  offer('--attach', ['stdin', 'stdout', 'stderr']),
  offer('--detach-keys', ['ctrl-p,ctrl-q', 'ctrl-x', 'a', '']),
  offer('--entrypoint', ['sh', '', '/bin/sh', '--privileged', 'a b', '["sh"]']),
  offer('--workdir', ['/', '/x', '/work/../x', '/home/${user}', '/a b', '/sysx', '', '/proc/../x']),
  offer('--stop-signal', ['TERM', '9', 'SIGRTMIN+3']),
  offer('--stop-timeout', ['0', '1', '60']),
  offer('--name', ['web', 'g.1', 'A_b-c', '${user}_9', 'web']),
  offer('--hostname', ['h', 'h1.example.org', 'A-b']),
  offer('--label', ['a=b', 'a', 'x-y_z=1 2', 'a==', 'k=,"', 'p=$(id)']),
  offer('--env', [
    'A=1',
    'B=',
    'HOME=/x',
    'LC_ALL=C',
    'x.y-z=a=b',
    'J={"a":[1]}',
    'N=a\nb',
    'A=2',
    'PATH=/x',
  ]),
  offer('--env', ['NVIDIA_DRIVER_CAPABILITIES=all', 'LD_PRELOAD=/x', 'DOCKER_HOST=x', 'U=é\u{1F40B}']),
  offer('--pull', ['never', 'missing']),
  offer('--platform', ['linux', 'linux/amd64']),
  offer('--tmpfs', [
    '/t',
    '/t/u:size=64m',
    '/v:exec',
    '/w:ro,mode=1777,nosuid',
    '/run:size=1g,exec,rw',
    '/t:',
  ]),
  offer('--network', ['none', 'bridge']),
  offer('--memory', ['1g', '512m', '1073741824', '1.5GiB', '2000000k', '6m']),
  offer('--shm-size', ['1g', '64m', '100000kb']),
  offer('--cpus', ['1', '0.5', '.25', '2', '1.333333333']),
  offer('--cpu-shares', ['1', '512', '1024']),
  offer('--cpuset-cpus', ['0', '0-3', '1,3', '0-1,2-3']),
  offer('--ulimit', [
    'memlock=-1',
    'stack=67108864:67108864',
    'nofile=1024:2048',
    'nofile=10',
    'core=0',
    'core=0:0',
  ]),
];

/** What is enforced anyway, said again; and what has a setting of its own. */
const ruled: readonly Offer[] = [
  offer('--user', ['${uid}:${gid}', '${uid}']),
  offer('--group-add', ['${group1}']),
  offer('--cap-drop', ['ALL', 'all', 'NET_RAW', 'CAP_CHOWN']),
  offer('--cap-add', ['SYS_PTRACE', 'cap_sys_ptrace', 'net_bind_service'], 'ptrace'),
  offer('--cap-add', ['ALL', 'all'], 'all added'),
  offer('--security-opt', ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true']),
  offer('--pids-limit', ['1', '100', '50']),
  offer('--volume', [
    '${home}:${home}',
    '${home}:${home}:ro',
    '${home}/../${user}:${home}/',
    '${home}:${home}:rw',
  ]),
  offer('--mount', ['type=bind,src=${home},dst=${home}', 'type=bind,source=${home},target=${home},readonly']),
  offer('--mount', [
    'type=tmpfs,dst=/m',
    'TYPE=TMPFS,Target=/m/n,tmpfs-size=64m,tmpfs-mode=1777',
    'type=tmpfs,"target=/o,p",ro',
  ]),
  offer(
    '--volume',
    ['/data/a:/a', '/data/b:/x/y:ro', '/data/sets:/s:ro', '/data/b/c:/etc/x', '/data/a b:/q'],
    'data',
  ),
  offer(
    '--mount',
    [
      'type=bind,src=/data/q,dst=/z,ro=0',
      'type=bind,"src=/data/x,y","dst=/z,z"',
      'type=bind,src=/data/a b,dst=/q',
    ],
    'data',
  ),
  offer('--volume', ['/etc:/x', '/usr/share:/y:ro', '/run/user:/z', '/data/sets:/s'], 'everything'),
  offer('--volume', ['/etc:/x', '/:/host:ro', '/srv/a:/z:ro'], 'everything read-only'),
  offer(
    '--volume',
    ['${home}/a:/a', '${home}/locked:/l:ro', '${home}/.ssh:/k', '/projects/${group}:/project'],
    'more home',
  ),
  offer('--volume', ['/opt/x:/opt/x', '/scratch:/scratch:ro'], 'always opt'),
  offer('--volume', ['/scratch/${user}:/scratch', '/scratch/${user}:/scratch:ro'], 'made on the way'),
  offer('--volume', ['/dev/shm/x:/x', '/dev/infiniband:/x'], 'a device'),
  offer('--publish', ['80', '127.0.0.1::8888', '65535', '1']),
  offer('--publish', ['80:80', '127.0.0.1:8080:80', '53/udp'], 'fixed ports'),
  offer('--publish', ['[::1]:81:81', '[::1]::81/tcp', '8000-8003', '8000-8003:80-83'], 'odd ports'),
  offer(
    '--publish',
    ['0.0.0.0:80:80/sctp', '1-5:2-6/udp', '::80', ':80:80', '8080-8090:80', '127.0.0.1:1-2:3-4'],
    'any port',
  ),
];

/** Behind entries of an admin's. */
const granted: readonly Offer[] = [
  offer('--network', ['lab', 'lab2'], 'networks of the site'),
  offer('--network-alias', ['x'], 'networks of the site'),
  offer('--network', ['lab', 'host', 'container:abc', 'a-b', 'default', ''], 'any network'),
  offer('--network-alias', ['x', 'y'], 'any network'),
  offer('--ip', ['192.0.2.7'], 'any network'),
  offer('--ip6', ['2001:db8::1'], 'any network'),
  offer('--link', ['db:db', 'db'], 'any network'),
  offer('--label', ['com.docker.compose.project=x', 'a.b', 'traefik.enable=true'], 'any label'),
  offer('--annotation', ['a=b'], 'any label'),
  offer('--ipc', ['host', 'none'], 'host ipc'),
  offer('--pid', ['host'], 'host ipc'),
  offer('--uts', ['host'], 'host ipc'),
  offer('--userns', ['host'], 'host ipc'),
  offer('--cgroupns', ['private'], 'cgroup'),
  offer('--cgroup-parent', ['/lab'], 'cgroup'),
  offer('--privileged', onOff, 'privileged'),
  offer('--device', ['/dev/fuse'], 'devices'),
  offer('--device-cgroup-rule', ['c 1:3 r'], 'devices'),
  offer('--runtime', ['runsc'], 'other runtime'),
  offer('--sysctl', ['net.core.somaxconn=1024'], 'some sysctls'),
  offer('--ulimit', ['nproc=100', 'core=-1:-1', 'cpu=1'], 'any ulimit'),
  offer('--oom-score-adj', ['500'], 'any ulimit'),
  offer('--oom-kill-disable', onOff, 'any ulimit'),
  offer('--memory', ['2g', '1g'], 'less memory'),
  offer('--memory', ['1g', '2g'], 'little memory'),
  offer('--cpus', ['1', '2'], 'few cpus'),
  offer('--memory-swap', ['8g', '2g'], 'swap'),
  offer('--memory-reservation', ['1g', '100m'], 'swap'),
  offer('--memory-swappiness', ['0', '50'], 'swap'),
  offer('--cpu-period', ['50000'], 'scheduler'),
  offer('--cpu-quota', ['50000'], 'scheduler'),
  offer('--cpuset-mems', ['0'], 'scheduler'),
  offer('--blkio-weight', ['500'], 'scheduler'),
  offer('--dns', ['192.0.2.53', '2001:db8::53'], 'own dns'),
  offer('--dns-option', ['ndots:1'], 'own dns'),
  offer('--dns-search', ['example.org', '.'], 'own dns'),
  offer('--add-host', ['a:192.0.2.1', 'b:2001:db8::1', 'a=192.0.2.1', 'c:host-gateway'], 'own dns'),
  offer('--domainname', ['example.org'], 'own dns'),
  offer('--mac-address', ['02:00:00:00:00:01'], 'own dns'),
  offer('--volumes-from', ['other:ro', 'other'], 'other volumes'),
  offer('--volume-driver', ['local'], 'other volumes'),
  offer('--storage-opt', ['size=1g'], 'other volumes'),
  offer('--rm', [true, false], 'stays'),
  offer('--restart', ['no', 'on-failure:3', 'always'], 'stays'),
  offer('--health-cmd', ['true', 'curl x'], 'health'),
  offer('--health-retries', ['3'], 'health'),
  offer('--health-interval', ['30s'], 'health'),
  offer('--expose', ['80', '81/udp', '90-92'], 'expose'),
  offer(
    '--gpus',
    ['all', '1', 'device=0', '"device=0,1"', 'count=1', 'device=GPU-a0000000-0000-0000-0000-000000000000'],
    'gpus by flag',
  ),
];

export const offers: readonly Offer[] = [...everyday, ...everyday, ...ruled, ...granted];

/** userdocker's own options, in front of the command. */
export const frames: readonly { readonly words: readonly string[]; readonly needs?: LayerName }[] = [
  ...Array.from({ length: 9 }, () => ({ words: [] })),
  { words: ['--no-default-args'] },
  { words: ['-q'] },
  { words: ['--executor=nvidia-docker'] },
  { words: ['--executor', 'nvidia-docker'], needs: 'two gpus' },
  { words: ['--executor=gpu-flag'], needs: 'gpus by flag' },
  { words: ['--executor=gpu-cdi'], needs: 'gpus by cdi' },
  { words: ['--executor=gpu-nv'], needs: 'gpus by variable' },
];
