/** The docker engine: what it is, what it keeps where, and who can reach it. Pure. */
import { flagAt, listAt, textAt, texts, textsAt } from '../../../domain/json.ts';
import { looksUpNumbers } from '../../../policy/group-names.ts';
import { type Finding, fault, note, warning, word } from '../finding.ts';
import type { EngineFacts } from '../gather/engine.ts';
import type { Settings } from '../gather/settings.ts';
import { compareVersions, parseVersion } from '../versions.ts';
import { judgeHoles } from './holes.ts';

export function judgeEngine(facts: EngineFacts, settings: Settings): readonly Finding[] {
  const reached = [...judgeSocket(facts), ...judgeAddresses(facts)];
  if (facts.failure !== undefined) {
    return [
      fault(
        'engine-silent',
        `${facts.failure}: nobody can run anything`,
        'systemctl status docker; journalctl -u docker',
      ),
      ...reached,
    ];
  }
  return [
    ...reached,
    ...judgeVersion(facts),
    ...facts.builds.flatMap((build) => judgeHoles(build)),
    ...judgeConfinement(facts),
    ...judgeStorage(facts),
    ...judgeDataRoot(facts),
    ...judgeLimits(facts, settings),
  ];
}

function judgeSocket({ socket: { path, end } }: EngineFacts): readonly Finding[] {
  if (end === undefined || (end.mode & 0o006) === 0) return [];
  return [
    fault(
      'engine-socket',
      `everybody can use ${path} (${end.mode.toString(8).padStart(4, '0')}): whoever reaches it is root on the machine`,
      `chmod o-rwx ${word(path)}; for good: SocketMode=0660 in docker.socket`,
    ),
  ];
}

function judgeAddresses({ addresses, verifies }: EngineFacts): readonly Finding[] {
  if (addresses.length === 0) return [];
  const where = addresses.join(', ');
  return verifies
    ? [
        warning(
          'engine-network',
          `the engine also listens at ${where}: whoever has a client certificate for it is root on the machine`,
          'remove the address from "hosts" in /etc/docker/daemon.json, or from the options of dockerd, and restart docker',
        ),
      ]
    : [
        fault(
          'engine-network',
          `the engine also listens at ${where}, and asks nobody for a certificate: whoever reaches that is root on the machine, every local user among them`,
          'remove the address from "hosts" in /etc/docker/daemon.json, or from the options of dockerd, and restart docker',
        ),
      ];
}

function judgeVersion({ version }: EngineFacts): readonly Finding[] {
  const text = textAt(version, 'Version') ?? '';
  const [own, least] = [parseVersion(text), parseVersion('20.10')];
  if (own === undefined || least === undefined || compareVersions(own, least) >= 0) return [];
  return [
    fault('engine-old', `docker ${text} is too old for userdocker`, 'upgrade docker to 20.10 or newer'),
  ];
}

function judgeConfinement({ info }: EngineFacts): readonly Finding[] {
  const options = textsAt(info, 'SecurityOptions');
  const has = (name: string) => options.some((option) => option.split(',').includes(`name=${name}`));
  const runtime = textAt(info, 'DefaultRuntime') ?? 'runc';
  const findings: Finding[] = [];
  if (!has('seccomp') || options.some((option) => /name=seccomp.*profile=unconfined/.test(option))) {
    findings.push(
      fault(
        'engine-seccomp',
        'containers run without a seccomp filter: every system call of the kernel is open to them',
        'take "seccomp-profile": "unconfined" out of /etc/docker/daemon.json (a kernel needs CONFIG_SECCOMP), and restart docker',
      ),
    );
  }
  if (has('userns')) {
    findings.push(
      warning(
        'engine-userns',
        "the engine maps users (userns-remap): nobody is themselves in a container, and can't use what is mounted",
        'take "userns-remap" out of /etc/docker/daemon.json, and restart docker',
      ),
    );
  }
  if (has('rootless')) {
    findings.push(
      warning(
        'engine-rootless',
        "the engine is a rootless one: it can't act for other users than its own",
        'set docker_host to the socket of an engine that runs as root',
      ),
    );
  }
  if (runtime === 'nvidia') {
    findings.push(
      note(
        'engine-runtime',
        'nvidia is the default runtime: userdocker keeps GPUs from containers without a reservation, docker run as root does not',
        'take "default-runtime" out of /etc/docker/daemon.json if nothing else needs it',
      ),
    );
  } else if (!/^(?:runc|crun|io\.containerd\.runc\.v2)$/.test(runtime)) {
    findings.push(
      warning(
        'engine-runtime',
        `the default runtime is ${runtime}: userdocker is tested with runc, and counts on what runc does`,
        'take "default-runtime" out of /etc/docker/daemon.json',
      ),
    );
  }
  return findings;
}

/** https://docs.docker.com/engine/storage/containerd/ */
export function usesContainerd(info: unknown): boolean {
  return listAt(info, 'DriverStatus').some(
    (pair) => Array.isArray(pair) && texts(pair).join(' ').includes('io.containerd.snapshotter'),
  );
}

/** Where docker says where the layers of an image are. */
function judgeStorage({ info, builds }: EngineFacts): readonly Finding[] {
  const driver = textAt(info, 'Driver') ?? '';
  const status = listAt(info, 'DriverStatus').map((pair) => (Array.isArray(pair) ? pair.join(': ') : ''));
  const findings: Finding[] = [];
  if (driver !== 'overlay2' || usesContainerd(info)) {
    const what = usesContainerd(info) ? "containerd's image store" : `the storage driver ${driver}`;
    const fix =
      '"features": {"containerd-snapshotter": false} and "storage-driver": "overlay2" in /etc/docker/daemon.json, and restart docker (images have to be loaded again)';
    const runc = builds.find(({ component }) => component === 'runc')?.version ?? '';
    findings.push(
      looksUpNumbers(runc)
        ? fault(
            'engine-storage',
            `with ${what} the engine does not show the layers of images, and its runc ${runc} takes the number of a user's group for the name of one of the image's: no image can be run`,
            `runc 1.3 or newer, or ${fix}`,
          )
        : warning(
            'engine-storage',
            `with ${what} the engine does not show the layers of images: supplementary groups are left out, links of images are not followed, and only what a user may write can be mounted read-write`,
            fix,
          ),
    );
  }
  if (status.includes('Supports d_type: false')) {
    findings.push(
      fault(
        'engine-d-type',
        'the file system of the data root does not keep file types (d_type): overlay2 loses files on it',
        'make it anew: mkfs.xfs -n ftype=1',
      ),
    );
  }
  return findings;
}

const networkFileSystem = /^(?:nfs4?|cifs|smb3|ceph|lustre|gpfs|beegfs|glusterfs|fuse\..*|9p|afs)$/;

function judgeDataRoot({ dataRoot, imageStore }: EngineFacts): readonly Finding[] {
  const directories = [dataRoot, imageStore].filter((directory) => directory !== undefined);
  return directories.flatMap(({ path, traversable, fileSystem = '' }): readonly Finding[] => {
    const findings: Finding[] = [];
    if (traversable) {
      findings.push(
        fault(
          'engine-data-root',
          `everybody can enter ${path}: the setuid programs of images work on this machine, and run and load are refused`,
          `chmod o-x ${word(path)}`,
        ),
      );
    }
    if (networkFileSystem.test(fileSystem)) {
      findings.push(
        warning(
          'engine-data-root-network',
          `${path} lies on ${fileSystem}: owners and links of images are what the server makes of them`,
          '"data-root" in /etc/docker/daemon.json: a directory on a disk of this machine',
        ),
      );
    }
    if (fileSystem === 'tmpfs') {
      findings.push(
        note(
          'engine-data-root-memory',
          `${path} lies in memory (tmpfs): images take memory, and are gone after a restart`,
          '"data-root" in /etc/docker/daemon.json',
        ),
      );
    }
    return findings;
  });
}

/** Limits that the kernel can't keep are none. */
function judgeLimits({ info }: EngineFacts, { limits }: Settings): readonly Finding[] {
  const missing = [
    {
      wanted: limits.some(({ memory }) => memory !== undefined),
      able: flagAt(info, 'MemoryLimit'),
      what: 'memory',
      name: 'limits.memory',
    },
    {
      wanted: limits.some(({ cpus }) => cpus !== undefined),
      able: flagAt(info, 'CpuCfsQuota'),
      what: 'CPUs',
      name: 'limits.cpus',
    },
    {
      wanted: limits.some(({ pids }) => pids !== undefined),
      able: flagAt(info, 'PidsLimit'),
      what: 'processes',
      name: 'limits.pids',
    },
  ].filter(({ wanted, able }) => wanted && !able);
  return missing.map(({ what, name }) =>
    fault(
      'engine-limits',
      `${name} is set, but the engine can't limit ${what} on this machine (control groups, version ${textAt(info, 'CgroupVersion') ?? 'unknown'})`,
      'start the kernel with that controller (cgroup_enable=memory swapaccount=1; systemd.unified_cgroup_hierarchy=1)',
    ),
  );
}
