/** What goes to the engine and comes from it when alice has run debian:12 under the default policy. */

export type Json = { [key: string]: unknown };

const nonce = 'f'.repeat(32);
const imageId = `sha256:${'e'.repeat(64)}`;

/** What docker 28 asks the engine for when alice runs debian:12 under the default policy. */
export function request(): Json {
  return {
    ...{
      Hostname: '',
      Domainname: '',
      User: '1000:100',
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    },
    ...{
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Cmd: ['bash'],
      Image: imageId,
      Volumes: {},
      WorkingDir: '',
    },
    ...{ Entrypoint: null, OnBuild: null, ExposedPorts: { '80/tcp': {} } },
    Env: [
      'HOME=/home/alice',
      'USERDOCKER_USER=alice',
      'USERDOCKER_UID=1000',
      'NVIDIA_VISIBLE_DEVICES=void',
      'NVIDIA_GDS=',
    ],
    Labels: {
      ...{ 'userdocker.uid': '1000', 'userdocker.user': 'alice', 'userdocker.version': '3.0.0' },
      ...{
        'userdocker.nonce': nonce,
        'userdocker.image': 'debian:12',
        'userdocker.gpus': '',
        'userdocker.memory': '',
        'userdocker.cpus': '',
      },
    },
    HostConfig: {
      ...{
        Binds: null,
        ContainerIDFile: `/var/lib/userdocker/containers/1000/${nonce}`,
        NetworkMode: 'default',
      },
      ...{ PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] }, CapAdd: null, CapDrop: ['ALL'] },
      ...{
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        AutoRemove: true,
        ConsoleSize: [24, 80],
        Init: null,
      },
      ...{ GroupAdd: ['2000', '3000'], SecurityOpt: ['no-new-privileges'], ShmSize: 0, MemorySwappiness: -1 },
      ...{
        Memory: 0,
        NanoCpus: 0,
        PidsLimit: 4096,
        Devices: [],
        DeviceRequests: null,
        OomKillDisable: false,
      },
      ...{
        MaskedPaths: null,
        ReadonlyPaths: null,
        Privileged: false,
        Cgroup: '',
        Isolation: '',
        CgroupnsMode: '',
      },
      LogConfig: { Type: 'local', Config: { 'max-file': '3', 'max-size': '10m' } },
      Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '1024' },
      Mounts: [{ Type: 'bind', Source: '/home/alice', Target: '/home/alice' }],
    },
    NetworkingConfig: {
      EndpointsConfig: { default: { IPAMConfig: null, Links: null, MacAddress: '', IPPrefixLen: 0 } },
    },
  };
}

/** What the engine tells of it later. */
export function inspected(): Json {
  const { HostConfig: host, NetworkingConfig: _gone, ...config } = request();
  return {
    Id: 'c'.repeat(64),
    Name: '/alice_1',
    Config: {
      ...config,
      Hostname: 'c'.repeat(12),
      WorkingDir: '/srv',
      Volumes: { '/data': {} },
      Healthcheck: { Test: ['CMD', 'x'] },
    },
    HostConfig: {
      ...(typeof host === 'object' ? host : {}),
      ...{
        Runtime: 'runc',
        ShmSize: 67_108_864,
        IpcMode: 'private',
        CgroupnsMode: 'host',
        NetworkMode: 'bridge',
      },
      MaskedPaths: [
        '/proc/asound',
        '/proc/acpi',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/timer_list',
      ].concat([
        '/proc/timer_stats',
        '/proc/sched_debug',
        '/proc/scsi',
        '/sys/firmware',
        '/sys/devices/virtual/powercap',
      ]),
      ReadonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
    NetworkSettings: {
      Networks: {
        bridge: {
          IPAMConfig: null,
          Aliases: null,
          MacAddress: '02:42:ac:11:00:02',
          IPAddress: '172.17.0.2',
          IPPrefixLen: 16,
          NetworkID: 'x',
          EndpointID: 'y',
          Gateway: '172.17.0.1',
        },
      },
    },
  };
}
