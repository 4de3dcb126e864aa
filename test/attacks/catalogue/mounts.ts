/** Mounts: what is mounted, where, and how. */
import { resetConfig, writeConfig } from '../../e2e/support/config.ts';
import { docker } from '../../e2e/support/engine.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byBob, byDocker, engineSays, prints } from '../support/ways.ts';

/** What the policy lets users mount while an attack goes on. */
const offer = (...available: readonly unknown[]) =>
  writeConfig({ volume_mounts: { 'available+': available } });

/** Only root gets to /srv/closed/inner/file, though everybody may read it. */
const lay = () =>
  mustRoot(`mkdir -p /srv/closed/inner /srv/data/sets /srv/database; chmod 700 /srv/closed
    echo secret >/srv/closed/inner/file; echo near >/srv/database/file; ln -sfn /srv/closed/inner /srv/data/out`);
const tidy = () =>
  mustRoot('rm -rf /srv/closed /srv/data /srv/database; find /home/alice -mindepth 1 -delete');

type Wanted = Pick<Attack, 'id' | 'wants' | 'spellings'> &
  Partial<Pick<Attack, 'refused' | 'cleanUp'>> & {
    /** Rules that alice may use. */
    readonly rules?: readonly unknown[];
    /** A line of shell as alice, before. */
    readonly first?: string;
    readonly see?: string;
    readonly shows?: RegExp;
  };

/** To read, in a container, what only root can reach on the host. */
function reads({
  rules = ['${home}/**:', '/srv/data/**:'],
  first = ':',
  see = 'cat /x/file',
  shows = /secret/,
  ...attack
}: Wanted): Attack {
  return {
    refused: /^userdocker: denied/,
    inOneGo: true,
    ...attack,
    who: 'alice',
    prepare: () => as('alice', first),
    control: (words) =>
      asRoot(
        `cd /home/alice; exec 3</srv/closed; HOME=/home/alice; docker run --rm ${asAlice} ${words} box ${see}`,
      ),
    attack: (words) => {
      offer(...rules);
      return byAlice(`run ${words} box ${see}`);
    },
    reached: prints(shows),
    cleanUp: attack.cleanUp ?? (() => mustRoot('find /home/alice -mindepth 1 -delete')),
  };
}

const sources: readonly Attack[] = [
  reads({
    id: 'directory-that-no-rule-names',
    wants: 'a file that only root can reach, from a directory that no rule names',
    spellings: [
      '-v /srv/closed/inner:/x',
      '-v/srv/closed/inner:/x',
      '-v=/srv/closed/inner:/x',
      '--volume=/srv/closed/inner:/x:ro',
      '--volume /srv/closed/inner/:/x/',
      '-itv /srv/closed/inner:/x',
      '--mount type=bind,source=/srv/closed/inner,target=/x',
      '--mount=type=bind,src=/srv/closed/inner,destination=/x',
      '--mount TYPE=bind,SOURCE=/srv/closed/inner,DST=/x',
      `--mount '"type=bind","src=/srv/closed/inner","dst=/x"'`,
      '--mount=type=BIND,src=/srv/closed/inner,dst=/x',
      '--mount dst=/x,src=/srv/closed/inner,type=bind,readonly',
      '-v /srv/data:/y -v /srv/closed/inner:/x',
      '-v //srv//closed//inner:/x',
    ],
  }),
  reads({
    id: 'detour-by-dots',
    wants: 'a file that only root can reach, by .. behind a directory that a rule names',
    spellings: [
      '-v /srv/data/../closed/inner:/x',
      '-v /srv/data/sets/../../closed/inner:/x',
      '--mount type=bind,src=/srv/data/./../closed/inner,dst=/x',
      '-v $HOME/../../srv/closed/inner:/x',
    ],
  }),
  reads({
    id: 'link-of-ones-own',
    wants: 'a file that only root can reach, by a link in her home',
    first:
      'ln -s /srv/closed/inner link; ln -s link again; mkdir deep; ln -s /srv/closed deep/half; ln -s /proc/self/root/srv/closed/inner root',
    spellings: [
      '-v $HOME/link:/x',
      '-v $HOME/link/:/x',
      '-v $HOME/again:/x',
      '-v $HOME/deep/half/inner:/x',
      '-v $HOME/link/.:/x',
      '--mount type=bind,src=$HOME/link,dst=/x',
    ],
  }),
  reads({
    id: 'link-that-an-admin-left',
    wants: 'a file that only root can reach, by a link below a directory that a rule names',
    spellings: ['-v /srv/data/out:/x', '-v /srv/data/out/.:/x', '--mount type=bind,src=/srv/data/out,dst=/x'],
  }),
  reads({
    id: 'neighbour-with-the-same-beginning',
    wants: 'a directory whose name begins like one that a rule names',
    spellings: ['-v /srv/database:/x', '-v /srv/dat*:/x', '-v /srv/data/../database:/x'],
    shows: /near/,
  }),
  reads({
    id: 'directory-reached-with-roots-rights',
    wants: 'a file that only root can reach, in a tree that a rule opens',
    rules: ['/**:'],
    spellings: [
      '-v /srv/closed/inner:/x',
      '-v /srv/closed/../closed/inner:/x',
      '-v /proc/1/root/srv/closed/inner:/x',
      '-v /proc/self/root/srv/closed/inner:/x',
      '-v /proc/thread-self/root/srv/closed/inner:/x',
      '-v /proc/self/fd/3/inner:/x',
      '-v /dev/fd/3/inner:/x',
      '-v /proc/self/cwd/srv/closed/inner:/x',
      '--mount type=bind,src=/srv/closed/inner,dst=/x',
    ],
  }),
  reads({
    id: 'parent-of-a-named-directory',
    wants: 'the directory above the one that a rule names',
    rules: ['/srv/data/sets:/inner:ro'],
    spellings: [
      '-v /srv/data:/x',
      '-v /srv/data/sets/..:/x',
      '-v /srv:/x',
      '-v /:/x',
      '-v /srv/data:/inner',
      '-v /srv/data/sets/../:/x',
    ],
    see: "sh -c 'ls /x /inner'",
    shows: /sets|database|srv/,
  }),
  reads({
    id: 'second-field-in-quotes',
    wants: 'a file that only root can reach, by a field that one reader of CSV sees and the other does not',
    first: 'mkdir -p "a,source=/srv/closed/inner" a',
    spellings: [
      '--mount type=bind,src=/srv/data,dst=/x,src=/srv/closed/inner',
      `--mount 'type=bind,"src=/srv/data",dst=/x,"source=/srv/closed/inner"'`,
      '--mount type=bind,source=/srv/data,target=/x,SRC=/srv/closed/inner',
      `--mount '"type=bind,src=/srv/data",type=bind,source=/srv/closed/inner,dst=/x'`,
      "--mount 'type=bind,src=/srv/data,dst=/x\nsrc=/srv/closed/inner'",
    ],
  }),
  reads({
    id: 'socket-by-a-mount',
    wants: 'docker’s socket',
    rules: ['/run/**:', '/var/**:'],
    spellings: [
      '-v /var/run/docker.sock:/x',
      '-v /run/docker.sock:/x',
      '-v //run//docker.sock:/x',
      '--mount type=bind,src=/run/docker.sock,dst=/x',
      '-v /run/./docker.sock:/x:ro',
    ],
    see: "sh -c '[ -S /x ] && echo a socket'",
    shows: /a socket/,
  }),
  reads({
    id: 'processes-by-a-mount',
    wants: 'the host’s /proc',
    rules: ['/**:'],
    spellings: [
      '-v /proc:/x',
      '-v /proc/:/x:ro',
      '-v /dev/../proc:/x',
      '--mount type=bind,src=/proc,dst=/x',
      '-v /proc/1:/x/1',
    ],
    see: "sh -c 'cat /x/[0-9]*/comm'",
    shows: /dockerd/,
  }),
  reads({
    id: 'device-by-a-mount',
    wants: 'a device node of the host',
    rules: ['/dev/**:'],
    spellings: ['-v /dev/kmsg:/x', '-v /dev/./kmsg:/x', '--mount type=bind,src=/dev/kmsg,dst=/x'],
    see: "sh -c '[ -c /x ] && echo a device'",
    shows: /a device/,
    cleanUp: () => mustRoot(':'),
  }),
  {
    id: 'home-of-another',
    inOneGo: true,
    who: 'bob',
    wants: 'a directory in alice’s closed home that is open itself',
    prepare: () => as('alice', 'mkdir -m 777 open; echo secret >open/file; chmod 644 open/file'),
    spellings: [
      '-v /home/alice/open:/x',
      '--mount type=bind,src=/home/alice/open,dst=/x',
      '-v /home/bob/../alice/open:/x',
    ],
    control: (words) => byDocker(`run --rm --user=$(id -u bob):$(id -g bob) ${words} box cat /x/file`),
    attack: (words) => {
      offer('/home/**:');
      return byBob(`run ${words} box cat /x/file`);
    },
    reached: prints(/secret/),
    refused: /permission denied/,
    cleanUp: () => mustRoot('rm -r /home/alice/open'),
  },
];

const volumes: readonly Attack[] = [
  reads({
    id: 'volume-that-is-a-directory',
    wants: 'a directory of the host, by the options of a volume',
    spellings: [
      '--mount type=volume,dst=/x,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/srv/closed/inner',
      `--mount 'dst=/x,volume-driver=local,volume-opt=type=none,"volume-opt=o=bind,ro",volume-opt=device=/srv/closed/inner'`,
      '--mount type=volume,src=made,dst=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/srv/closed/inner',
    ],
    cleanUp: () => mustRoot('docker volume prune -f >/dev/null; docker volume rm made 2>/dev/null || true'),
  }),
  {
    id: 'volume-of-another',
    inOneGo: true,
    who: 'alice',
    wants: 'what another has in a volume',
    prepare: () => mustRoot('docker run --rm -v his:/v box sh -c "echo secret >/v/file"'),
    spellings: [
      '-v his:/x',
      '--volume=his:/x:ro',
      '--mount type=volume,src=his,dst=/x',
      '--mount source=his,target=/x',
      '-v his:/x:nocopy',
      '--mount src=his,dst=/x,volume-nocopy',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box cat /x/file`),
    attack: (words) => byAlice(`run ${words} box cat /x/file`),
    reached: prints(/secret/),
    refused: /volume|option/,
    cleanUp: () => docker(['volume', 'rm', 'his']),
  },
  {
    id: 'volume-that-stays',
    inOneGo: true,
    who: 'alice',
    wants: 'a volume that stays on the disk and belongs to nobody',
    spellings: [
      '-v made:/x',
      '-v /x',
      '--mount type=volume,dst=/x',
      '--mount type=volume,src=made,dst=/x',
      '--volume-driver=local -v made:/x',
      '-v made:/x:rw',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box true`),
    attack: (words) => byAlice(`run ${words} box true`),
    reached: async () => (await docker(['volume', 'ls', '--quiet'])) !== '',
    refused: /volume/,
    cleanUp: () => mustRoot('docker volume ls -q | xargs -r docker volume rm'),
  },
];

const ways: readonly Attack[] = [
  {
    id: 'read-only-removed',
    who: 'alice',
    wants: 'to write where a rule says read-only',
    prepare: () => mustRoot('mkdir -m 777 /srv/work'),
    spellings: [
      '-v /srv/work:/x:rw',
      '-v /srv/work:/x',
      '--mount type=bind,src=/srv/work,dst=/x,readonly=false',
      '--mount type=bind,src=/srv/work,dst=/x,ro=0',
      '-v /srv/work:/x:ro,rw',
      '-v /srv/work:/y -v /srv/work:/x:rw',
      '-v /srv/work/.:/x:rw',
      '--mount type=bind,src=/srv/work,dst=/x,readonly,readonly=false',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box touch /x/made`),
    attack: (words) => {
      offer('/srv/work::ro');
      return byAlice(`run ${words} box touch /x/made`);
    },
    reached: async () => (await asRoot('test -e /srv/work/made')).status === 0,
    cleanUp: () => mustRoot('rm -r /srv/work'),
  },
  {
    id: 'writable-below-read-only',
    who: 'alice',
    wants: 'to write to a file system that is mounted below a directory that is read-only',
    prepare: () => mustRoot('mkdir -p /srv/work/below; mount -t tmpfs -o mode=1777 below /srv/work/below'),
    spellings: ['-v /srv/work:/x:ro', '--mount type=bind,src=/srv/work,dst=/x,readonly'],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box touch /x/below/made`),
    attack: (words) => {
      offer('/srv/work::ro');
      return byAlice(`run ${words} box touch /x/below/made`);
    },
    reached: async () => (await asRoot('test -e /srv/work/below/made')).status === 0,
    cleanUp: () => mustRoot('umount /srv/work/below; rm -r /srv/work'),
  },
  ...(
    [
      [
        'propagation-to-the-host',
        'mounts made inside that show on the host',
        [
          '-v /srv/data:/x:rshared',
          '--mount type=bind,src=/srv/data,dst=/x,bind-propagation=rshared',
          '-v /srv/data:/x:shared,ro',
          '--mount type=bind,src=/srv/data,dst=/x,bind-propagation=shared',
        ],
        '(index .Mounts 0).Propagation',
        /shared/,
      ],
      [
        'files-labelled-anew',
        'the labels of files changed by dockerd as root',
        ['-v /srv/data:/x:z', '-v /srv/data:/x:Z', '-v /srv/data:/x:ro,Z', '-v /srv/data:/x:z,ro'],
        '(index .Mounts 0).Mode',
        /z/i,
      ],
    ] as const
  ).map(
    ([id, wants, spellings, path, is]): Attack => ({
      id,
      who: 'alice',
      wants,
      spellings,
      prepare: () => mustRoot('mount --bind /srv/data /srv/data; mount --make-shared /srv/data'),
      control: (words) => byDocker(`run -d --name taken ${asAlice} ${words} box sleep 300`),
      attack: (words) => {
        offer('/srv/data:');
        return byAlice(`run -d --name taken --no-default-mounts ${words} box sleep 300`);
      },
      reached: engineSays('taken', path, is),
      refused: /option|propagation/,
      cleanUp: () => mustRoot('umount /srv/data'),
    }),
  ),
  {
    id: 'tmpfs-for-setuid-programs',
    who: 'alice',
    wants: 'a file system of hers on which setuid programs and devices work',
    spellings: [
      '--tmpfs /x:suid,dev,exec',
      '--tmpfs=/x:suid',
      '--tmpfs /x:dev',
      '--tmpfs /x:rw,nosuid,suid',
      '--tmpfs /x:size=1m,suid',
      '--tmpfs=/x:defaults',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box grep ' /x ' /proc/mounts`),
    attack: (words) => byAlice(`run ${words} box grep ' /x ' /proc/mounts`),
    reached: ({ status, stdout }) => status === 0 && !(/nosuid/.test(stdout) && /nodev/.test(stdout)),
  },
  {
    id: 'file-of-the-engines-own',
    inOneGo: true,
    who: 'alice',
    wants: 'something of hers where programs expect a device of the kernel’s',
    prepare: () => as('alice', 'mkdir -p fake; echo fake >fake/file'),
    spellings: [
      '-v $HOME/fake/file:/dev/random',
      '--mount type=bind,src=$HOME/fake/file,dst=/dev/random',
      '-v $HOME/fake/file:/x/../dev/random',
      '-v $HOME/fake/file://dev/random',
    ],
    control: (words) =>
      asRoot(`HOME=/home/alice; docker run --rm ${asAlice} ${words} box head -c 4 /dev/random`),
    attack: (words) => {
      offer('${home}/**:');
      return byAlice(`run ${words} box head -c 4 /dev/random`);
    },
    reached: prints(/fake/),
    refused: /the kernel's or the engine's own/,
    cleanUp: () => mustRoot('rm -r /home/alice/fake'),
  },
  {
    id: 'tmpfs-over-what-is-confined',
    inOneGo: true,
    who: 'alice',
    wants: 'a file system of hers over the kernel’s',
    spellings: [
      '--tmpfs /sys/fs',
      '--tmpfs /dev/shm:size=100g',
      '--mount type=tmpfs,dst=/sys/fs',
      '--tmpfs /proc/scsi',
      '--tmpfs=/x/../sys/kernel',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box cat /proc/mounts`),
    attack: (words) => byAlice(`run ${words} box cat /proc/mounts`),
    reached: prints(/^tmpfs \/(?:sys\/(?:fs|kernel)|proc\/scsi) tmpfs rw|size=104857600k/m),
    refused: /target|tmpfs/,
  },
  {
    id: 'working-directory-in-proc',
    inOneGo: true,
    who: 'alice',
    wants: 'to start in /proc, from where a descriptor can lead out of the container (CVE-2024-21626)',
    spellings: [
      '-w /proc/self/task',
      '--workdir=/proc/self/fd',
      '-w/proc/self',
      '-w /tmp/../proc/self',
      '-w //proc/./self/',
      '-w /sys',
      '-w /dev/fd',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box pwd -P`),
    attack: (words) => byAlice(`run ${words} box pwd -P`),
    reached: prints(/^\/(?:proc|sys|dev)/),
    refused: /working directory/,
  },
  {
    id: 'enforced-mount-left-out',
    who: 'alice',
    wants: 'a container without what the admin enforces',
    prepare: () => mustRoot('mkdir -p /srv/rules; echo here >/srv/rules/file'),
    spellings: [
      '--no-default-mounts',
      '--tmpfs /rules',
      '-v /srv/data:/rules',
      '-v /srv/data:/rules/',
      '--mount type=tmpfs,dst=/rules',
      '-v $HOME:/x/../rules',
    ],
    // As if the rule were only a default.
    control: () => {
      writeConfig({ volume_mounts: { default: ['/srv/rules:/rules:ro'] } });
      return byAlice(`run --no-default-mounts box sh -c '[ -e /rules/file ] || echo without'`);
    },
    attack: (words) => {
      writeConfig({
        volume_mounts: { always: ['/srv/rules:/rules:ro'], 'available+': ['/srv/data:', '${home}:'] },
      });
      return byAlice(`run ${words} box sh -c '[ -e /rules/file ] || echo without'`);
    },
    reached: prints(/without/),
    cleanUp: () => mustRoot('rm -r /srv/rules'),
  },
];

export const mounts: Area = {
  title: 'what is mounted, where, and how',
  before: lay,
  after: async () => {
    resetConfig();
    await tidy();
  },
  attacks: [...sources, ...volumes, ...ways],
};
