/** `HostConfig`: what a container gets of the host. Of Engine API 1.24 to 1.48; what came later is unknown, and so a violation. */
import { isObject, type JsonObject, numberAt, textAt } from '../../domain/json.ts';
import {
  beyond,
  type Context,
  firstProblem,
  isEmpty,
  type Judge,
  show,
  textEntries,
  textList,
} from './common.ts';
import { judgeBinds, judgeMounts, judgeTmpfs } from './mounts.ts';
import { judgePorts, networkMode } from './network.ts';
import {
  amount,
  type Element,
  isListed,
  judgeOption,
  list,
  map,
  spellUlimit,
  switched,
  text,
} from './options.ts';

/** All of these, in this order; the first that has something to say is heard. */
function all(...judges: readonly Judge[]): Judge {
  return (value, context) => firstProblem(judges, (judge) => judge(value, context));
}

function only(isGood: (value: unknown, context: Context) => boolean, what: string): Judge {
  return (value, context) =>
    isEmpty(value) || isGood(value, context) ? undefined : `${what} ${show(value)}`;
}

const noPrivileges = /^no-new-privileges(?:[:=]true)?$/;

const confinement: { readonly [key: string]: Judge } = {
  CapDrop: (value, { policy }) => {
    const dropped = textList(value)?.map(capability);
    if (dropped === undefined) return `drops what can't be read: ${show(value)}`;
    return beyond(policy.caps_drop.map(capability), dropped, 'keeps the capabilities');
  },
  CapAdd: (value, { policy }) => {
    const added = textList(value)?.map(capability);
    if (added === undefined) return `adds what can't be read: ${show(value)}`;
    return beyond(added, policy.caps_add.map(capability), 'adds the capabilities');
  },
  SecurityOpt: (value, { policy }) => {
    const options = textList(value);
    const others = options?.filter((option) => !noPrivileges.test(option));
    if (options === undefined || others === undefined || others.length > 0)
      return `has the security options ${show(others ?? value)}`;
    return policy.no_new_privileges && options.length === 0 ? 'may gain new privileges' : undefined;
  },
  GroupAdd: (value, { policy, caller }) => {
    const groups = textList(value);
    if (groups === undefined) return `is in groups that can't be read: ${show(value)}`;
    return beyond(
      groups,
      policy.groups_in_container ? caller.groups.map(({ gid }) => String(gid)) : [],
      'is in the groups',
    );
  },
  Privileged: judgeOption(switched('--privileged')),
  MaskedPaths: (value, context) => judgePaths(value, context, masked),
  ReadonlyPaths: (value, context) => judgePaths(value, context, readOnly),
  PidMode: judgeOption(text('--pid')),
  IpcMode: judgeOption({
    ...text('--ipc'),
    // The engine's own choice. Shareable is only what somebody else may join, and nobody is offered that.
    isFilledIn: (value, { inspected }) => value === 'private' || (inspected && value === 'shareable'),
  }),
  UTSMode: judgeOption(text('--uts')),
  UsernsMode: judgeOption(text('--userns')),
  CgroupnsMode: judgeOption({
    ...text('--cgroupns'),
    // With the first version of control groups the engine's own choice is the host's.
    isFilledIn: (value, { inspected }) => value === 'private' || (inspected && value === 'host'),
  }),
  Cgroup: only(() => false, 'is in the control group'),
  CgroupParent: judgeOption(text('--cgroup-parent')),
  Isolation: only((value) => value === 'default', 'is isolated as'),
  Runtime: judgeOption({ ...text('--runtime'), isFilledIn: isUsualRuntime }),
  Annotations: judgeOption(map(['--annotation'], '=')),
};

/** As in every version since there are such lists (moby oci/defaults.go, 18.09). Newer ones have more. */
const masked = [
  ...['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/sched_debug', '/proc/scsi'],
  ...['/proc/timer_list', '/proc/timer_stats', '/sys/firmware'],
];
const readOnly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** `null` leaves them to the engine; an empty list is what `systempaths=unconfined` becomes. */
function judgePaths(value: unknown, { policy, host }: Context, usual: readonly string[]): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (host['Privileged'] === true && isListed(policy, ['--privileged'], { spellings: ['true'] }))
    return undefined;
  const paths = textList(value);
  return paths === undefined ? `has ${show(value)}` : beyond(usual, paths, 'leaves open');
}

/** The runtime nvidia gives GPUs by the environment, which is judged elsewhere. The old nvidia-docker always asks for it. */
function isUsualRuntime(value: unknown, { inspected, container, policy }: Context): boolean {
  if (isEmpty(value) || value === 'runc') return true;
  const hasOld = Object.values(policy.executors).some(({ gpus }) => gpus === 'nv_gpu');
  if (value === 'nvidia') return inspected || container.gpus.length > 0 || hasOld;
  return inspected && value === 'io.containerd.runc.v2';
}

const storage: { readonly [key: string]: Judge } = {
  Mounts: judgeMounts,
  Binds: judgeBinds,
  Tmpfs: all(judgeTmpfs, judgeOption(map(['--tmpfs'], ':'))),
  VolumesFrom: judgeOption(list(['--volumes-from'])),
  VolumeDriver: judgeOption(text('--volume-driver')),
  StorageOpt: judgeOption(map(['--storage-opt'], '=')),
  ReadonlyRootfs: judgeOption(switched('--read-only')),
  LogConfig: (value, { policy, inspected }) => {
    const { name, options } = policy.log_driver;
    const given = textEntries(isObject(value) ? value['Config'] : undefined);
    // Then the engine's own settings count, and an inspected container shows those.
    if (name === '')
      return inspected || (isEmpty(textAt(value, 'Type')) && given?.length === 0)
        ? undefined
        : `logs to ${show(value)}`;
    const wanted = Object.entries(options);
    const same =
      given?.length === wanted.length &&
      wanted.every(([key, each]) => textAt(isObject(value) ? value['Config'] : undefined, key) === each);
    return textAt(value, 'Type') === name && same ? undefined : `logs to ${show(value)}`;
  },
  ContainerIDFile: (value, { caller, config }) => {
    const nonce = textAt(config['Labels'], 'userdocker.nonce') ?? '';
    const isOwn = typeof value === 'string' && value.endsWith(`/containers/${caller.uid}/${nonce}`);
    return isEmpty(value) || (nonce !== '' && isOwn) ? undefined : `has its id written to ${show(value)}`;
  },
};

const network: { readonly [key: string]: Judge } = {
  NetworkMode: judgeOption(networkMode),
  PortBindings: judgePorts,
  // Spelled out by userdocker, so that each port is counted.
  PublishAllPorts: only(() => false, 'publishes all ports:'),
  Dns: judgeOption(list(['--dns'])),
  DnsOptions: judgeOption(list(['--dns-option', '--dns-opt'])),
  DnsSearch: judgeOption(list(['--dns-search'])),
  ExtraHosts: judgeOption(list(['--add-host'])),
  Links: judgeOption(list(['--link'])),
  Sysctls: judgeSysctls,
};

function judgeSysctls(value: unknown, { policy, host }: Context): string | undefined {
  const given = textEntries(value);
  if (given === undefined) return `has sysctls that can't be read: ${show(value)}`;
  const mode = textAt(host, 'NetworkMode') ?? '';
  const isShared = mode === 'host' || mode.startsWith('container:');
  const demanded = Object.entries(policy.sysctls).filter(([name]) => !(isShared && /^net[./]/.test(name)));
  const lacking = demanded.find(
    ([name, each]) => !given.some(([key, text]) => key === name && text === each),
  );
  if (lacking !== undefined) return `lacks the sysctl ${lacking.join('=')}`;
  const more = given.filter(([name]) => !demanded.some(([key]) => key === name));
  const wrong = more.find(
    ([name, each]) => !isListed(policy, ['--sysctl'], { spellings: [`${name}=${each}`] }),
  );
  return wrong === undefined ? undefined : `has the sysctl ${wrong.join('=')}`;
}

const share = {
  memory: amount('bytes', '--memory', '-m'),
  cpus: amount('cpus', '--cpus'),
} as const;

const resources: { readonly [key: string]: Judge } = {
  Memory: all(judgeOption(share.memory), (value, context) =>
    overLimit(value, context, context.policy.limits.memory),
  ),
  MemoryReservation: judgeOption(amount('bytes', '--memory-reservation')),
  MemorySwap: judgeOption({
    ...amount('bytes', '--memory-swap'),
    // The engine's own choice is as much again as the memory.
    isFilledIn: (value, { host }) =>
      typeof value === 'number' && value > 0 && value <= 2 * (numberAt(host, 'Memory') ?? 0),
  }),
  MemorySwappiness: judgeOption({
    ...amount('number', '--memory-swappiness'),
    isFilledIn: (value) => value === -1,
  }),
  KernelMemory: judgeOption(amount('bytes', '--kernel-memory')),
  KernelMemoryTCP: only(() => false, 'has kernel memory for TCP:'),
  NanoCpus: all(
    judgeOption({
      ...share.cpus,
      isFilledIn: (value, { policy }) =>
        typeof value === 'number' && value >= 0 && value <= policy.cpus_default * 1e9,
    }),
    (value, context) => {
      const { cpus } = context.policy.limits;
      return overLimit(value, context, cpus === undefined ? undefined : cpus * 1e9);
    },
  ),
  CpuShares: judgeOption(amount('number', '--cpu-shares', '-c')),
  CpuPeriod: judgeOption(amount('number', '--cpu-period')),
  CpuQuota: judgeOption(amount('number', '--cpu-quota')),
  CpuRealtimePeriod: judgeOption(amount('number', '--cpu-rt-period')),
  CpuRealtimeRuntime: judgeOption(amount('number', '--cpu-rt-runtime')),
  CpusetCpus: judgeOption({
    ...text('--cpuset-cpus'),
    // A share of the CPUs comes with as many processors.
    isFilledIn: (value, { host }) =>
      typeof value === 'string' && /^[0-9,]+$/.test(value) && (numberAt(host, 'NanoCpus') ?? 0) > 0,
  }),
  CpusetMems: judgeOption(text('--cpuset-mems')),
  BlkioWeight: judgeOption(amount('number', '--blkio-weight')),
  OomKillDisable: judgeOption(switched('--oom-kill-disable')),
  OomScoreAdj: judgeOption(amount('number', '--oom-score-adj')),
  PidsLimit: (value, { policy: { limits } }) =>
    limits.pids === undefined ||
    (Number.isInteger(value) && Number(value) > 0 && Number(value) <= limits.pids)
      ? undefined
      : `may have ${show(value)} processes`,
  ShmSize: judgeOption({
    ...amount('bytes', '--shm-size'),
    isFilledIn: (value) => value === 64 * 1024 * 1024,
  }),
  Ulimits: (value, context) => ulimits(withoutProcessLimit(value), context),
};

const ulimits = judgeOption(list(['--ulimit'], spellUlimit));

/** PID_MAX_LIMIT of the kernel, Linux 2.6 and later. */
const mostProcesses = 2 ** 22;

/** `run` puts one in (src/policy/process-limit.ts), from what the machine could have then. */
function withoutProcessLimit(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.filter((each: unknown) => {
    const [soft, hard] = [numberAt(each, 'Soft'), numberAt(each, 'Hard')];
    const isOurs = textAt(each, 'Name') === 'nproc' && soft !== undefined && soft === hard;
    return !(isOurs && soft > 0 && soft <= mostProcesses);
  });
}

/** One container alone; the sum over all of them is for the limits to judge. Root has none. */
function overLimit(value: unknown, { caller }: Context, limit: number | undefined): string | undefined {
  if (caller.isRoot || limit === undefined || (typeof value === 'number' && value > 0 && value <= limit))
    return undefined;
  return `may use ${show(value)}, of ${limit}`;
}

const devices: { readonly [key: string]: Judge } = {
  Devices: judgeOption(list(['--device'], spellDevice)),
  DeviceCgroupRules: judgeOption(list(['--device-cgroup-rule'])),
  DeviceRequests: (value, context) => {
    if (isEmpty(value)) return undefined;
    if (!Array.isArray(value)) return `asks for devices that can't be read: ${show(value)}`;
    return firstProblem(value, (request) => judgeDeviceRequest(request, context));
  },
};

function spellDevice(value: unknown): readonly string[] | undefined {
  const [host, inside, mode] = ['PathOnHost', 'PathInContainer', 'CgroupPermissions'].map((key) =>
    textAt(value, key),
  );
  if (host === undefined || inside === undefined || mode === undefined) return undefined;
  const full = `${host}:${inside}:${mode}`;
  return mode === 'rwm' ? [...(host === inside ? [host] : []), `${host}:${inside}`, full] : [full];
}

/** By UUID, no more than were granted: a count would let the toolkit choose, and without ids it takes all. */
function judgeDeviceRequest(request: unknown, { container }: Context): string | undefined {
  const given: JsonObject = isObject(request) ? request : {};
  const { Driver: driver, Count: count, DeviceIDs: ids, Capabilities: capabilities, ...others } = given;
  const names = textList(ids)?.map((id) => (driver === 'cdi' ? id.replace(/^nvidia\.com\/gpu=/, '') : id));
  const isGood =
    isObject(request) &&
    (isEmpty(driver) || driver === 'nvidia' || driver === 'cdi') &&
    isEmpty(count) &&
    names !== undefined &&
    names.length > 0 &&
    (isEmpty(capabilities) || JSON.stringify(capabilities) === '[["gpu"]]') &&
    Object.values(others).every(isEmpty);
  return isGood
    ? beyond(names, container.gpus, 'asks for the devices')
    : `asks for devices: ${show(request)}`;
}

export const hostJudges: { readonly [key: string]: Judge } = {
  ...confinement,
  ...storage,
  ...network,
  ...resources,
  ...devices,
  AutoRemove: judgeOption(switched('--rm')),
  Init: judgeOption(switched('--init')),
  RestartPolicy: judgeOption({ names: ['--restart'], elements: restartPolicy }),
  // The client's window, for the first line of output.
  ConsoleSize: () => undefined,
};

/** docker takes `cap_chown`, `CHOWN` and `CAP_CHOWN` for the same. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function restartPolicy(value: unknown): readonly Element[] | undefined {
  if (isEmpty(value)) return [];
  const { Name: name, MaximumRetryCount: tries, ...others } = isObject(value) ? value : { odd: true };
  if (!Object.values(others).every(isEmpty) || (!isEmpty(name) && typeof name !== 'string')) return undefined;
  if (!isEmpty(tries)) return [{ spellings: [`${name}:${tries}`] }];
  return isEmpty(name) || name === 'no' ? [] : [{ spellings: [String(name)] }];
}
