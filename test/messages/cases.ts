/** Command lines that are refused: a title, the words behind `userdocker`, and what is different from a machine where all is well. */
import type { GpuFact, GpuHold } from '../../src/domain/gpu.ts';
import type { Call } from '../support/builders.ts';
import { found } from '../support/mounts.ts';

export interface Case {
  readonly title: string;
  readonly line: string | readonly string[];
  readonly call?: Call;
  /** A word that the message has in place of one of the line, where the machine is the reason. */
  readonly about?: string;
}

const gpu = (index: number, memoryUsedMiB = 1): GpuFact => ({
  index,
  uuid: `GPU-a${index}000000-5326-e718-c682-cd2377bf8d77`,
  name: 'NVIDIA A100-SXM4-40GB',
  memoryUsedMiB,
  memoryTotalMiB: 40960,
  migEnabled: false,
  instances: [],
});
const gpus = [gpu(0), gpu(1), gpu(2, 30_000), gpu(3)];
const bobs: GpuHold = {
  uuid: gpu(1).uuid,
  user: 'bob',
  uid: 1001,
  container: { id: 'c'.repeat(64), name: 'bob_1' },
  pid: undefined,
  since: 0,
};

const gpuRun = '--executor=nvidia-docker run debian';
const withGpus = (environment: Call['environment'] = {}, yaml = ''): Call => ({
  gpus,
  holds: [bobs],
  environment,
  yaml,
});
const mounts = "volume_mounts: {available: ['/data/**:', '/projects/x:/project', '/ro/set::ro']}";

export const groups: { readonly [group: string]: readonly Case[] } = {
  'Words and global options': [
    { title: 'a typing error in a command', line: 'rnu -it debian' },
    { title: 'a typing error in one of our own words', line: 'polcy' },
    { title: 'a word that nobody knows', line: 'xyzzy' },
    { title: 'a command that docker has and we have not', line: 'build -t x .' },
    { title: 'compose', line: 'compose up' },
    { title: 'cp', line: 'cp alice_1:/x .' },
    { title: 'login', line: 'login ghcr.io' },
    { title: 'the long form of a command', line: 'container ls' },
    { title: 'a command that the policy does not give', line: 'inspect mine' },
    { title: 'a typing error in a global option', line: '--dryrun run debian' },
    { title: 'an option of docker itself', line: '-H tcp://other ps' },
    { title: 'an option of run before run', line: '-it run debian' },
    { title: 'an option that nobody knows', line: '--xyzzy ps' },
    { title: 'a global option without its value', line: '--executor' },
    { title: 'two that exclude each other', line: '-q --debug ps' },
    { title: 'a typing error in an executor', line: '--executor=nvidia-dokcer run debian' },
    { title: 'an executor that there is not', line: '--executor=podman run debian' },
  ],
  'How options are written': [
    { title: 'a typing error in an option', line: 'run --netwrok none debian' },
    { title: 'one dash too few', line: 'run -rm debian' },
    { title: 'a global option behind the command', line: 'run --dry-run debian' },
    { title: 'an option of another command', line: 'stop --volumes mine' },
    { title: 'a letter in a cluster', line: 'run -itx debian' },
    { title: 'no value', line: 'run --name' },
    { title: 'not on and not off', line: 'run --tty=maybe debian' },
    { title: 'twice, and different', line: 'run --name a1 --name a2 debian' },
    { title: 'no image', line: 'run -it' },
    { title: 'no command', line: 'exec mine' },
    { title: 'one word too many', line: 'logs mine other' },
    { title: 'a word where none belongs', line: 'ps mine' },
    { title: 'an abbreviation', line: 'run --inter debian' },
  ],
  'Options of run': [
    { title: '--privileged', line: 'run --privileged debian' },
    { title: '--network=host', line: 'run --network host debian' },
    { title: 'a network that is not listed', line: 'run --net lab debian' },
    { title: '--device', line: 'run --device /dev/fuse debian' },
    { title: '--cidfile', line: 'run --cidfile id debian' },
    { title: '--restart', line: 'run --restart always debian' },
    { title: 'what is enforced, undone', line: 'run --rm=false debian' },
    { title: 'another user', line: 'run -u root debian' },
    { title: 'a capability', line: 'run --cap-add SYS_PTRACE debian' },
    { title: 'a security option', line: 'run --security-opt seccomp=unconfined debian' },
    { title: 'a group', line: 'run --group-add docker debian' },
    { title: 'too many processes', line: 'run --pids-limit 100000 debian' },
    { title: 'too much of something', line: 'run --shm-size 512g debian' },
    { title: 'a value that does not match', line: 'run --ulimit nproc=100000 debian' },
    { title: 'a control character', line: ['run', '--hostname', 'a\u001b[2Jb', 'debian'] },
    { title: 'an option for which nobody gave a reason', line: 'run --health-cmd true debian' },
    { title: '--gpus without GPUs', line: 'run --gpus all debian' },
    { title: 'a platform of another machine', line: 'run --platform linux/arm64 debian' },
    { title: 'a label of ours', line: 'run -l userdocker.uid=0 debian' },
    {
      title: 'everything at once',
      line: 'run --privileged -u 0 -v /etc:/etc -p 22:22 -e HOME --name x registry.example/evil',
      call: { yaml: "images: {allowed: ['debian:.*']}" },
    },
  ],
  Environment: [
    { title: 'a variable without a value', line: 'run -e TOKEN debian' },
    { title: 'no name', line: 'run -e 1=2 debian' },
    { title: 'one of ours', line: 'run -e USERDOCKER_UID=0 debian' },
    { title: 'GPUs by variable', line: 'run -e NVIDIA_VISIBLE_DEVICES=all debian' },
    {
      title: 'one that the policy sets',
      line: 'run -e PROXY=x debian',
      call: { yaml: 'env_always: {PROXY: y}' },
    },
  ],
  Mounts: [
    { title: 'over the groups', line: 'run -v /data/sets:/etc debian', call: { yaml: mounts } },
    { title: 'a directory that no rule names', line: 'run -v /etc:/etc debian', call: { yaml: mounts } },
    {
      title: 'where nothing may be mounted',
      line: 'run -v /x:/x debian',
      call: { yaml: 'volume_mounts: {default: []}' },
    },
    { title: 'a rule with another target', line: 'run -v /projects/x:/x debian', call: { yaml: mounts } },
    { title: 'read-only, asked for writing', line: 'run -v /ro/set:/set:rw debian', call: { yaml: mounts } },
    {
      title: 'what does not exist',
      line: 'run -v /data/sets:/sets debian',
      call: { yaml: mounts, sources: { '/data/sets': { kind: 'unusable', why: 'does not exist' } } },
    },
    {
      title: 'what the user can’t reach',
      line: 'run -v /data/secret:/s debian',
      call: {
        yaml: mounts,
        sources: {
          '/data/secret': { kind: 'unusable', why: "can't be reached with your rights: permission denied" },
        },
      },
    },
    {
      title: 'a link that leads elsewhere',
      line: 'run -v /data/link:/link debian',
      call: { yaml: mounts, sources: { '/data/link': found('/etc') } },
    },
    { title: 'a relative path', line: 'run -v ./data:/data debian' },
    { title: 'a named volume', line: 'run -v cache:/cache debian' },
    { title: 'an anonymous volume', line: 'run -v /cache debian' },
    { title: 'an option of SELinux', line: 'run -v /home/alice:/home/alice:z debian' },
    {
      title: 'a field that --mount does not know',
      line: 'run --mount type=bind,source=/data,target=/d,bind-propagation=shared debian',
    },
    { title: '--mount of a volume', line: 'run --mount type=volume,target=/cache debian' },
    { title: 'a target in /proc', line: 'run -v /data/x:/proc/x debian', call: { yaml: mounts } },
    { title: 'a working directory in /proc', line: 'run -w /proc/self/fd/8 debian' },
    { title: 'a tmpfs with an option', line: 'run --tmpfs /x:suid debian' },
    {
      about: '/home/alice',
      title: 'a home directory that is away',
      line: 'run debian',
      call: {
        sources: {
          '/home/alice': { kind: 'unusable', why: 'is on a file server that does not answer (/home/alice)' },
        },
      },
    },
  ],
  Images: [
    {
      title: 'one that the policy does not allow',
      line: 'run ubuntu',
      call: { yaml: "images: {allowed: ['debian:.*', 'nvcr\\.io/nvidia/.*']}" },
    },
    { title: 'another user’s', line: 'run localhost/bob/model:1' },
    { title: 'an id', line: 'run sha256:0123' },
    { title: 'capital letters', line: 'run Debian' },
    { title: 'no reference at all', line: 'run debian:' },
    { title: '--pull beyond the policy', line: 'run --pull always debian' },
    {
      title: 'pull where only local ones are allowed',
      line: 'pull debian',
      call: { yaml: 'images: {pull: never}' },
    },
    { title: 'pull from this machine', line: 'pull localhost:5000/debian' },
    {
      title: 'by its digest, of a repository that asks who one is',
      line: `pull ghcr.io/team/x@sha256:${'a'.repeat(64)}`,
      call: { isPrivate: true },
    },
    { title: 'pull --login of a digest', line: `pull --login me ghcr.io/team/x@sha256:${'a'.repeat(64)}` },
    {
      title: 'pull --login of another platform',
      line: 'pull --login me --platform linux/amd64 ghcr.io/team/x',
    },
    { title: 'pull --login of nobody', line: ['pull', '--login', '', 'ghcr.io/team/x'] },
    { title: 'pull of one’s own', line: 'pull localhost/alice/model:1' },
    { title: 'rmi of somebody else’s', line: 'rmi debian', call: { yaml: 'allowed_subcommands+: [rmi]' } },
    {
      title: 'an image that can’t be run',
      line: 'run debian',
      call: { imageRefused: 'its /etc/passwd is a device' },
    },
    {
      title: 'an image that could put you into another group',
      line: 'run debian',
      call: { groupsUnsafe: 'its /etc/group has a group with a number for its name', runc: '1.1.5' },
    },
  ],
  'Names and containers': [
    { title: 'a container that is not there, or another’s', line: 'attach bob_1' },
    { title: 'several', line: 'stop mine bob_1 bob_2' },
    { title: 'a name that is none', line: 'run --name my/name debian' },
    { title: 'a name like an id', line: 'run --name cafe debian' },
    { title: 'a name like another user’s', line: 'run --name bob_1 debian', call: { otherUser: 'bob' } },
    {
      title: 'a name that the policy does not allow',
      line: 'run --name x1 debian',
      call: { yaml: "container_names: {allowed: 'lab_.*'}" },
    },
    { title: 'exec as root', line: 'exec -u root mine id' },
    { title: 'a port that is none', line: 'port mine x' },
    { title: 'a filter', line: 'ps --filter since=mine' },
    { title: 'of several commands, the same answer', line: 'stats nothing' },
    {
      title: 'a container that today’s policy would not start',
      line: 'start mine',
      call: { yaml: 'limits: {pids: 64}' },
    },
  ],
  Ports: [
    { title: 'a port of the machine', line: 'run -p 80:80 debian' },
    { title: 'no port', line: 'run -p http debian' },
    { title: 'none at all', line: 'run -p 80 debian', call: { yaml: 'allowed_port_mappings: []' } },
    { title: 'too many', line: 'run -p 8000-8050 debian', call: { yaml: "allowed_port_mappings: ['.*']" } },
  ],
  Limits: [
    { title: 'containers', line: 'run debian', call: { yaml: 'limits: {containers: 0}' } },
    {
      about: '--memory',
      title: 'memory, not named',
      line: 'run debian',
      call: { yaml: 'limits: {memory: 64g}' },
    },
    { title: 'memory, too much', line: 'run -m 100g debian', call: { yaml: 'limits: {memory: 64g}' } },
    { title: 'CPUs, too many', line: 'run --cpus 9 debian', call: { yaml: 'limits: {cpus: 8}' } },
    {
      about: 'data directory',
      title: 'a data root that others can enter',
      line: 'run debian',
      call: { dataRootIsOpen: true },
    },
  ],
  GPUs: [
    { title: 'one that there is not', line: gpuRun, call: withGpus({ NV_GPU: '7' }) },
    {
      title: 'a UUID with a typing error',
      line: gpuRun,
      call: withGpus({ NV_GPU: 'GPU-a0000000-5326-e718-c682-cd2377bf8d78' }),
    },
    { title: 'what is no name of one', line: gpuRun, call: withGpus({ NV_GPU: 'first' }) },
    { title: 'one that somebody has', line: gpuRun, call: withGpus({ NV_GPU: '1' }) },
    { title: 'one that is busy', line: gpuRun, call: withGpus({ NV_GPU: '2' }) },
    {
      title: 'one that is not allowed',
      line: gpuRun,
      call: withGpus({ NV_GPU: '0' }, "nvidia: {allowed_gpus: ['3']}"),
    },
    { title: 'more than are free', line: '--executor=nvidia-docker run --gpus 3 debian', call: withGpus() },
    {
      title: 'more than a container may have',
      line: '--executor=nvidia-docker run --gpus 3 debian',
      call: withGpus({}, 'nvidia: {max_gpu_count_reservation: 2}'),
    },
    {
      title: 'more than all containers together may have',
      line: '--executor=nvidia-docker run --gpus 2 debian',
      call: withGpus({}, 'limits: {gpus: 1}'),
    },
    {
      title: 'two variables that differ',
      line: gpuRun,
      call: withGpus({ NV_GPU: '0', NVIDIA_VISIBLE_DEVICES: '3' }),
    },
    { title: 'a machine without', line: gpuRun, call: { gpus: [] } },
  ],
};
