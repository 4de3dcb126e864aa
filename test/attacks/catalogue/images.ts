import { writeConfig } from '../../e2e/support/config.ts';
import { docker, inspect, tryDocker } from '../../e2e/support/engine.ts';
import { importImage } from '../../e2e/support/images.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byDocker, engineSays, prints } from '../support/ways.ts';

const loot = '/home/alice/loot';
const openLoot = () => mustRoot(`mkdir -p ${loot} && chown alice: ${loot} && chmod 777 ${loot}`);
const removeLoot = () => mustRoot(`rm -rf ${loot}`);
const open = "sh -c 'exec 3<>/fuse && echo opened'";
const number = async (line: string) => (await mustRoot(line)).trim();
/** One that alice is in. */
const group = () => number("id -G alice | cut -d' ' -f2");
const firstGroup = () => number('id -g alice');
const disk = /(?:^| )6(?: |$)/m;

const made = [
  'accounts',
  'first-number',
  'first-number-after-a-blank',
  'group-elsewhere',
  'numbers',
  'open-group',
  'member',
  'nodes',
  'watched',
  'large-passwd',
  'large-group',
  'odd-passwd',
  'many-ports',
  'in-proc',
  'in-proc-by-link',
];

async function makeImages(): Promise<void> {
  const uid = await number('id -u alice');
  const passwd = `echo member:x:${uid}:6::/: >>etc/passwd`;
  await importImage('accounts', { prepare: passwd });
  await importImage('numbers', { prepare: `echo ${await group()}:x:6: >>etc/group` });
  await importImage('first-number', { prepare: `echo ${await firstGroup()}:x:6: >>etc/group` });
  // A next line character: a blank for Go's TrimSpace, and none for JavaScript's trim.
  await importImage('first-number-after-a-blank', {
    prepare: `printf '\\302\\205%s:x:6:\\n' ${await firstGroup()} >>etc/group`,
  });
  await importImage('group-elsewhere', {
    prepare: 'rm etc/group; ln -s /home/alice/etc/group etc/group',
  });
  await importImage('open-group', { prepare: 'chmod 666 etc/group' });
  await importImage('member', {
    prepare: `echo member:x:${uid}:${uid}::/: >>etc/passwd; echo disk:x:6:member >>etc/group`,
    changes: ['USER member'],
  });
  await importImage('nodes', { prepare: 'mknod fuse c 10 229; chmod 666 fuse' });
  await importImage('watched', {
    prepare: 'mkdir -m 777 seen',
    changes: ['HEALTHCHECK --interval=100ms CMD id -u >/seen/uid; chmod 666 /seen/uid', 'USER 0'],
  });
  const fill = 'yes line:x:77:77::/: | head -c 2000000';
  await importImage('large-passwd', { prepare: `${fill} >>etc/passwd` });
  await importImage('large-group', { prepare: `${fill} >>etc/group` });
  await importImage('odd-passwd', { prepare: 'rm etc/passwd; mknod etc/passwd c 1 3' });
  await importImage('many-ports', { changes: ['EXPOSE 2000-2019/tcp'] });
  await importImage('in-proc', { changes: ['WORKDIR /proc/self/task'] });
  await importImage('in-proc-by-link', { prepare: 'ln -s /proc/self w', changes: ['WORKDIR /w/task'] });
}

const own: readonly Attack[] = [
  {
    id: 'setuid-program-of-an-image',
    who: 'alice',
    wants: 'a set-user-ID program of root’s on the host',
    prepare: openLoot,
    control: () =>
      tryDocker([
        'run',
        '--rm',
        `--volume=${loot}:/loot`,
        `--user=1000:1000`,
        'setuid',
        ...['su', '-c', 'cp /bin/busybox /loot/sh && chmod 4755 /loot/sh'],
      ]),
    attack: () =>
      as('alice', `sudo userdocker run setuid su -c 'cp /bin/busybox ${loot}/sh && chmod 4755 ${loot}/sh'`),
    reached: async () => (await asRoot(`test -u ${loot}/sh && test -O ${loot}/sh`)).status === 0,
    cleanUp: removeLoot,
  },
  {
    id: 'setuid-program-of-an-image-by-exec',
    who: 'alice',
    wants: 'to become root in a container that runs, by a setuid program in it',
    control: () =>
      byDocker(`run -d --name held ${asAlice} setuid sleep 300 && docker exec held su -c 'id -u'`),
    attack: () =>
      as(
        'alice',
        "sudo userdocker run -d --name held setuid sleep 300 && sudo userdocker exec held su -c 'id -u'",
      ),
    reached: prints(/^0$/m),
  },
  {
    id: 'setuid-program-below-the-data-root',
    inOneGo: true,
    who: 'alice',
    wants:
      'a setuid program of an image run outside of it, past all that confines containers (CVE-2021-41091)',
    prepare: () =>
      mustRoot(
        'chmod o+x /var/lib/docker; docker tag setuid localhost/alice/setuid; docker save setuid >/home/alice/setuid.tar; docker rmi localhost/alice/setuid; chown alice /home/alice/setuid.tar',
      ),
    control: async () =>
      runBelowDataRoot(
        await byDocker('load </home/alice/setuid.tar; docker run -d --name held setuid sleep 300'),
      ),
    spellings: ['run -d --name held setuid sleep 300', 'load <setuid.tar'],
    attack: async (words) => runBelowDataRoot(await byAlice(words)),
    reached: prints(/^0 4755\nit runs$/m),
    refused: /chmod o-x \/var\/lib\/docker/,
    cleanUp: () =>
      mustRoot(
        'chmod o-x /var/lib/docker /var/lib/docker/overlay2 /var/lib/docker/overlay2/*; rm /home/alice/setuid.tar',
      ),
  },
  {
    id: 'user-of-an-image',
    who: 'alice',
    wants: 'processes of root’s, because the image says USER 0',
    control: () => byDocker('run --rm forged id -u'),
    attack: () => byAlice('run forged id -u'),
    reached: prints(/^0$/m),
  },
  {
    id: 'group-of-the-user-in-an-image',
    who: 'alice',
    wants: 'the group disk, because the image’s /etc/passwd says that her number is in it',
    control: () => byDocker('run --rm --user=$(id -u alice) accounts id -g'),
    spellings: ['', '-u $(id -u)'],
    attack: (words) => byAlice(`run ${words} accounts id -g`),
    reached: prints(disk),
  },
  {
    id: 'group-called-by-a-number',
    who: 'alice',
    wants: 'the group disk, because a group of the image is called like the number of one of hers',
    control: async () => byDocker(`run --rm ${asAlice} --group-add ${await group()} numbers id -G`),
    attack: () => byAlice('run numbers id -G'),
    reached: prints(disk),
  },
  {
    // Without --group-add: runc before 1.3 itself looks the number of --user up.
    id: 'first-group-called-by-a-number',
    inOneGo: true,
    who: 'alice',
    wants: 'the group disk, because a group of the image is called like the number of her first one',
    spellings: ['first-number-after-a-blank', 'first-number'],
    control: (image) => byDocker(`run --rm ${asAlice} ${image} id -G`),
    attack: (image) => byAlice(`run ${image} id -G`),
    reached: prints(disk),
    refused: /number for its name/,
  },
  {
    id: 'group-file-mounted',
    inOneGo: true,
    who: 'alice',
    wants: 'the group disk, by an /etc/group of hers that she mounts',
    prepare: async () => as('alice', `mkdir etc; echo ${await firstGroup()}:x:6: | tee group >etc/group`),
    spellings: [
      '-v /home/alice/group:/etc/group',
      '-v /home/alice/etc:/etc',
      '--mount=type=bind,src=/home/alice/group,dst=/etc/group,ro',
      '-v /home/alice/group:/tmp/../etc//group',
    ],
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box id -G`),
    attack: (words) => {
      writeConfig({ volume_mounts: { available: ['${home}/**:'] } });
      return byAlice(`run ${words} box id -G`);
    },
    reached: prints(disk),
    refused: /groups of the container/,
    cleanUp: () => mustRoot('rm -rf /home/alice/etc /home/alice/group'),
  },
  {
    id: 'group-file-over-a-link',
    who: 'alice',
    wants: 'the group disk, because the image’s /etc/group is a link into her home',
    prepare: async () => as('alice', `mkdir etc; echo ${await firstGroup()}:x:6: >etc/group`),
    control: () => byDocker(`run --rm ${asAlice} -v /home/alice:/home/alice group-elsewhere id -G`),
    attack: () => byAlice('run group-elsewhere id -G'),
    reached: prints(disk),
    refused: /\/etc\/group is no plain file/,
    cleanUp: () => mustRoot('rm -rf /home/alice/etc'),
  },
  {
    id: 'group-written-from-inside',
    who: 'alice',
    wants: 'the group disk at the next exec, because the image leaves /etc/group open',
    control: async () => joinFromInside('docker', `${asAlice} --group-add ${await group()}`, asRoot),
    attack: () => joinFromInside('sudo userdocker', '', (line) => as('alice', line)),
    reached: prints(disk),
  },
  {
    id: 'groups-of-the-images-user',
    who: 'alice',
    wants: 'the supplementary groups that an image gives its USER (CVE-2022-36109)',
    control: () => byDocker('run --rm member id -G'),
    attack: () => byAlice('run member id -G'),
    reached: prints(disk),
  },
  {
    id: 'device-node-of-an-image',
    who: 'alice',
    wants: 'a device of the host by a node that the image brings along',
    control: () => byDocker(`run --rm ${asAlice} --device-cgroup-rule='c 10:229 rw' nodes ${open}`),
    attack: () => byAlice(`run nodes ${open}`),
    reached: prints(/opened/),
  },
  {
    id: 'health-check-of-an-image',
    who: 'alice',
    wants: 'a command of the image’s that docker itself runs as root, time and again',
    control: () => byDocker(`run -d --name held watched sleep 300; ${waitForCheck('docker')}`),
    attack: () =>
      as('alice', `sudo userdocker run -d --name held watched sleep 300; ${waitForCheck('sudo userdocker')}`),
    reached: prints(/^0$/m),
  },
  {
    id: 'name-by-the-images-environment',
    who: 'alice',
    wants: 'to pass for bob with programs that believe USERDOCKER_USER',
    control: () => byDocker("run --rm forged sh -c 'echo $USERDOCKER_USER'"),
    attack: () => byAlice("run forged sh -c 'echo $USERDOCKER_USER'"),
    reached: prints(/bob/),
  },
  {
    id: 'accounts-of-megabytes',
    inOneGo: true,
    who: 'alice',
    wants: 'dockerd to read an /etc/passwd that fills its memory, for all users',
    control: (image) => byDocker(`run --rm ${asAlice} ${image} echo taken`),
    spellings: ['large-passwd', 'large-group', 'odd-passwd'],
    attack: (image) => byAlice(`run ${image} echo taken`),
    reached: prints(/taken/),
    refused: /is larger than|is no file/,
  },
  {
    id: 'ports-of-an-image',
    inOneGo: true,
    who: 'alice',
    wants: 'more ports of the host than limits.ports says, by -P',
    control: () => byDocker('run -d --name taken -P many-ports sleep 300'),
    spellings: ['-P', '--publish-all', '-itP', '--publish-all=1'],
    attack: (words) => byAlice(`run -d --name taken ${words} many-ports sleep 300`),
    reached: engineSays('taken', '(len .NetworkSettings.Ports)', /^(?:1[7-9]|[2-9]\d)$/),
    refused: /limits\.ports|at most|16/,
  },
  {
    id: 'working-directory-of-an-image-in-proc',
    inOneGo: true,
    who: 'alice',
    wants: 'to start in /proc, from where a descriptor can lead out of the container (CVE-2024-21626)',
    control: (image) => byDocker(`run --rm ${asAlice} ${image} pwd -P`),
    spellings: ['in-proc', 'in-proc-by-link'],
    attack: (image) => byAlice(`run ${image} pwd -P`),
    reached: prints(/^\/proc/),
    refused: /working directory/,
  },
  {
    id: 'image-by-another-name',
    inOneGo: true,
    who: 'alice',
    wants: 'an image that the policy does not allow, by a name that its list does not know',
    control: async (name) => byDocker(`run --rm ${await spelled(name)} echo taken`),
    spellings: [
      'ID',
      'SHORT',
      'sha256:ID',
      'forged:latest',
      'library/forged',
      'docker.io/library/forged',
      'index.docker.io/library/forged:latest',
      'box@sha256:ID',
      'sha256:SHORT',
      'forged:LATEST',
    ],
    attack: async (name) => {
      writeConfig({ images: { allowed: ['box:latest'], pull: 'never' } });
      return byAlice(`run ${await spelled(name)} echo taken`);
    },
    reached: prints(/taken/),
    refused: /denied/,
  },
  {
    id: 'option-as-an-image',
    inOneGo: true,
    who: 'alice',
    wants: 'an option where the wrapper expects the name of an image',
    prepare: () =>
      mustRoot('mkdir -p /srv/closed/inner; chmod 700 /srv/closed; echo secret >/srv/closed/inner/file'),
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box cat /x/file`),
    spellings: [
      '-v/srv/closed/inner:/x',
      '--volume=/srv/closed/inner:/x',
      '--mount=type=bind,src=/srv/closed/inner,dst=/x',
    ],
    attack: (words) => byAlice(`run -- ${words} box cat /x/file`),
    reached: prints(/secret/),
    refused: /denied/,
    cleanUp: () => mustRoot('rm -r /srv/closed'),
  },
];

export const images: Area = {
  title: 'what an image brings along',
  before: makeImages,
  after: () => docker(['rmi', '--force', ...made]),
  attacks: own,
};

async function runBelowDataRoot(before: Awaited<ReturnType<typeof byDocker>>) {
  // As engines before 20.10.9 leave them, and as if somebody had told her the layer's name.
  await mustRoot('chmod o+x /var/lib/docker/overlay2 /var/lib/docker/overlay2/*');
  const layer = JSON.parse(await inspect('setuid', '.GraphDriver.Data.UpperDir'));
  return before.status === 0
    ? as('alice', `stat -c '%u %a' ${layer}/bin/busybox; ${layer}/bin/busybox echo it runs`)
    : before;
}

function joinFromInside(docker: string, options: string, shell: typeof asRoot): ReturnType<typeof asRoot> {
  return shell(
    `${docker} run -d --name open ${options} open-group sleep 300
     for number in $(id -G alice); do ${docker} exec open sh -c "echo $number:x:6: >>/etc/group"; done
     ${docker} exec open id -G`,
  );
}

const waitForCheck = (docker: string) =>
  `for i in 1 2 3 4 5 6 7 8; do ${docker} exec held cat /seen/uid && break; sleep 0.2; done`;

async function spelled(name: string): Promise<string> {
  const id = JSON.parse(await inspect('forged', '.Id')).slice('sha256:'.length);
  return name.replace('ID', id).replace('SHORT', id.slice(0, 12));
}
