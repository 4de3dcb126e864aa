/**
 * The second opinion over what real docker clients ask the engine for: what userdocker builds is all right, and each way of making it
 * weaker is noticed. The oracle sees the create request alone, never the command line.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Caller } from '../../src/domain/caller.ts';
import type { GpuFact } from '../../src/domain/gpu.ts';
import { violations } from '../../src/policy/violations.ts';
import { alice, bob, type Call, person, policyOf, wordsOf } from '../support/builders.ts';
import { type DockerClient, dockerClients, mayLackClients, runClient } from '../support/docker-clients.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

const directory = mkdtempSync(join(tmpdir(), 'violations-'));
for (const { uid } of [alice, bob])
  mkdirSync(join(directory, 'containers', String(uid)), { recursive: true });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.skipIf(mayLackClients && dockerClients.length === 0)('there are clients to ask', () =>
  expect(dockerClients.length).toBeGreaterThan(0),
);

const uuids = ['GPU-aaaaaaaa-0000-0000-0000-000000000000', 'GPU-bbbbbbbb-0000-0000-0000-000000000000'];
const gpus = uuids.map(
  (uuid, index): GpuFact => ({
    ...{
      index,
      uuid,
      name: 'H100',
      memoryUsedMiB: 0,
      memoryTotalMiB: 81_559,
      migEnabled: false,
      instances: [],
    },
  }),
);

/** Command lines that the policy allows, with what has to be written into config.yaml for it. */
const allowed: readonly (readonly [string, string?])[] = [
  ['run debian:12'],
  ['run -d debian:12 sleep 60'],
  ['run -i debian:12 sh -c id'],
  ['run --no-default-mounts debian'],
  ['run -v /home/alice:/home/alice:ro debian'],
  ['run --mount type=bind,src=/home/alice,dst=/home/alice,readonly debian'],
  ['run -v /data/a:/x -v /data/b:/y/z:ro debian', "volume_mounts: {available: ['/data/**:']}"],
  ['run debian', "volume_mounts: {always: ['/opt/x:/opt/x:ro']}"],
  ['run -e A=1 -e HOME=/x -e EMPTY= debian', 'env_always: {PROXY: "http://p:1"}'],
  [
    'run -w /work --entrypoint sh --init --read-only --hostname h1 --stop-signal TERM --stop-timeout 5 debian',
  ],
  ['run -l project=x -l flag debian'],
  ['run --network none debian'],
  ['run --network bridge debian'],
  ['run --network none debian', "args: {run: {always+: ['--network=none']}}"],
  ['run debian', "args: {run: {always+: ['--network=none', --init, --read-only]}}"],
  ['run --network lab debian', "args: {run: {available+: ['--network=lab']}}"],
  ['run -p 80 -p 127.0.0.1::81 debian'],
  ['run -p 8080:80 -p [::1]:81:81/udp debian', "allowed_port_mappings: ['8080:80', '\\[::1\\]:81:81/udp']"],
  ['run --tmpfs /a --tmpfs /b:size=64m,mode=1777,exec --mount type=tmpfs,dst=/c,tmpfs-size=1g debian'],
  ['run --memory 1g --cpus 1.5 --shm-size 1g --cpu-shares 512 --cpuset-cpus 0-3 debian'],
  ['run --memory 1g --cpus 1 debian', 'limits: {memory: 4g, cpus: 4}'],
  ['run debian', 'cpus_default: 2'],
  ['run --ulimit memlock=-1 --ulimit stack=67108864 --ulimit nofile=1024:2048 --ulimit core=0 debian'],
  [
    'run --pids-limit 100 -u 1000:100 --cap-drop ALL --security-opt no-new-privileges --group-add 2000 debian',
  ],
  ['run --no-healthcheck --pull never --platform linux/amd64 debian'],
  ['run debian', '{caps_drop: [NET_RAW, CHOWN], caps_add: [SYS_PTRACE], groups_in_container: false}'],
  ['run debian', '{user_in_container: false, no_new_privileges: false, limits: {pids: null}}'],
  ['run debian', 'log_driver: {name: journald, options-: [max-size, max-file]}'],
  ['run debian', "log_driver: {name: ''}"],
  ['run debian', 'sysctls: {net.ipv4.ping_group_range: "0 0"}'],
  ['run --name web -P debian'],
  ['--no-default-args run debian', 'args: {run: {default: [--init]}}'],
  ['run localhost/alice/tool:1'],
  ['run debian', "args: {run: {always+: ['--add-host=a:192.0.2.1', '--dns=192.0.2.1', '--ulimit=core=0']}}"],
];

interface Recorded {
  readonly body: unknown;
  readonly output: string;
}

describe.each(dockerClients.map((client) => [client.version, client] as const))(
  'docker %s',
  (version, client) => {
    let recorder: Recorder;
    const socket = join(directory, `${version}.sock`);
    beforeAll(async () => {
      recorder = await startRecorder({ socket, apiVersion: isBefore(client, 25) ? '1.41' : '1.48' });
    });
    afterAll(() => recorder.close());

    /** What the client makes of these words. */
    async function recorded(words: readonly string[]): Promise<Recorded> {
      const before = recorder.requests.length;
      const here = words.map((word) =>
        word.replace('--cidfile=/var/lib/userdocker', `--cidfile=${directory}`),
      );
      const { output } = await runClient(client, `unix://${socket}`, here);
      const body = recorder.requests
        .slice(before)
        .find(({ path }) => path.startsWith('/containers/create'))?.body;
      return { body, output };
    }

    /** The settings that go beyond the policy. */
    async function judged(
      words: readonly string[],
      call: Call = {},
      granted: readonly string[] = [],
      caller: Caller = alice,
    ) {
      const { body, output } = await recorded(words);
      expect(body, output).toBeDefined();
      const policy = policyOf(call.yaml, caller);
      return violations(policy, caller, { json: body, gpus: granted, pins: new Map() }).map(
        ({ setting, message }) => `${setting}: it ${message}`,
      );
    }

    test.each(allowed.map(([line, yaml = '']) => [line, yaml] as const))(
      '%s %s is within the policy',
      async (line, yaml) => {
        expect(await judged(wordsOf(line, { yaml, image: { exposedPorts: ['80/tcp'] } }), { yaml })).toEqual(
          [],
        );
      },
    );

    describe('GPUs', () => {
      const modes = ['runtime', 'flag', ...(isBefore(client, 25) ? [] : ['cdi'])];
      test.each(modes)('by %s, those that were granted and no others', async (mode) => {
        const yaml = `executors: {gpu: {path: /usr/bin/docker, gpus: ${mode}}}`;
        const words = wordsOf('--executor=gpu run debian', { yaml, gpus });
        expect(await judged(words, { yaml }, uuids.slice(0, 1))).toEqual([]);
        expect(await judged(words, { yaml }, uuids.slice(1))).not.toEqual([]);
        expect(await judged(words, { yaml }, [])).not.toEqual([]);
      });
      test('an executor that may have GPUs and gets none', async () => {
        const words = wordsOf('--executor=nvidia-docker run debian', {
          gpus,
          environment: { NV_GPU: 'none' },
        });
        expect(await judged(words)).toEqual([]);
      });
    });

    test('another user’s container is nobody else’s', async () => {
      const words = wordsOf('run debian', { caller: bob });
      expect(await judged(words, {}, [], bob)).toEqual([]);
      expect((await judged(words, {}, [], alice)).map((text) => text.split(':')[0])).toEqual(
        expect.arrayContaining(['User', 'Env', 'Labels', 'HostConfig.Mounts', 'HostConfig.ContainerIDFile']),
      );
      const twin = person('alicia', 1000, '100:users', '2000:lab', 3000);
      expect(await judged(words, {}, [], twin)).not.toEqual([]);
    });

    /** What is taken away (a word that begins like this) or put in, and what the oracle must complain about. */
    const weaker: readonly (readonly [change: string, setting: string])[] = [
      ['- --user', 'User'],
      ['+ --user=0:0', 'User'],
      ['+ --user=1001:100', 'User'],
      ['+ --user=1000:0', 'User'],
      ['+ --user=1000', 'User'],
      ['+ --user=alice', 'User'],
      ['- --cap-drop', 'HostConfig.CapDrop'],
      ['+ --cap-add=SYS_ADMIN', 'HostConfig.CapAdd'],
      ['+ --cap-add=ALL', 'HostConfig.CapAdd'],
      ['- --security-opt', 'HostConfig.SecurityOpt'],
      ['+ --security-opt=no-new-privileges=false', 'HostConfig.SecurityOpt'],
      ['+ --security-opt=seccomp=unconfined', 'HostConfig.SecurityOpt'],
      ['+ --security-opt=apparmor=unconfined', 'HostConfig.SecurityOpt'],
      ['+ --security-opt=systempaths=unconfined', 'HostConfig.MaskedPaths'],
      ['+ --group-add=0', 'HostConfig.GroupAdd'],
      ['+ --group-add=docker', 'HostConfig.GroupAdd'],
      ['+ --privileged', 'HostConfig.Privileged'],
      ['- --pids-limit', 'HostConfig.PidsLimit'],
      ['+ --pids-limit=-1', 'HostConfig.PidsLimit'],
      ['+ --pids-limit=5000', 'HostConfig.PidsLimit'],
      ['+ --mount=type=bind,source=/,target=/host', 'HostConfig.Mounts'],
      ['+ --mount=type=bind,source=/var/run/docker.sock,target=/x', 'HostConfig.Mounts'],
      ['+ --mount=type=bind,source=/home/alice/.ssh,target=/x', 'HostConfig.Mounts'],
      ['+ --mount=type=volume,source=v,target=/x', 'HostConfig.Mounts'],
      ['+ --mount=type=volume,target=/x', 'HostConfig.Mounts'],
      ['+ --mount=type=tmpfs,target=/proc/x', 'HostConfig.Mounts'],
      ['+ --tmpfs=/x:suid,dev', 'HostConfig.Tmpfs'],
      ['+ --volume=/etc:/etc', 'HostConfig.Binds'],
      ['+ --volume=/home/alice:/home/alice2', 'HostConfig.Binds'],
      ['+ --volume=name:/x', 'HostConfig.Binds'],
      ['+ --volume=/x', 'Volumes'],
      ['+ --volumes-from=other', 'HostConfig.VolumesFrom'],
      ['+ --volume-driver=local', 'HostConfig.VolumeDriver'],
      ['+ --label=userdocker.uid=0', 'Labels'],
      ['+ --label=userdocker.user=bob', 'Labels'],
      ['+ --label=userdocker.nonce=f', 'Labels'],
      ['+ --label=userdocker.gpus=all', 'Labels'],
      ['+ --label=userdocker.memory=1', 'Labels'],
      ['+ --label=userdocker.more=1', 'Labels'],
      ['+ --label=com.docker.compose.project=x', 'Labels'],
      ['- --label=userdocker.uid', 'Labels'],
      ['- --label=userdocker.nonce', 'Labels'],
      ['+ --device=/dev/mem', 'HostConfig.Devices'],
      ['+ --device=/dev/null:/dev/kmsg:r', 'HostConfig.Devices'],
      ['+ --device-cgroup-rule=a *:* rwm', 'HostConfig.DeviceCgroupRules'],
      ['+ --device-write-bps=/dev/sda:1mb', 'HostConfig.BlkioDeviceWriteBps'],
      ['+ --blkio-weight=1000', 'HostConfig.BlkioWeight'],
      ['+ --network=host', 'HostConfig.NetworkMode'],
      ['+ --network=container:x', 'HostConfig.NetworkMode'],
      ['+ --network=lab', 'HostConfig.NetworkMode'],
      ['+ --pid=host', 'HostConfig.PidMode'],
      ['+ --pid=container:x', 'HostConfig.PidMode'],
      ['+ --ipc=host', 'HostConfig.IpcMode'],
      ['+ --ipc=shareable', 'HostConfig.IpcMode'],
      ['+ --uts=host', 'HostConfig.UTSMode'],
      ['+ --userns=host', 'HostConfig.UsernsMode'],
      ['+ --cgroupns=host', 'HostConfig.CgroupnsMode'],
      ['+ --cgroup-parent=/', 'HostConfig.CgroupParent'],
      ['+ --runtime=nvidia', 'HostConfig.Runtime'],
      ['+ --runtime=other', 'HostConfig.Runtime'],
      ['+ --publish=22:22', 'HostConfig.PortBindings'],
      ['+ --publish=0.0.0.0:80:80', 'HostConfig.PortBindings'],
      ['+ --publish=53/udp', 'HostConfig.PortBindings'],
      ['+ --publish=1-17', 'HostConfig.PortBindings'],
      ['+ --publish-all', 'HostConfig.PublishAllPorts'],
      ['+ --env=NVIDIA_VISIBLE_DEVICES=all', 'Env'],
      ['+ --env=NVIDIA_VISIBLE_DEVICES=0', 'Env'],
      ['+ --env=NVIDIA_GDS=enabled', 'Env'],
      ['+ --env=DOCKER_RESOURCE_GPU=all', 'Env'],
      ['+ --env=USERDOCKER_USER=bob', 'Env'],
      ['+ --env=USERDOCKER_UID=0', 'Env'],
      ['- --env=NVIDIA_VISIBLE_DEVICES', 'Env'],
      ['+ --gpus=all', 'HostConfig.DeviceRequests'],
      ['+ --gpus=1', 'HostConfig.DeviceRequests'],
      ['+ --gpus=device=GPU-1', 'HostConfig.DeviceRequests'],
      ['- --sysctl', 'HostConfig.Sysctls'],
      ['+ --sysctl=net.ipv4.ip_unprivileged_port_start=0', 'HostConfig.Sysctls'],
      ['+ --sysctl=net.ipv4.ip_forward=1', 'HostConfig.Sysctls'],
      ['+ --sysctl=kernel.msgmax=1', 'HostConfig.Sysctls'],
      ['- --log-driver', 'HostConfig.LogConfig'],
      ['+ --log-driver=syslog', 'HostConfig.LogConfig'],
      ['+ --log-opt=max-size=100g', 'HostConfig.LogConfig'],
      ['- --log-opt=max-file', 'HostConfig.LogConfig'],
      ['- --rm', 'HostConfig.AutoRemove'],
      ['+ --memory=17t', 'HostConfig.Memory'],
      ['+ --memory-swap=-1', 'HostConfig.MemorySwap'],
      ['+ --memory-reservation=1g', 'HostConfig.MemoryReservation'],
      ['+ --memory-swappiness=100', 'HostConfig.MemorySwappiness'],
      ['+ --oom-kill-disable', 'HostConfig.OomKillDisable'],
      ['+ --oom-score-adj=-1000', 'HostConfig.OomScoreAdj'],
      ['+ --cpus=2000', 'HostConfig.NanoCpus'],
      ['+ --cpu-shares=100000', 'HostConfig.CpuShares'],
      ['+ --cpu-quota=1000', 'HostConfig.CpuQuota'],
      ['+ --cpu-rt-runtime=950000', 'HostConfig.CpuRealtimeRuntime'],
      ['+ --shm-size=1t', 'HostConfig.ShmSize'],
      ['+ --ulimit=nproc=-1', 'HostConfig.Ulimits'],
      ['+ --ulimit=core=-1', 'HostConfig.Ulimits'],
      ['+ --storage-opt=size=1t', 'HostConfig.StorageOpt'],
      ['+ --dns=192.0.2.1', 'HostConfig.Dns'],
      ['+ --dns-option=ndots:1', 'HostConfig.DnsOptions'],
      ['+ --dns-search=example.org', 'HostConfig.DnsSearch'],
      ['+ --add-host=registry:192.0.2.1', 'HostConfig.ExtraHosts'],
      ['+ --link=db:db', 'HostConfig.Links'],
      ['+ --mac-address=02:00:00:00:00:01', 'MacAddress'],
      ['+ --domainname=example.org', 'Domainname'],
      ['+ --hostname=-x', 'Hostname'],
      ['+ --workdir=/proc/self/fd/8', 'WorkingDir'],
      ['+ --health-cmd=id', 'Healthcheck'],
      ['+ --stop-timeout=100000', 'StopTimeout'],
      ['+ --cidfile=/tmp/not-there/x', 'HostConfig.ContainerIDFile'],
    ];

    test.each(weaker)('%s is noticed: %s', async (change, setting) => {
      const [kind, word] = [change[0], change.slice(2)];
      const words = wordsOf('run --memory=1g --cpus=1 debian').filter(
        (each) => kind === '+' || !each.startsWith(word),
      );
      // Docker takes a single-valued option's last value, and reads the id file's path before it asks the engine.
      const name = word.split('=')[0] ?? '';
      const kept = name === '--cidfile' ? words.filter((each) => !each.startsWith('--cidfile')) : words;
      const end = kept.indexOf('--');
      const path = name === '--cidfile' ? `--cidfile=${join(directory, 'elsewhere')}` : word;
      const argv = kind === '+' ? [...kept.slice(0, end), path, ...kept.slice(end)] : kept;
      const found = await judged(argv);
      expect(found.map((text) => text.split(':')[0])).toEqual(
        expect.arrayContaining([whereSaid(client, setting)]),
      );
    });

    test.each([
      ['--read-only', 'args: {run: {always+: [--read-only]}}', 'HostConfig.ReadonlyRootfs'],
      ['--init', 'args: {run: {always+: [--init]}}', 'HostConfig.Init'],
      ['--network', "args: {run: {always+: ['--network=none']}}", 'HostConfig.NetworkMode'],
      ['--memory', "args: {run: {always+: ['--memory=1g']}}", 'HostConfig.Memory'],
      ['--env=PROXY', 'env_always: {PROXY: x}', 'Env'],
      ['--mount', "volume_mounts: {always: ['/opt/x:/opt/x:ro']}", 'HostConfig.Mounts'],
    ])('without the enforced %s', async (word, yaml, setting) => {
      const words = wordsOf('run --no-default-mounts debian', { yaml });
      expect(words.some((each) => each.startsWith(word))).toBe(true);
      const found = await judged(
        words.filter((each) => !each.startsWith(word)),
        { yaml },
      );
      expect(found.map((text) => text.split(':')[0])).toContain(setting);
    });
  },
);

function isBefore({ version }: DockerClient, major: number): boolean {
  return Number(version.split('.')[0]) < major;
}

/** Since docker 25 addresses of a network are said of the network. */
function whereSaid(client: DockerClient, setting: string): string {
  return setting === 'MacAddress' && !isBefore(client, 25) ? 'NetworkingConfig.EndpointsConfig' : setting;
}
