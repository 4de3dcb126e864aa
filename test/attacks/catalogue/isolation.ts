/** Options of `run` that take away what keeps a container apart from the host and from other containers. */
import { readlinkSync } from 'node:fs';
import { docker } from '../../e2e/support/engine.ts';
import { mustUserdocker } from '../../e2e/support/userdocker.ts';
import { mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byDocker, prints, seenByEngine, seenInside } from '../support/ways.ts';

/** bob's, with a secret in its memory, on its network and in its file system. */
const startHis = () =>
  mustUserdocker(
    'bob',
    `run -d --name his --no-default-mounts box sh -c 'echo secret >/dev/shm/secret; echo secret >/tmp/secret; nc -l -p 8080 127.0.0.1 & exec sleep 300'`,
  );

const namespaces: readonly Attack[] = [
  seenInside({
    id: 'processes-of-the-host',
    wants: 'to see, and to trace, all processes of the machine',
    spellings: ['--pid=host', '--pid host', '--pid=host --pid=host', '-itd --pid=host', '--pid=container:1'],
    see: "sh -c 'cat /proc/[0-9]*/comm'",
    shows: /dockerd/,
    refused: /--pid/,
  }),
  seenInside({
    id: 'network-of-the-host',
    wants: 'the loopback services and abstract sockets of the host (CVE-2020-15257)',
    spellings: [
      '--network=host',
      '--net=host',
      '--net host',
      '--network=name=host',
      '--network=none --network=host',
      '--network=bridge --net=host',
      '--network=HOST',
      "--network='host '",
    ],
    see: 'cat /proc/net/dev',
    shows: /docker0/,
    refused: /--net/,
  }),
  seenInside({
    id: 'memory-of-the-host',
    wants: 'the shared memory of other users’ programs',
    prepare: () => mustRoot('echo secret >/dev/shm/secret'),
    spellings: ['--ipc=host', '--ipc host', '--ipc=shareable --ipc=host', '--ipc=HOST'],
    see: 'cat /dev/shm/secret',
    shows: /secret/,
    refused: /--ipc/,
    cleanUp: () => mustRoot('rm /dev/shm/secret'),
  }),
  seenInside({
    id: 'name-of-the-host',
    wants: 'the host’s own name, to be changed',
    spellings: ['--uts=host', '--uts host', '--hostname=x --uts=host'],
    see: 'readlink /proc/self/ns/uts',
    shows: hostNamespace('uts'),
    refused: /--uts/,
  }),
  seenByEngine({
    id: 'users-of-the-host',
    wants: 'a container outside of the engine’s user namespace',
    spellings: ['--userns=host', '--userns host'],
    path: '.HostConfig.UsernsMode',
    is: /host/,
    refused: /--userns/,
  }),
  seenInside({
    id: 'control-groups-of-the-host',
    wants: 'a view of the host’s control groups',
    spellings: ['--cgroupns=host', '--cgroupns host'],
    see: 'readlink /proc/self/ns/cgroup',
    shows: hostNamespace('cgroup'),
    refused: /--cgroupns/,
  }),
];

const neighbours: readonly Attack[] = [
  seenInside({
    id: 'processes-of-another-container',
    wants: 'to see and stop what runs in bob’s container',
    prepare: startHis,
    spellings: ['--pid=container:his', '--pid container:his'],
    see: "sh -c 'cat /proc/[0-9]*/cmdline'",
    shows: /8080/,
    refused: /--pid/,
  }),
  seenInside({
    id: 'network-of-another-container',
    wants: 'the loopback address of bob’s container',
    prepare: startHis,
    spellings: ['--network=container:his', '--net container:his', '--network=name=container:his'],
    see: 'cat /proc/net/tcp',
    shows: /:1F90/,
    refused: /--net/,
  }),
  seenInside({
    id: 'memory-of-another-container',
    wants: 'the shared memory of bob’s container',
    // The engine makes it private unless it is told otherwise; his is private, so root's stands in for a shared one.
    prepare: () =>
      docker([
        'run',
        '-d',
        '--name',
        'his',
        '--ipc=shareable',
        'box',
        'sh',
        '-c',
        'echo secret >/dev/shm/secret; sleep 300',
      ]),
    spellings: ['--ipc=container:his', '--ipc container:his'],
    see: "sh -c 'for i in 1 2 3 4 5 6 7 8 9; do cat /dev/shm/secret && break; sleep 0.1; done'",
    shows: /secret/,
    refused: /--ipc/,
  }),
  seenInside({
    id: 'link-to-another-container',
    wants: 'the name, address and environment of bob’s container',
    prepare: () => mustUserdocker('bob', 'run -d --name his -e SECRET=1234 box sleep 300'),
    spellings: ['--link=his:db', '--link his'],
    see: 'env',
    shows: /SECRET=1234/,
    refused: /--link/,
  }),
  seenInside({
    id: 'volumes-of-another-container',
    wants: 'what bob’s container has mounted',
    prepare: () =>
      mustRoot(
        'mkdir -p /home/bob/closed/data; chmod 700 /home/bob/closed; echo secret >/home/bob/closed/data/file; docker run -d --name his -v /home/bob/closed/data:/his box sleep 300',
      ),
    spellings: ['--volumes-from=his', '--volumes-from his:rw', '--volumes-from=his:ro'],
    see: 'cat /his/file',
    shows: /secret/,
    refused: /--volumes-from/,
    cleanUp: () => mustRoot('rm -r /home/bob/closed'),
  }),
  seenByEngine({
    id: 'network-that-nobody-listed',
    wants: 'a place on a network of the admin’s',
    prepare: () => docker(['network', 'create', '--internal', '--subnet', '10.99.0.0/24', 'inner']),
    spellings: [
      '--network=inner',
      '--net inner',
      '--network=bridge --network=inner',
      '--network=name=inner,ip=10.99.0.7',
    ],
    path: '.NetworkSettings.Networks',
    is: /inner/,
    refused: /--net/,
    cleanUp: () => docker(['network', 'rm', 'inner']),
  }),
  seenByEngine({
    id: 'address-of-another',
    wants: 'an address that others take for somebody else’s',
    prepare: () => docker(['network', 'create', '--internal', '--subnet', '10.99.0.0/24', 'inner']),
    spellings: [
      '--network=inner --ip=10.99.0.7',
      '--ip 10.99.0.7',
      '--ip=172.17.0.2',
      '--link-local-ip=10.99.0.7',
    ],
    path: '.NetworkSettings.Networks',
    is: /"IPAddress":"10\.99\.0\.7"/,
    refused: /--ip|--link-local-ip/,
    cleanUp: () => docker(['network', 'rm', 'inner']),
  }),
  seenByEngine({
    id: 'hardware-address-of-another',
    wants: 'the hardware address of another machine',
    spellings: [
      '--mac-address=02:42:ac:11:00:99',
      '--mac-address 02:42:ac:11:00:99',
      '--network=name=bridge,mac-address=02:42:ac:11:00:99',
    ],
    path: '.NetworkSettings.Networks.bridge.MacAddress',
    is: /02:42:ac:11:00:99/,
    refused: /--mac-address|--network/,
  }),
];

const confinement: readonly Attack[] = [
  seenByEngine({
    id: 'privileged-container',
    wants: 'every capability and every device',
    spellings: [
      '--privileged',
      '--privileged=true',
      '--privileged=1',
      '--privileged=false --privileged=T',
      '-it --privileged',
      '--privileged=TRUE',
    ],
    path: '.HostConfig.Privileged',
    is: /true/,
    refused: /--privileged/,
  }),
  seenInside({
    id: 'device-of-the-host',
    wants: 'a device file of the host’s',
    prepare: () => mustRoot('[ -e /dev/kmsg ] || mknod /dev/kmsg c 1 11'),
    spellings: [
      '--device=/dev/kmsg',
      '--device /dev/kmsg:/dev/kmsg:rwm',
      '--device=vendor.com/class=kmsg',
      '--device=/dev/kmsg:/dev/kmsg:r',
    ],
    see: 'ls /dev/kmsg',
    shows: /kmsg/,
    refused: /--device/,
  }),
  seenByEngine({
    id: 'devices-by-rule',
    wants: 'the right to open any device whose node can be had',
    spellings: ["--device-cgroup-rule='c *:* rwm'", "--device-cgroup-rule 'a *:* rwm'"],
    path: '.HostConfig.DeviceCgroupRules',
    is: /rwm/,
    refused: /--device-cgroup-rule/,
  }),
  seenInside({
    id: 'capability-added',
    wants: 'a capability',
    spellings: [
      '--cap-add=SYS_ADMIN',
      '--cap-add sys_admin',
      '--cap-add=CAP_SYS_ADMIN',
      '--cap-add=ALL',
      '--cap-add=ALL --cap-drop=ALL',
      '--cap-drop=ALL --cap-add=SYS_ADMIN',
      '--cap-add=all',
    ],
    see: 'grep CapBnd /proc/self/status',
    // CAP_SYS_ADMIN is bit 21.
    shows: /CapBnd:\t[0-9a-f]{10}[2367abef]/,
    refused: /--cap-add/,
  }),
  seenInside({
    id: 'capabilities-kept',
    wants: 'docker’s usual capabilities, by dropping others than all',
    spellings: ['--cap-drop=MKNOD', '--cap-drop=net_raw', "--cap-drop=''", '--cap-drop=NONE'],
    see: 'grep CapBnd /proc/self/status',
    shows: /CapBnd:\t0*[1-9a-f]/,
  }),
  seenInside({
    id: 'new-privileges',
    image: 'setuid',
    wants: 'setuid programs that work',
    spellings: [
      '--security-opt=no-new-privileges=false',
      '--security-opt no-new-privileges:false',
      '--security-opt=no-new-privileges --security-opt=no-new-privileges=false',
      '--security-opt=no-new-privileges:False',
    ],
    see: "su -c 'id -u'",
    shows: /^0$/m,
    refused: /--security-opt/,
  }),
  seenByEngine({
    id: 'system-calls-unfiltered',
    wants: 'all system calls, those with a hole in them included',
    spellings: [
      '--security-opt=seccomp=unconfined',
      '--security-opt seccomp:unconfined',
      '--security-opt=seccomp=/home/alice/all.json',
    ],
    path: '.HostConfig.SecurityOpt',
    is: /seccomp/,
    refused: /--security-opt/,
  }),
  seenByEngine({
    id: 'labels-switched-off',
    wants: 'to run without AppArmor’s or SELinux’s confinement',
    spellings: [
      '--security-opt=label=disable',
      '--security-opt=apparmor=unconfined',
      '--security-opt label:type:spc_t',
    ],
    path: '.HostConfig.SecurityOpt',
    is: /label|apparmor/,
    refused: /--security-opt/,
  }),
  seenByEngine({
    id: 'kernel-files-unmasked',
    wants: '/proc and /sys as the host has them',
    spellings: ['--security-opt=systempaths=unconfined'],
    path: '.HostConfig.MaskedPaths',
    is: /^\[\]$/,
    refused: /--security-opt/,
  }),
  seenByEngine({
    id: 'another-runtime',
    wants: 'a runtime that confines less, or gives GPUs past their reservation',
    spellings: [
      '--runtime=nvidia',
      '--runtime nvidia',
      '--runtime=/home/alice/evil',
      '--runtime=io.containerd.runc.v2',
    ],
    path: '.HostConfig.Runtime',
    is: /nvidia/,
    refused: /--runtime/,
  }),
  seenByEngine({
    id: 'control-group-of-choice',
    wants: 'a place outside of the limits that an admin has set for containers',
    spellings: ['--cgroup-parent=/elsewhere', '--cgroup-parent system.slice', '--cgroup-parent=/../..'],
    path: '.HostConfig.CgroupParent',
    is: /elsewhere/,
    refused: /--cgroup-parent/,
  }),
];

const identity: readonly Attack[] = [
  {
    id: 'root-inside',
    who: 'alice',
    wants: 'processes of root’s',
    spellings: [
      '-u 0',
      '--user=0',
      '-u 00',
      '-u0:0',
      '-u root',
      "--user=''",
      '-u +0',
      '-itu0',
      '--user=0x0',
      '-u 4294967296',
      '--user=-0',
      '-u 0 -u 0',
    ],
    control: (words) => byDocker(`run --rm ${words} box id -u`),
    attack: (words) => byAlice(`run ${words} box id -u`),
    reached: prints(/^0\r?$/m),
  },
  {
    id: 'root-by-the-last-user',
    inOneGo: true,
    who: 'alice',
    wants: 'processes of root’s, by an option that undoes the enforced one',
    spellings: ['-u $(id -u) -u 0', '--user=$(id -u):$(id -g) --user=0:0', '-u 0 --user $(id -u)'],
    control: () => byDocker('run --rm -u $(id -u alice) -u 0 box id -u'),
    attack: (words) => byAlice(`run ${words} box id -u`),
    reached: prints(/^0$/m),
    refused: /-u|--user/,
  },
  {
    id: 'group-of-roots',
    inOneGo: true,
    who: 'alice',
    wants: 'root’s group, or the disk’s',
    spellings: ['-u $(id -u):6', '-u $(id -u):disk', '--user=$(id -u):0', '-u :6', '--user=$(id -u):06'],
    control: () => byDocker('run --rm -u $(id -u alice):6 box id -G'),
    attack: (words) => byAlice(`run ${words} box id -G`),
    reached: prints(/(?:^| )[06](?: |$)/m),
    refused: /--user/,
  },
  seenInside({
    id: 'group-added',
    wants: 'a group that she is not in',
    spellings: [
      '--group-add=6',
      '--group-add 06',
      '--group-add=+6',
      '--group-add=root',
      '--group-add=0',
      '--group-add=$(id -g) --group-add=6',
    ],
    see: 'id -G',
    shows: /(?:^| )[06](?: |$)/m,
    refused: /--group-add/,
  }),
  {
    id: 'reserved-port',
    who: 'alice',
    wants: 'a port below 1024, from which file servers take everything for root’s word',
    spellings: [
      '',
      '--sysctl=net.ipv4.ip_unprivileged_port_start=0',
      '--sysctl net/ipv4/ip_unprivileged_port_start=0',
      '--network=none',
    ],
    control: () => byDocker(`run --rm ${asAlice} box ${listen}`),
    attack: (words) => byAlice(`run ${words} box ${listen}`),
    reached: prints(/it listens/),
  },
  seenInside({
    id: 'kernel-setting',
    wants: 'a kernel setting of her own',
    spellings: [
      '--sysctl=net.ipv4.ip_forward=0',
      '--sysctl net.ipv4.ip_forward=0',
      '--sysctl=net.ipv4.ip_unprivileged_port_start=1024 --sysctl=net.ipv4.ip_forward=0',
    ],
    see: 'cat /proc/sys/net/ipv4/ip_forward',
    shows: /^0$/m,
    refused: /--sysctl/,
  }),
];

/** `uts:[4026531838]`, of the engine as of these tests. */
function hostNamespace(name: string): RegExp {
  return new RegExp(readlinkSync(`/proc/self/ns/${name}`).replaceAll(/[[\]]/g, '\\$&'));
}

/** It says so where it still listens after a moment. */
const listen = "sh -c 'nc -l -p 80 & sleep 0.3; kill $! && echo it listens'";

export const isolation: Area = {
  title: 'options that take down the walls',
  attacks: [...namespaces, ...neighbours, ...confinement, ...identity],
};
