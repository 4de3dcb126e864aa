import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditRecords } from '../../e2e/support/audit.ts';
import { userdockerProgram } from '../../e2e/support/processes.ts';
import { as, asRoot, mustRoot, type User } from '../../e2e/support/users.ts';
import type { Area } from '../support/attack.ts';
import { clearTraps, setTraps, trap } from '../support/loot.ts';
import { installNaive, naive, naiveLog, naively, removeNaive } from '../support/naive.ts';

const launcher = '/usr/local/bin/userdocker';
const admins = '/etc/sudoers.d/admins';
const uidOf = async (user: User) => (await mustRoot(`id -u ${user}`)).trim();

/** A machine on which sudo keeps the environment, for whatever reason its admin had. */
const keepEverything = () =>
  writeFileSync(
    admins,
    'Defaults !env_reset, setenv, !secure_path\nDefaults env_keep += "PATH LD_DEBUG LD_DEBUG_OUTPUT BUN_OPTIONS BASH_ENV"\n',
    { mode: 0o440 },
  );

/** Root's files below, as far as others can read or write them. */
function openFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => (statSync(file).mode & 0o077) !== 0);
}

/** Containers that nobody wrote down: the call's output says that it ran. */
const ranUnrecorded = (before: number) => (stdout: string) =>
  stdout.includes('it ran') && auditRecords().length === before;
let recordsBefore = 0;
const countRecords = async () => {
  recordsBefore = auditRecords().length;
};

export const sudo: Area = {
  title: 'how sudo starts it, and who does without',
  attacks: [
    {
      id: 'sudo-that-keeps-the-environment',
      who: 'alice',
      wants: 'files of root’s in a place of alice’s choice, through an admin’s `Defaults !env_reset`',
      prepare: async () => {
        keepEverything();
        await setTraps();
      },
      control: () => naively('alice', `sudo LD_DEBUG=libs LD_DEBUG_OUTPUT=${trap}/tmp/loader ${naive} ps`),
      spellings: ['sudo NAMES', 'NAMES sudo', 'NAMES sudo -E'],
      attack: (way) => {
        const names = `LD_DEBUG=libs LD_DEBUG_OUTPUT=${trap}/tmp/loader BASH_ENV=${trap}/evil BUN_OPTIONS=--preload=${trap}/evil.js`;
        return as(
          'alice',
          `${way.replace('NAMES', `/usr/bin/env ${names}`)} userdocker -n run box`.replace(
            'sudo /usr/bin/env',
            'sudo',
          ),
        );
      },
      reached: async () => (await mustRoot(`find ${trap} /run/loot -user root 2>/dev/null || true`)) !== '',
      cleanUp: async () => {
        rmSync(admins);
        await clearTraps();
        removeNaive();
      },
    },
    {
      id: 'no-room-for-the-record',
      who: 'alice',
      wants: 'a container that runs without a record of it',
      prepare: countRecords,
      control: async (limit) => {
        installNaive();
        rmSync(naiveLog, { force: true });
        const outcome = await asRoot(`${limit}; ${naive} run --rm box echo it ran`);
        return {
          ...outcome,
          stdout: existsSync(naiveLog) && statSync(naiveLog).size > 0 ? '' : outcome.stdout,
        };
      },
      spellings: [
        "trap '' XFSZ; ulimit -f 0",
        "trap '' XFSZ; ulimit -S -f 0",
        "trap '' XFSZ PIPE USR1; ulimit -S -f 0; ulimit -S -n 20",
      ],
      attack: (limit) => as('alice', `${limit}; exec sudo userdocker run box echo it ran`),
      reached: ({ stdout }) => ranUnrecorded(recordsBefore)(stdout),
      cleanUp: async () => removeNaive(),
    },
    {
      id: 'umask-of-the-user',
      who: 'bob',
      wants: 'to read what root has written down of others',
      prepare: () => mustRoot('rm -f /var/log/userdocker/audit.jsonl; rm -rf /run/userdocker'),
      control: async () => {
        removeNaive();
        installNaive();
        await asRoot(`umask 0; ${naive} ps`);
        return as('bob', `cat ${naiveLog}`);
      },
      spellings: ['umask 0', 'umask 002', 'umask 777'],
      attack: async (umask) => {
        await as('alice', `${umask}; exec sudo userdocker run box true`);
        return as('bob', 'cat /var/log/userdocker/audit.jsonl');
      },
      reached: ({ stdout }) =>
        stdout !== '' || [...openFiles('/var/log/userdocker'), ...openFiles('/run/userdocker')].length > 0,
      cleanUp: async () => removeNaive(),
    },
    {
      id: 'log-opened-as-standard-output',
      who: 'alice',
      wants: 'lines of her own in a log of root’s: with 1 closed, the next file opened is standard output',
      control: (closed) =>
        asRoot(
          `busybox awk 'BEGIN { print "record" >> "${naiveLog}"; print "forged" }' ${closed}; grep forged ${naiveLog}`,
        ),
      spellings: ['>&-', '2>&-', '>&- 2>&-', '<&- >&- 2>&-'],
      attack: async (closed) => {
        await asRoot(
          `export SUDO_UID=$(id -u alice) SUDO_GID=$(id -g alice); ${launcher} run box sh -c 'echo forged; echo forged >&2' ${closed}`,
        );
        return asRoot("grep -v '^{.*}$' /var/log/userdocker/audit.jsonl");
      },
      reached: ({ stdout }) => stdout.includes('forged'),
      cleanUp: async () => removeNaive(),
    },
    {
      id: 'root-by-doas-or-pkexec',
      who: 'alice',
      wants: 'to be judged as root: they leave no SUDO_UID behind',
      control: () => asRoot(`env -i ${launcher} -n run box`),
      spellings: [
        'DOAS_USER=alice',
        'DOAS_USER=',
        'PKEXEC_UID=1000',
        'SUDO_COMMAND=/bin/sh',
        'SUDO_USER=alice',
        'SUDO_GID=0',
        'SUDO_UID=0',
      ],
      attack: (variable) => asRoot(`env -i '${variable}' ${launcher} -n run box`),
      reached: ({ stdout }) => stdout.includes('USERDOCKER_USER=root'),
      refused: /it is not known who calls|SUDO_/,
    },
    {
      id: 'program-behind-the-launcher',
      who: 'mallory',
      wants: 'to be root for the program, by variables that only sudo may set',
      control: () => asRoot(`env -i SUDO_UID=0 SUDO_GID=0 SUDO_USER=root ${launcher} -n run box`),
      spellings: [
        'SUDO_UID=0 SUDO_GID=0',
        'SUDO_UID=0 SUDO_GID=0 SUDO_USER=root SUDO_COMMAND=x',
        'USER=root LOGNAME=root HOME=/root',
      ],
      attack: (names) => as('mallory', `env ${names} ${userdockerProgram} -n run box`),
      reached: ({ stdout }) => stdout.includes('docker run'),
    },
    {
      id: 'set-user-id-copy-of-the-program',
      who: 'mallory',
      wants: 'docker without sudo, by a set-user-ID program that somebody has left',
      control: async () => {
        await mustRoot('install -m 4755 /usr/bin/docker /usr/local/lib/userdocker/copy');
        return as('mallory', '/usr/local/lib/userdocker/copy ps');
      },
      spellings: ['4755', '2755', '6755'],
      attack: async (mode) => {
        await mustRoot(`install -m ${mode} ${userdockerProgram} /usr/local/lib/userdocker/copy`);
        return as('mallory', 'env SUDO_UID=0 SUDO_GID=0 /usr/local/lib/userdocker/copy ps');
      },
      reached: ({ stdout }) => stdout.includes('CONTAINER ID'),
      refused: /setuid or setgid/,
      cleanUp: () => mustRoot('rm -f /usr/local/lib/userdocker/copy'),
    },
    {
      id: 'another-user-by-sudo',
      who: 'alice',
      wants: 'a container that runs as bob',
      control: async () => {
        writeFileSync(admins, `alice ALL = (ALL) NOPASSWD: ${launcher}\n`, { mode: 0o440 });
        return as('alice', 'sudo -u bob userdocker run box id -u', { cwd: '/' });
      },
      spellings: [
        'sudo -u bob userdocker',
        "sudo -u '#1002' userdocker",
        'sudo -g bob userdocker',
        'sudo -u bob -g bob userdocker',
        'sudo SUDO_UID=$(id -u bob) SUDO_GID=$(id -g bob) userdocker',
        'env SUDO_UID=$(id -u bob) SUDO_GID=$(id -g bob) SUDO_USER=bob sudo userdocker',
        'env USER=bob LOGNAME=bob HOME=/home/bob sudo userdocker',
      ],
      attack: (call) => as('alice', `${call} run box id -u`, { cwd: '/' }),
      reached: async ({ stdout }) => stdout.split('\n').includes(await uidOf('bob')),
      cleanUp: async () => rmSync(admins, { force: true }),
    },
    {
      id: 'group-that-is-no-longer-hers',
      who: 'carol',
      wants: 'files of a group that an admin has taken from her, with a session from before',
      prepare: () =>
        mustRoot(
          'groupadd -f lab; install -m 640 -g lab /dev/null /home/lab.txt; echo secret >/home/lab.txt',
        ),
      // docker itself asks nobody: it gives the numbers that it is told.
      control: () =>
        asRoot(
          'docker run --rm -u $(id -u carol):$(id -g carol) --group-add $(getent group lab | cut -d: -f3) -v /home/lab.txt:/x box cat /x',
        ),
      spellings: ['--regid carol', '--regid lab'],
      attack: async (ids) => {
        await mustRoot(
          "printf 'volume_mounts: {available: [/home/lab.txt:/x]}' >/etc/userdocker/config.yaml",
        );
        return asRoot(
          `cd /; exec setpriv --reuid carol ${ids} --groups users,lab --reset-env sh -c 'sudo userdocker run -v /home/lab.txt:/x box cat /x'`,
        );
      },
      reached: ({ stdout }) => stdout.includes('secret'),
      cleanUp: async () => {
        await mustRoot('cp etc-userdocker/config.yaml /etc/userdocker/config.yaml', { cwd: process.cwd() });
        await mustRoot('rm -f /home/lab.txt; groupdel lab');
      },
    },
  ],
};
