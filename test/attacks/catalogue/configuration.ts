import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { resetConfig, writeConfig } from '../../e2e/support/config.ts';
import { mustUserdocker, userdocker } from '../../e2e/support/userdocker.ts';
import { asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { isLooted, loot, takeLoot } from '../support/loot.ts';

const etc = '/etc/userdocker';
const file = `${etc}/config.yaml`;
/** What alice would like to be allowed. */
const generous = 'args: {run: {available+: [--privileged]}}\n';
const uid = 1001;

const spoil: { readonly [how: string]: () => unknown } = {
  'writable by all': () => chmodSync(file, 0o666),
  'writable by its group': () => chmodSync(file, 0o664),
  'another’s': () => chownSync(file, uid, 0),
  'in a directory that all can write': () => chmodSync(etc, 0o777),
  'in a directory of another’s': () => chownSync(etc, uid, 0),
  'a link to a file of another’s': () => {
    writeFileSync('/home/alice/mine.yaml', generous);
    rmSync(file);
    symlinkSync('/home/alice/mine.yaml', file);
  },
  'a layer in a directory of another’s': () => {
    resetConfig();
    mkdirSync(`${etc}/user`);
    writeFileSync(`${etc}/user/config_alice.yaml`, generous);
    chownSync(`${etc}/user`, uid, 0);
  },
  'a layer of another’s': () => {
    resetConfig();
    mkdirSync(`${etc}/user`);
    writeFileSync(`${etc}/user/config_alice.yaml`, generous);
    chownSync(`${etc}/user/config_alice.yaml`, uid, 0);
  },
  'a link for a whole directory of layers': () => {
    resetConfig();
    mkdirSync('/home/alice/layers', { recursive: true });
    writeFileSync('/home/alice/layers/config_alice.yaml', generous);
    symlinkSync('/home/alice/layers', `${etc}/user`);
  },
};

const cleanConfig = async () => {
  await mustRoot(
    `rm -rf ${file} ${etc}/user ${etc}/group /home/alice/mine.yaml /home/alice/layers; chown root:root ${etc}; chmod 755 ${etc}`,
  );
  resetConfig();
};

/** A restriction that is lost: alice’s run is refused with it, and works without. */
const runs = () => userdocker('alice', 'run box echo it ran');
const ran: Attack['reached'] = ({ stdout }) => stdout.includes('it ran');

/** A program that root is to execute, where alice can put it; in the control run, root’s alone. */
function program(attack: {
  readonly id: string;
  readonly wants: string;
  readonly configure: (path: string) => void;
  readonly call: string;
}): Attack {
  const { id, wants, configure, call } = attack;
  const put = () =>
    mustRoot(`rm -rf /opt/place; mkdir -p /opt/place; printf '#!/bin/sh\\n${takeLoot}\\n' >/opt/place/program
      chmod 755 /opt/place/program; ln -s /opt/place/program /opt/link; cp /opt/place/program /home/alice/program; chown alice: /home/alice/program`);
  const how: { readonly [way: string]: readonly [string, string] } = {
    'writable by all': ['chmod 777 /opt/place/program', '/opt/place/program'],
    'in a directory that all can write': ['chmod 777 /opt/place', '/opt/place/program'],
    'another’s': [`chown ${uid} /opt/place/program`, '/opt/place/program'],
    'behind a link': ['chmod 777 /opt/place/program', '/opt/link'],
    'in a home': [':', '/home/alice/program'],
  };
  return {
    id,
    wants,
    who: 'alice',
    prepare: put,
    control: () => {
      configure('/opt/place/program');
      return userdocker('alice', call);
    },
    spellings: Object.keys(how),
    attack: async (way) => {
      const [line = '', path = ''] = how[way] ?? [];
      await mustRoot(line);
      configure(path);
      return userdocker('alice', call);
    },
    reached: isLooted,
    status: 78,
    refused: /File: /,
    cleanUp: async () => {
      await mustRoot(`rm -rf /opt/place /opt/link /home/alice/program ${loot}`);
      await cleanConfig();
    },
  };
}

export const configuration: Area = {
  title: 'configuration and what it names',
  attacks: [
    {
      id: 'configuration-that-others-can-write',
      who: 'alice',
      wants: 'a policy of her own: --privileged',
      prepare: async () => writeConfig(generous),
      control: () => userdocker('alice', '-n run --privileged box'),
      spellings: Object.keys(spoil),
      attack: async (how) => {
        await mustRoot(`[ $(id -u alice) = ${uid} ]`);
        spoil[how]?.();
        return userdocker('alice', '-n run --privileged box');
      },
      reached: ({ stdout }) => stdout.includes('--privileged'),
      status: 78,
      refused: /File: \/etc\/userdocker/,
      cleanUp: cleanConfig,
    },
    {
      id: 'restriction-with-a-typing-error',
      who: 'alice',
      wants: 'a container though an admin has forbidden it, in words that are not quite right',
      // Whoever skips what it does not know takes these files for empty ones.
      control: runs,
      spellings: [
        'limit: {containers: 0}',
        'limits: {container: 0}',
        'limits: {containers: none}',
        'limits: {containers: 0',
        'allowed_subcommands-: [runs]\nimages: {allow: []}',
        'images: {allowed: ["("]}',
        'limits: {containers: 0}\nlimits: {}',
        '- limits: {containers: 0}',
      ],
      attack: (text) => {
        writeConfig(text);
        return runs();
      },
      reached: ran,
      status: 78,
      refused: /an error: nothing can be run/,
      cleanUp: cleanConfig,
    },
    {
      id: 'restriction-in-a-layer-of-another-ending',
      who: 'alice',
      wants: 'a container though a second file of the same layer forbids it',
      control: runs,
      spellings: ['config.yml', 'config.json'],
      attack: (name) => {
        writeFileSync(`${etc}/${name}`, '{"limits": {"containers": 0}}');
        return runs();
      },
      reached: ran,
      status: 78,
      refused: /File: /,
      cleanUp: cleanConfig,
    },
    {
      id: 'group-that-no-directory-tells-of',
      who: 'alice',
      wants: 'to be rid of a group’s restriction while the directory service is down',
      prepare: async () => {
        await mustRoot(`cp /etc/nsswitch.conf /run/nsswitch; groupadd -f theory; usermod -aG theory alice`);
        writeConfig({ limits: { containers: 0 } }, 'group/config_10_theory');
        // The directory is down: neither the group nor who is in it can be known.
        await mustRoot('gpasswd -d alice theory; groupdel theory');
      },
      // Where groups come from files alone, a group that is not there is no failure.
      control: runs,
      attack: async () => {
        await mustRoot("sed -i 's/^group:.*/group: files extrausers/' /etc/nsswitch.conf");
        return runs();
      },
      reached: ran,
      status: 69,
      refused: /a directory service may be down/,
      cleanUp: async () => {
        await mustRoot('cp /run/nsswitch /etc/nsswitch.conf');
        await cleanConfig();
      },
    },
    {
      id: 'policy-of-another-user-from-the-cache',
      who: 'alice',
      wants: 'bob’s policy: what was read for him is kept, and taken for hers',
      prepare: async () => writeConfig(generous, 'user/config_bob'),
      control: async () => {
        writeConfig(generous, 'user/config_alice');
        return userdocker('alice', '-n run --privileged box');
      },
      spellings: ['bob’s', 'bob’s, writable by all', 'bob’s, her own'],
      attack: async (what) => {
        await mustUserdocker('bob', '-n run --privileged box');
        await mustRoot('sleep 2.1');
        await mustUserdocker('bob', '-n run --privileged box');
        const hers = '/run/userdocker/policies/$(id -u alice)';
        await mustRoot(`cp /run/userdocker/policies/$(id -u bob) ${hers}`);
        if (what.includes('writable')) await mustRoot(`chmod 666 ${hers}`);
        if (what.includes('her own')) await mustRoot(`chown alice ${hers}`);
        return userdocker('alice', '-n run --privileged box');
      },
      reached: ({ stdout }) => stdout.includes('--privileged'),
      refused: /--privileged/,
      cleanUp: cleanConfig,
    },
    program({
      id: 'executor-that-others-can-change',
      wants: 'a program of hers in docker’s place, run as root',
      configure: (path) => writeConfig({ executors: { docker: path } }),
      call: 'version',
    }),
    program({
      id: 'nvidia-smi-that-others-can-change',
      wants: 'a program of hers in the place of nvidia-smi, run as root',
      configure: (path) => writeConfig({ nvidia: { smi: path } }),
      call: '--executor=nvidia-docker run box true',
    }),
    {
      id: 'client-settings-that-others-can-change',
      who: 'alice',
      wants: 'a credential helper of hers, run as root',
      prepare: () =>
        mustRoot(`mkdir -p /opt/place; echo '{"credsStore":"evil"}' >/opt/place/config.json
          printf '#!/bin/sh\\n${takeLoot}\\n' >/usr/bin/docker-credential-evil; chmod 755 /usr/bin/docker-credential-evil`),
      control: () => {
        writeConfig({ docker_config: '/opt/place' });
        return asRoot('timeout 10 sudo -u alice sudo userdocker pull example.org/x:1');
      },
      spellings: [
        'chmod 777 /opt/place',
        `chown ${uid} /opt/place`,
        'mv /opt/place /tmp/place; ln -s /tmp/place /opt/place',
      ],
      attack: async (line) => {
        await mustRoot(line);
        writeConfig({ docker_config: '/opt/place' });
        return userdocker('alice', 'pull example.org/x:1');
      },
      reached: isLooted,
      status: 78,
      refused: /File: \/opt\/place/,
      cleanUp: async () => {
        await mustRoot(`rm -rf /opt/place /tmp/place /usr/bin/docker-credential-evil ${loot}`);
        await cleanConfig();
      },
    },
    {
      id: 'ownership-notes-that-others-can-write',
      who: 'bob',
      wants: 'to enter alice’s container, by a note that says it is his',
      prepare: async () => {
        await mustUserdocker('alice', 'run -d --name hers box sleep 100');
        await mustUserdocker('bob', 'run box true');
      },
      control: async () => {
        await copyNotes();
        return userdocker('bob', 'exec hers echo it ran');
      },
      spellings: [
        'chmod 777 /var/lib/userdocker',
        'chmod 777 /var/lib/userdocker/containers',
        'chmod 777 /var/lib/userdocker/containers/$(id -u bob)',
        'chown bob /var/lib/userdocker/containers/$(id -u bob)',
      ],
      attack: async (line) => {
        await mustRoot(line);
        await copyNotes();
        return userdocker('bob', 'exec hers echo it ran');
      },
      reached: ran,
      status: 78,
      refused: /File: \/var\/lib\/userdocker/,
      cleanUp: () =>
        mustRoot(
          'd=/var/lib/userdocker; rm -rf $d/containers/$(id -u bob); chmod 700 $d $d/containers; chown -R root:root $d',
        ),
    },
  ],
};

/** As somebody could who can write there. */
const copyNotes = () => mustRoot('cd /var/lib/userdocker/containers; cp -p $(id -u alice)/* $(id -u bob)/');
