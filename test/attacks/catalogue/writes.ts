/** What root makes on the host by itself, while it starts a container. */
import { writeConfig } from '../../e2e/support/config.ts';
import { docker, tryDocker } from '../../e2e/support/engine.ts';
import { importImage } from '../../e2e/support/images.ts';
import { mustUserdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustAs, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byDocker, onHost } from '../support/ways.ts';

const home = '-v /home/alice:/home/alice';
/** Mounted to be written by those who may; alice may not. */
const team = '-v /srv/team:/team';
const offer = () => writeConfig({ volume_mounts: { 'available+': ['/srv/**:', '${home}/**:'] } });

/** With alice's home where it is, as userdocker mounts it. */
function makes(
  attack: Pick<Attack, 'id' | 'wants'> &
    Partial<Pick<Attack, 'prepare' | 'spellings' | 'refused'>> & {
      readonly made: string;
      readonly image?: string;
    },
): Attack {
  const { made, image = 'box', ...rest } = attack;
  return {
    refused: /docker would make it as root|does not exist/,
    inOneGo: true,
    ...rest,
    who: 'alice',
    control: (words) =>
      byDocker(`run --rm ${asAlice} ${home} ${words.replaceAll('$HOME', '/home/alice')} ${image} true`),
    attack: (words) => {
      offer();
      return byAlice(`run ${words} ${image} true`);
    },
    reached: onHost(`-e ${made} -a -O ${made}`),
    cleanUp: () => mustRoot('find /home/alice -mindepth 1 -delete; rm -rf /srv/team/*'),
  };
}

/** Where the policy offers cp: `mine` is her own container, started by userdocker, with a mount that she may not write. */
function copies(attack: Pick<Attack, 'id' | 'wants' | 'spellings' | 'reached'>): Attack {
  return {
    ...attack,
    who: 'alice',
    inOneGo: true,
    prepare: async () => {
      writeConfig({
        'allowed_subcommands+': ['cp'],
        volume_mounts: { default: [], 'available+': ['/srv/team:/team'] },
      });
      await mustRoot('echo of root >/srv/team/secret; chmod 600 /srv/team/secret');
      await mustAs(
        'alice',
        'echo mine >file; ln -s /srv/team over; mkdir in; echo mine >in/made; tar cf archive -C in made',
      );
      await mustUserdocker('alice', `run --detach --name mine ${team} box sleep 300`);
      await mustUserdocker('alice', "exec mine sh -c 'echo mine >/tmp/made'");
    },
    control: (words) => asRoot(`cd /home/alice; exec /usr/bin/docker cp ${words}`),
    attack: (words) => byAlice(`cp ${words}`),
    cleanUp: () =>
      mustRoot('rm -rf /srv/team/* /home/alice/file /home/alice/over /home/alice/in /home/alice/archive'),
  };
}

const asked: readonly Attack[] = [
  makes({
    id: 'source-made-by-root',
    wants: 'a directory of root’s where there was none, as the source of a mount',
    spellings: [
      '-v $HOME/made:/x',
      '--volume=$HOME/made:/x:ro',
      '-v $HOME/made/deeper:/x',
      '-v /srv/team/made:/x',
    ],
    made: '/home/alice/made',
  }),
  makes({
    id: 'target-made-by-root',
    wants: 'a directory of root’s in her home, as the target of a mount',
    spellings: [
      '-v /srv/team:$HOME/made',
      '-v /srv/team:$HOME/made/deeper:ro',
      '--mount type=bind,src=/srv/team,dst=/home/alice/made',
      '-v /srv/team:/x/../home/alice/made',
    ],
    made: '/home/alice/made',
  }),
  makes({
    id: 'tmpfs-made-by-root',
    wants: 'a directory of root’s in her home, as the target of a tmpfs',
    spellings: [
      '--tmpfs $HOME/made',
      '--mount type=tmpfs,dst=/home/alice/made',
      '--tmpfs /home/alice/../alice/made',
    ],
    made: '/home/alice/made',
  }),
  makes({
    id: 'working-directory-made-by-root',
    wants: 'a directory of root’s in her home, as the working directory',
    spellings: [
      '-w $HOME/made',
      '--workdir=$HOME/made/deeper',
      '-w/home/alice/made',
      '-w /home/./alice/made/',
      '-w /tmp/../home/alice/made',
    ],
    made: '/home/alice/made',
  }),
  makes({
    id: 'file-made-by-root',
    wants: 'a file of root’s in her home, as the target of a file',
    prepare: () => mustRoot('echo text >/srv/team/text'),
    spellings: ['-v /srv/team/text:$HOME/made', '--mount type=bind,src=/srv/team/text,dst=/home/alice/made'],
    made: '/home/alice/made',
  }),
  makes({
    id: 'engines-files-made-by-root',
    wants: 'the files that docker itself mounts in /etc, in a directory of hers',
    prepare: () => as('alice', 'mkdir etc'),
    spellings: [
      '-v $HOME/etc:/etc',
      '--mount type=bind,src=/home/alice/etc,dst=/etc',
      '-v $HOME/etc:/x/../etc',
    ],
    made: '/home/alice/etc/hosts',
    refused: /denied/,
  }),
  {
    id: 'directory-made-over-a-link',
    inOneGo: true,
    who: 'alice',
    wants: 'a directory where only root can write, by a rule that makes what is missing and a link of hers',
    prepare: () => as('alice', 'ln -s /srv/team made'),
    spellings: ['-v $HOME/made/new:/x', '-v $HOME/made/new/deeper:/x'],
    control: () => byDocker('run --rm -v /home/alice/made/new:/x box true'),
    attack: (words) => {
      writeConfig({ volume_mounts: { 'available+': [{ mount: '${home}/**:', create: true }] } });
      return byAlice(`run ${words} box true`);
    },
    reached: onHost('-e /srv/team/new'),
    refused: /denied/,
    cleanUp: () => mustRoot('rm -rf /home/alice/made /srv/team/new'),
  },
  {
    id: 'file-copied-by-root',
    inOneGo: true,
    who: 'alice',
    wants: 'a file of hers where only root can write, by docker cp through a mount',
    prepare: async () => {
      await as('alice', 'echo mine >file');
      await docker(['run', '--detach', '--name', 'mine', '--volume=/srv/team:/team', 'box', 'sleep', '300']);
    },
    spellings: [
      'cp /home/alice/file mine:/team/made',
      'container cp /home/alice/file mine:/team/made',
      'cp - mine:/team </home/alice/file',
      'cp -a /home/alice/file mine:/team/made',
    ],
    control: (words) => byDocker(words),
    attack: (words) => byAlice(words),
    reached: onHost('-e /srv/team/made'),
    refused: /cp|container/,
    cleanUp: () => mustRoot('rm -rf /srv/team/made /home/alice/file'),
  },
  copies({
    id: 'file-copied-into-a-mount',
    wants: 'a file of hers where only root can write, by cp through a mount, where the policy offers cp',
    spellings: ['/home/alice/file mine:/team/made', 'file mine:team/made', '- mine:/team <archive'],
    reached: onHost('-e /srv/team/made'),
  }),
  copies({
    id: 'file-copied-to-where-only-root-writes',
    wants: 'a file of hers where only root can write, by cp out of her container',
    spellings: ['mine:/tmp/made /srv/team/made', 'mine:/tmp/made over/made', 'mine:/tmp/. over'],
    reached: onHost('-e /srv/team/made'),
  }),
  copies({
    id: 'secret-copied-into-a-container',
    wants: 'a file that only root can read, by cp into her container',
    spellings: ['/srv/team/secret mine:/tmp/secret', 'over/secret mine:/tmp/', '/srv/team/. mine:/tmp'],
    reached: async () =>
      (await tryDocker(['exec', '--user=0', 'mine', 'cat', '/tmp/secret'])).stdout.includes('of root'),
  }),
];

const brought: readonly Attack[] = [
  makes({
    id: 'working-directory-of-an-image-made-by-root',
    wants: 'a directory of root’s in her home, as an image’s WORKDIR',
    image: 'works-there',
    made: '/home/alice/made',
  }),
  makes({
    id: 'volume-of-an-image-made-by-root',
    wants: 'a directory of root’s in her home, as an image’s VOLUME',
    image: 'volume-there',
    made: '/home/alice/made',
  }),
  makes({
    id: 'working-directory-over-an-images-link',
    wants: 'a directory of root’s in her home, as a WORKDIR that leads there over a link',
    image: 'works-over-a-link',
    made: '/home/alice/made',
  }),
  makes({
    id: 'target-over-an-images-link',
    wants: 'a directory of root’s in her home, as a target that a link of the image leads there',
    image: 'links',
    spellings: [
      // Deeper than her home, so that docker mounts it later; of two that are as deep, now one comes first and now the other.
      '-v /srv/team:/to-home/made/below',
      '-v /srv/team:/to-home/made',
      '--tmpfs /to-home/made',
      '-w /to-home/made',
      '-v /srv/team:/to-home/deep/../made',
    ],
    made: '/home/alice/made',
  }),
];

/** It makes the link when it is told to stop, or at once. */
const swap = 'mv /w/x /w/y; ln -s /team /w/x';
const later: readonly Attack[] = [
  {
    id: 'link-made-while-it-stops',
    who: 'alice',
    wants:
      'a directory where only root can write, by a link that her container makes while restart waits for it',
    spellings: ['restart -t 3 mine', 'restart mine'],
    control: (words) =>
      byDocker(
        `run -d --name mine ${asAlice} ${team} swaps sh -c '${whenStopped}'; sleep 0.3; docker ${words}`,
      ),
    attack: (words) => {
      offer();
      return as(
        'alice',
        `sudo userdocker run -d --name mine ${team} swaps sh -c '${whenStopped}'; sleep 0.3; sudo userdocker ${words}`,
      );
    },
    reached: onHost('-e /srv/team/new'),
    refused: /own processes could have put a link/,
    cleanUp: () => mustRoot('rm -rf /srv/team/*'),
  },
  {
    id: 'link-made-before-it-starts-again',
    who: 'alice',
    wants: 'the same by start, with a container that stays when it ends',
    control: () => byDocker(`run --name mine ${asAlice} ${team} swaps sh -c '${swap}'; docker start -a mine`),
    attack: () => {
      writeConfig({ args: { run: { 'always-': ['--rm'] } }, volume_mounts: { 'available+': ['/srv/**:'] } });
      return as(
        'alice',
        `sudo userdocker run --name mine ${team} swaps sh -c '${swap}'; sudo userdocker start -a mine`,
      );
    },
    reached: onHost('-e /srv/team/new'),
    refused: /could have put a link|would make it as root/,
    cleanUp: () => mustRoot('rm -rf /srv/team/*'),
  },
  {
    id: 'link-made-in-a-volume',
    who: 'alice',
    wants: 'the same by a link in a volume of the image’s, which is in no layer',
    control: () =>
      byDocker(`run --name mine ${asAlice} ${team} swaps-in-volume sh -c '${swap}'; docker start -a mine`),
    attack: () => {
      writeConfig({ args: { run: { 'always-': ['--rm'] } }, volume_mounts: { 'available+': ['/srv/**:'] } });
      return as(
        'alice',
        `sudo userdocker run --name mine ${team} swaps-in-volume sh -c '${swap}'; sudo userdocker start -a mine`,
      );
    },
    reached: onHost('-e /srv/team/new'),
    refused: /could have put a link/,
    cleanUp: () => mustRoot('rm -rf /srv/team/*'),
  },
  {
    id: 'link-that-no-engine-shows',
    who: 'alice',
    wants: 'the same on an engine that does not show the files of its images',
    prepare: startOther,
    control: () =>
      byDocker(`-H unix:///run/other.sock run --rm --network=none ${asAlice} ${team} works-in-team true`),
    attack: () => {
      writeConfig({ docker_host: 'unix:///run/other.sock', volume_mounts: { 'available+': ['/srv/**:'] } });
      return byAlice(`run --network=none ${team} works-in-team true`);
    },
    reached: onHost('-e /srv/team/new'),
    refused: /does not show what links the image has/,
    cleanUp: () =>
      mustRoot(
        'kill $(cat /run/other.pid); while [ -e /run/other.pid ]; do sleep 0.1; done; rm -rf /srv/team/* /var/lib/docker-other',
      ),
  },
];

const whenStopped = `trap "${swap}; exit" TERM; while :; do sleep 0.1; done`;

/** Beside the engine of all tests: one whose storage is directories, of which it tells nothing. */
function startOther(): Promise<string> {
  return mustRoot(`dockerd -H unix:///run/other.sock --data-root /var/lib/docker-other --exec-root /run/docker-other \\
      --pidfile /run/other.pid --storage-driver vfs --bridge none --iptables=false >/var/log/other.log 2>&1 </dev/null &
    for i in $(seq 100); do docker -H unix:///run/other.sock version >/dev/null 2>&1 && break; sleep 0.1; done
    docker save works-in-team | docker -H unix:///run/other.sock load`);
}

const made = [
  'works-there',
  'volume-there',
  'works-over-a-link',
  'links',
  'swaps',
  'swaps-in-volume',
  'works-in-team',
];

export const writes: Area = {
  title: 'what root makes on the host',
  before: async () => {
    await mustRoot('mkdir -m 755 /srv/team');
    await importImage('works-there', { changes: ['WORKDIR /home/alice/made'] });
    await importImage('volume-there', { changes: ['VOLUME /home/alice/made'] });
    await importImage('works-over-a-link', { prepare: 'ln -s /home/alice w', changes: ['WORKDIR /w/made'] });
    await importImage('links', { prepare: 'ln -s /home/alice to-home' });
    const open = 'mkdir -p w/x; chmod 777 w w/x';
    await importImage('swaps', { prepare: open, changes: ['WORKDIR /w/x/new'] });
    await importImage('swaps-in-volume', { prepare: open, changes: ['WORKDIR /w/x/new', 'VOLUME /w'] });
    await importImage('works-in-team', { prepare: 'ln -s /team w', changes: ['WORKDIR /w/new'] });
  },
  after: async () => {
    await docker(['rmi', '--force', ...made]);
    await mustRoot('rm -rf /srv/team');
  },
  attacks: [...asked, ...brought, ...later],
};
