/**
 * Why userdocker does not offer options that docker knows, and what to do instead. For messages only: what may be given is
 * decided by the policy's lists, and an option that is missing here is refused all the same.
 */

export interface NotOffered {
  readonly why: string;
  readonly instead?: string;
}

const hostFile = 'docker would read or write that file as root';
const otherContainers = 'it opens up another container, which need not be yours';
const hostNetwork =
  "the container would act on the host's own network, loopback services and abstract sockets included";
const resolution = 'it lets a container pose as another host';
const adminResources = 'it takes from, or gives up, what all containers share';
const windows = 'it is for Windows';
const throttle = "it names one of the host's devices";

/** Keys are `FLAG`, `FLAG=VALUE`, `FLAG=PREFIX:` or, where a flag is another thing in another command, `COMMAND FLAG`. */
const reasons: ReadonlyMap<string, NotOffered> = new Map(
  Object.entries({
    '--add-host': { why: resolution },
    '--archive': { why: 'files belong to you on both sides' },
    '--annotation': { why: 'container runtimes obey annotations, and some of them change what is confined' },
    '--blkio-weight': { why: adminResources },
    '--blkio-weight-device': { why: throttle },
    '--cap-add': { why: 'capabilities are up to the admin', instead: 'ask an admin: caps_add' },
    '--cgroup-parent': { why: "the container would leave the limits of userdocker's control group" },
    '--cgroupns': { why: "in the host's control group namespace all of the machine's groups can be seen" },
    '--checkpoint': { why: 'a checkpoint restores processes with whatever rights it says they have' },
    '--checkpoint-dir': { why: hostFile },
    '--cidfile': { why: hostFile, instead: 'with -d docker prints the id: id=$(userdocker run -d ...)' },
    '--cpu-count': { why: windows },
    '--cpu-percent': { why: windows },
    '--cpu-period': { why: adminResources, instead: '--cpus' },
    '--cpu-quota': { why: adminResources, instead: '--cpus' },
    '--cpu-rt-period': { why: 'real-time processes can starve all others' },
    '--cpu-rt-runtime': { why: 'real-time processes can starve all others' },
    '--device': {
      why: 'a device of the host gives its data to whoever opens it',
      instead: 'for GPUs: --executor=nvidia-docker; for anything else ask an admin',
    },
    '--device-cgroup-rule': { why: 'it opens devices of the host' },
    '--device-read-bps': { why: throttle },
    '--device-read-iops': { why: throttle },
    '--device-write-bps': { why: throttle },
    '--device-write-iops': { why: throttle },
    '--disable-content-trust': { why: 'whether images must be signed is up to the admin' },
    '--dns': { why: resolution },
    '--dns-option': { why: 'name resolution is up to the admin' },
    '--dns-search': { why: 'name resolution is up to the admin' },
    '--domainname': { why: resolution, instead: '--hostname' },
    '--expose': { why: 'it adds to what -P publishes', instead: '-p PORT' },
    '--follow-link': { why: 'links are copied as links', instead: 'name what the link leads to' },
    '--gpus': {
      why: 'only an executor with GPUs can give them',
      instead: '--executor=nvidia-docker before run',
    },
    '--group-add': { why: "a container gets your own groups and no others'" },
    '--health-cmd': { why: 'health checks go on running when nobody looks' },
    '--input': { why: hostFile, instead: 'userdocker load < image.tar' },
    '--ip': { why: "another container's address could be taken" },
    '--ip6': { why: "another container's address could be taken" },
    '--ipc': {
      why: 'shared memory of other processes could be read',
      instead: '--shm-size for more of your own',
    },
    '--ipc=host': { why: 'all shared memory of the host could be read and written', instead: '--shm-size' },
    '--ipc=container:': { why: otherContainers },
    '--isolation': { why: windows },
    '--io-maxbandwidth': { why: windows },
    '--io-maxiops': { why: windows },
    '--kernel-memory': { why: 'kernels no longer know it', instead: '--memory' },
    '--link': { why: otherContainers },
    'rm --link': { why: 'there are no links here' },
    '--link-local-ip': { why: "another container's address could be taken" },
    '--log-driver': { why: 'some drivers write to files, or send to hosts, of your choice as root' },
    '--log-opt': { why: 'some drivers write to files, or send to hosts, of your choice as root' },
    '--mac-address': { why: "another host's address could be taken" },
    '--network': { why: 'only the networks that an admin has listed can be joined' },
    '--network=host': {
      why: hostNetwork,
      instead: 'with -p PORT others can reach the container',
    },
    '--network=container:': { why: otherContainers },
    '--network-alias': { why: resolution },
    '--oom-kill-disable': { why: 'with no memory left the machine, and not the container, would stop' },
    '--oom-score-adj': { why: "when memory is short others' processes would be killed in place of yours" },
    '--pid': { why: "others' processes could be seen and stopped" },
    '--pid=host': {
      why: 'all processes of the machine could be seen, and yours outside be reached from inside',
    },
    '--pid=container:': { why: otherContainers },
    '--pids-limit': { why: 'it is set by the admin: limits.pids' },
    '--privileged': {
      why: 'a privileged container has every right of root on the host',
      instead: 'ask an admin for the one capability or mount you need',
    },
    '--restart': {
      why: 'a container would come back by itself, unasked and unlimited',
      instead: 'a loop around userdocker run',
    },
    '--runtime': {
      why: 'a runtime may confine less than the usual one',
      instead: 'GPUs: --executor=nvidia-docker',
    },
    '--security-opt': { why: 'it switches off what confines a container' },
    '--storage-opt': { why: 'storage is up to the admin' },
    '--sysctl': { why: 'kernel settings are up to the admin: sysctls' },
    '--use-api-socket': { why: "docker's socket is root access to the host" },
    '--user': {
      why: 'you stay yourself inside: files on your mounts would otherwise be written as somebody else',
    },
    '--userns': { why: "root inside would be root on the host's files" },
    '--userns=host': { why: "root inside would be root on the host's files" },
    '--uts': { why: "the host's name could be changed" },
    '--volume-driver': {
      why: 'a volume driver mounts as root what its options say',
      instead: '-v HOST:CONTAINER',
    },
    '--volumes-from': { why: otherContainers, instead: '-v HOST:CONTAINER' },
  } satisfies { readonly [key: string]: NotOffered }),
);

/** @param flag docker's canonical long form */
export function whyNotOffered(
  command: string,
  flag: string,
  value: boolean | string,
): NotOffered | undefined {
  const text = String(value);
  const colon = text.indexOf(':');
  const keys = [
    `${command} ${flag}`,
    `${flag}=${text}`,
    ...(colon === -1 ? [] : [`${flag}=${text.slice(0, colon + 1)}`]),
    flag,
  ];
  const key = keys.find((candidate) => reasons.has(candidate));
  return key === undefined ? undefined : reasons.get(key);
}

/** For the tests: every key, so that each can be shown to name a flag of the grammar. */
export const notOfferedKeys: readonly string[] = [...reasons.keys()];
