/**
 * Who calls, and under which policy: the shipped defaults, and on top of them a few of the layers below, each as an admin might
 * write it into a file. They go through the program's own reading, merging and building.
 */
import { buildPolicy } from '../../src/config/build.ts';
import { readDocument } from '../../src/config/document.ts';
import { itemKey } from '../../src/config/item-key.ts';
import { defaultLayer } from '../../src/config/load.ts';
import { mergeLayers } from '../../src/config/merge.ts';
import type { MapNode } from '../../src/config/node.ts';
import { validateLayer } from '../../src/config/validate.ts';
import type { Caller } from '../../src/domain/caller.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { alice, bob, person, root } from '../support/builders.ts';

export const callers: readonly Caller[] = [
  alice,
  bob,
  alice,
  root,
  person('a.b+c', 2_147_483_647, '2147483647:a.b', 4),
  person('Ängström', 65_534, '65534:nogroup', '100:users'),
  person('x'.repeat(32), 1002, '50:staff', '27:sudo', '999:docker'),
];

/** By name. They are put on top of each other in this order. */
export const layers = {
  // Who the processes are, and what they may.
  'image says who': 'user_in_container: false',
  'no groups': 'groups_in_container: false',
  'may gain privileges': 'no_new_privileges: false',
  'some dropped': 'caps_drop: [NET_RAW, cap_chown]',
  'none dropped': 'caps_drop-: [ALL]',
  ptrace: 'caps_add: [SYS_PTRACE, CAP_NET_BIND_SERVICE]',
  'all added': 'caps_add: [ALL]',
  // What of the host.
  data: "volume_mounts: {available+: ['/data/**:', '/data/sets::ro', '/data/a:/a', '/data/a b:']}",
  everything: "volume_mounts: {available+: ['/**:']}",
  'everything read-only': "volume_mounts: {available+: ['/**::ro']}",
  'home read-only': "volume_mounts: {default: ['${home}:${home}:ro']}",
  'no home': 'volume_mounts: {default: []}',
  'more home':
    "volume_mounts: {available+: ['${home}/**:', '${home}/locked::ro', '/projects/${group}:/project']}",
  'always opt': "volume_mounts: {always+: ['/opt/x:/opt/x:ro', '/scratch:/scratch']}",
  'always time': "volume_mounts: {always+: ['/etc/localtime:/etc/localtime:ro']}",
  'made on the way': "volume_mounts: {available+: [{mount: '/scratch/${user}:/scratch', create: true}]}",
  'a device': "volume_mounts: {available+: ['/dev/shm/x:', '/dev/infiniband:/x']}",
  // Ports.
  'fixed ports': "allowed_port_mappings+: ['80:80', '127\\.0\\.0\\.1:80[0-9]{2}:[0-9]+', '[0-9]+/udp']",
  'odd ports':
    "allowed_port_mappings+: ['\\[::1\\]:[0-9]*:[0-9]+(?:/tcp)?', '[0-9]+-[0-9]+(?::[0-9]+-[0-9]+)?']",
  'any port': "{allowed_port_mappings: ['.*'], limits: {ports: null}}",
  'no ports': 'allowed_port_mappings: []',
  'two ports': 'limits: {ports: 2}',
  // The environment.
  'more env': "env: {HOME: /, LANG: C.UTF-8, EMPTY: '', ODD: 'a=b,\"c\" d'}",
  proxy: "env_always: {http_proxy: 'http://p:3128', EMPTY2: ''}",
  'env of an executor': 'env_by_executor: {docker: {ONLY: here}, gpu-flag: {NCCL_TOPOLOGY: X}}',
  // Output, kernel parameters, images, names.
  journald: 'log_driver: {name: journald, options-: [max-size, max-file]}',
  'any log': "log_driver: {name: ''}",
  'more log': 'log_driver: {name: json-file, options: {max-size: 1m, labels: x}}',
  'no sysctls': 'sysctls-: [net.ipv4.ip_unprivileged_port_start]',
  'more sysctls': "sysctls: {net.ipv4.ping_group_range: '0 0', kernel.shm_rmid_forced: 1}",
  'few images': "images: {allowed: ['debian:12', 'localhost/${user}/.*', 'ghcr\\.io/.*@sha256:.*']}",
  'local images': 'images: {pull: never}',
  'other tree': "images: {load_tags: 'registry.local/u-${uid}/'}",
  'other names': "container_names: {default: 'c-${uid}-', allowed: '[a-z.-]+'}",
  // How much.
  'two cpus': 'cpus_default: 2',
  'half a cpu': 'cpus_default: 0.5',
  'little memory': '{limits: {memory: 4g}, args: {run: {default+: [--memory=512m]}}}',
  'few cpus': '{limits: {cpus: 4}, args: {run: {default+: [--cpus=1]}}}',
  'few processes': 'limits: {pids: 100}',
  'any processes': 'limits: {pids: null}',
  'usual share': 'args: {run: {default+: [--memory=1g, --cpus=1]}}',
  // Options.
  'always init': 'args: {run: {always+: [--init, --read-only]}}',
  'always alone': 'args: {run: {always+: [--network=none]}}',
  'always bound': "args: {run: {always+: ['--memory=512m', '--ulimit=core=0', '--shm-size=1g']}}",
  'always told': "args: {run: {always+: ['--dns=192.0.2.1', '--add-host=a:192.0.2.1', '--label=site=x']}}",
  'usually told':
    "args: {run: {default+: ['--shm-size=2g', --init, '--ulimit=nofile=1024:2048', '--hostname=h']}}",
  'networks of the site': "args: {run: {available+: [[--network=lab, =lab2, --net], '--network-alias=x']}}",
  'any network': 'args: {run: {available+: [--network=, --network-alias=, --ip=, --ip6=, --link=]}}',
  'any label': 'args: {run: {available+: [--label=, --annotation=]}}',
  'host ipc': 'args: {run: {available+: [--ipc=host, --ipc=none, --pid=host, --uts=host, --userns=host]}}',
  cgroup: "args: {run: {available+: [--cgroupns=private, '--cgroup-parent=/lab']}}",
  privileged: 'args: {run: {available+: [--privileged]}}',
  devices: "args: {run: {available+: [--device=/dev/fuse, '--device-cgroup-rule=c 1:3 r']}}",
  'other runtime': 'args: {run: {available+: [--runtime=runsc]}}',
  'some sysctls': "args: {run: {available+: [{flag: --sysctl, pattern: 'net[.]core[.].*=[0-9]+'}]}}",
  'any ulimit': "args: {run: {available+: [--ulimit=, '--oom-score-adj=500', --oom-kill-disable]}}",
  'less memory':
    'args: {run: {available-: [{flag: [--memory, -m], max: 16t}], available+: [{flag: --memory, max: 2g}]}}',
  swap: 'args: {run: {available+: [{flag: --memory-swap, max: 8g}, {flag: --memory-reservation, max: 1g}, {flag: --memory-swappiness, max: 50}]}}',
  scheduler:
    'args: {run: {available+: [{flag: --cpu-period, max: 100000}, {flag: --cpu-quota, max: 50000}, --cpuset-mems=0, {flag: --blkio-weight, max: 500}]}}',
  'own dns':
    'args: {run: {available+: [--dns=, --dns-option=, --dns-search=, --add-host=, --domainname=, --mac-address=]}}',
  'other volumes': 'args: {run: {available+: [--volumes-from=, --volume-driver=local, --storage-opt=]}}',
  stays:
    "args: {run: {always-: [--rm], available+: [--rm, '--restart=no', '--restart=on-failure:3', '--restart=always']}}",
  health:
    'args: {run: {available+: [--health-cmd=, {flag: --health-retries, max: 9}, --health-interval=30s]}}',
  expose: 'args: {run: {available+: [--expose=]}}',
  'no tmpfs': 'args: {run: {available-: [--tmpfs=]}}',
  'no env': 'args: {run: {available-: [[--env=, -e]]}}',
  // GPUs.
  'gpus by flag': 'executors: {gpu-flag: {path: /usr/bin/docker, gpus: flag}}',
  'gpus by cdi': 'executors: {gpu-cdi: {path: /usr/bin/docker, gpus: cdi}}',
  'gpus by variable': 'executors: {gpu-nv: {path: /opt/nvidia-docker, gpus: nv_gpu}}',
  'gpus for all': 'executor_default: nvidia-docker',
  'two gpus': 'nvidia: {default_gpu_count_reservation: 2}',
  'one gpu': '{nvidia: {max_gpu_count_reservation: 1}, limits: {gpus: 2}}',
  'that gpu': 'nvidia: {allowed_gpus: [1], exclusive_container_gpu_reservation: false}',
  'no gpus': 'nvidia: {allowed_gpus: []}',
} as const satisfies { readonly [name: string]: string };

export type LayerName = keyof typeof layers;

export function isLayerName(name: string): name is LayerName {
  return Object.hasOwn(layers, name);
}

export const layerNames: readonly LayerName[] = Object.keys(layers).filter(isLayerName);

const defaults = defaultLayer('/etc/userdocker').tree;
const trees = new Map<string, MapNode>();

/** @param more further layers, as YAML. @throws for a configuration that the program would refuse */
export function policyFor(caller: Caller, names: readonly LayerName[], more: readonly string[] = []): Policy {
  const chosen = layerNames.filter((name) => names.includes(name)).map((name) => layers[name]);
  const merged = mergeLayers(defaults, [...chosen, ...more].map(treeOf), itemKey);
  const built = buildPolicy(merged.tree, caller);
  const mistakes = [...merged.mistakes, ...(built.ok ? [] : built.error)];
  if (!built.ok || mistakes.length > 0) throw new Error(mistakes.map(({ message }) => message).join('; '));
  return built.value;
}

function treeOf(text: string): MapNode {
  const known = trees.get(text);
  if (known !== undefined) return known;
  const { tree, mistakes } = readDocument({ layer: 'config', file: '/etc/userdocker/config.yaml', text });
  const all = [...mistakes, ...validateLayer(tree)];
  if (all.length > 0) throw new Error(`${text}: ${all.map(({ message }) => message).join('; ')}`);
  trees.set(text, tree);
  return tree;
}
