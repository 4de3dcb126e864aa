/** Whose a container is, and whose an image: bob after what is alice's, alice after what is root's. */
import { writeConfig } from '../../e2e/support/config.ts';
import { docker, inspect, tryDocker } from '../../e2e/support/engine.ts';
import { importImage } from '../../e2e/support/images.ts';
import { mustUserdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { byAlice, byBob, byDocker, engineSays, prints } from '../support/ways.ts';

const says = (what: string) =>
  `sh -c 'echo ${what}; trap "echo told >/tmp/told" USR1; while :; do sleep 0.1; done'`;
const startHers = () =>
  mustUserdocker(
    'alice',
    `run -d --name hers --no-default-mounts -p 8080 -e PASSWORD=secret box ${says('secret')}`,
  );
const isRunning = engineSays('hers', '.State.Running', /true/);
const isNotRunning = async () => !(await isRunning());

/** NAME in the command: each way to name the container. */
const names = ['hers', 'ID', 'SHORT', 'FEW', 'hers hers'];

/** What is alice's, by each name that bob could know of it. The control run is root's docker. */
function after(
  command: string,
  id: string,
  wants: string,
  reached: Attack['reached'],
  more: Partial<Attack> = {},
): Attack {
  const line = async (name: string) => {
    const full = JSON.parse(await inspect('hers', '.Id'));
    const few = full.slice(0, 5);
    const spelled = name.replace('ID', full).replace('SHORT', full.slice(0, 12)).replace('FEW', few);
    return command.replace('NAME', spelled);
  };
  return {
    id,
    inOneGo: true,
    who: 'bob',
    wants,
    prepare: startHers,
    spellings: names.slice(0, 4),
    control: async (name) => byDocker(await line(name)),
    attack: async (name) => byBob(await line(name)),
    reached,
    refused: /you have no container/,
    ...more,
  };
}

const containers: readonly Attack[] = [
  after(
    'exec NAME cat /proc/1/environ',
    'container-entered',
    'a process in alice’s container',
    prints(/PASSWORD/),
  ),
  after(
    'attach --no-stdin NAME',
    'container-attached',
    'what alice’s container writes from now on',
    prints(/secret/),
    {
      prepare: () =>
        mustUserdocker('alice', "run -d --name hers box sh -c 'while :; do echo secret; sleep 0.1; done'"),
      control: () => asRoot('docker attach --no-stdin hers | head -n 1'),
      attack: () => as('bob', 'sudo userdocker attach hers'),
      spellings: [''],
    },
  ),
  after(
    'top NAME',
    'processes-of-another-listed',
    'the command lines of alice’s container',
    prints(/secret/),
  ),
  after('stats --no-stream NAME', 'use-of-another-measured', 'what alice’s container uses', prints(/hers/)),
  after('port NAME', 'ports-of-another-listed', 'the ports of alice’s container', prints(/8080/)),
  after(
    'kill -s USR1 NAME',
    'signal-to-another',
    'a signal to alice’s container',
    async () => (await asRoot('sleep 0.3; docker exec hers cat /tmp/told')).stdout === 'told\n',
  ),
  after('kill NAME', 'container-of-another-killed', 'alice’s container to end', isNotRunning),
  after('stop -t 0 NAME', 'container-of-another-stopped', 'alice’s container to stop', isNotRunning),
  after(
    'rm -f NAME',
    'container-of-another-removed',
    'alice’s container, and what is in it, gone',
    isNotRunning,
  ),
  after(
    'restart -t 0 NAME',
    'container-of-another-restarted',
    'alice’s container to begin anew',
    async () => {
      const [made, started] = await Promise.all([
        inspect('hers', '.Created'),
        inspect('hers', '.State.StartedAt'),
      ]);
      return Date.parse(JSON.parse(started)) - Date.parse(JSON.parse(made)) > 2000;
    },
    {
      prepare: async () => {
        await startHers();
        await mustRoot('sleep 2.2');
      },
      spellings: ['hers'],
    },
  ),
  after(
    'start NAME',
    'container-of-another-started',
    'alice’s container, which she has stopped, to run',
    isRunning,
    {
      prepare: async () => {
        writeConfig({ args: { run: { 'always-': ['--rm'] } } });
        await startHers();
        await mustUserdocker('alice', 'kill hers');
      },
    },
  ),
  after(
    'wait NAME',
    'end-of-another-awaited',
    'to know when and how alice’s container ends',
    prints(/^\d+$/m),
    {
      control: () => asRoot('(sleep 1; docker kill hers >/dev/null) & docker wait hers'),
    },
  ),
  after(
    'pause NAME',
    'container-of-another-paused',
    'alice’s container to stand still',
    engineSays('hers', '.State.Paused', /true/),
    { refused: /pause/ },
  ),
  after(
    'cp NAME:/etc/passwd -',
    'files-of-another-copied',
    'a file of alice’s container',
    prints(/root:x:0/),
    { refused: /cp|you have no container/ },
  ),
  after(
    'export NAME',
    'container-of-another-exported',
    'all files of alice’s container',
    prints(/bin\/busybox/),
    { refused: /export/ },
  ),
  after(
    'commit NAME stolen',
    'container-of-another-committed',
    'an image of alice’s container',
    async () => (await tryDocker(['inspect', 'stolen'])).status === 0,
    {
      refused: /commit/,
      cleanUp: () => mustRoot('docker rmi -f stolen 2>/dev/null || true'),
    },
  ),
  after(
    'rename NAME his',
    'container-of-another-renamed',
    'alice’s container under a name of his',
    engineSays('his', '.Name', /his/),
    { refused: /rename/ },
  ),
  after(
    'update --memory=6m --memory-swap=6m NAME',
    'container-of-another-updated',
    'alice’s container short of memory',
    engineSays('hers', '.HostConfig.Memory', /^\d{4,}/),
    { refused: /update/ },
  ),
  after(
    'rm -f his NAME',
    'another-together-with-ones-own',
    'alice’s container gone, named behind one of his',
    isNotRunning,
    {
      prepare: async () => {
        await startHers();
        await mustUserdocker('bob', 'run -d --name his box sleep 300');
      },
      spellings: ['hers', 'ID'],
    },
  ),
];

const knowledge: readonly Attack[] = [
  {
    id: 'use-of-all-measured',
    inOneGo: true,
    who: 'bob',
    wants: 'what everybody’s containers use',
    prepare: startHers,
    spellings: ['', '-a', '--all', "--format '{{.Name}}'"],
    control: () => byDocker('stats --no-stream'),
    attack: (words) => byBob(`stats --no-stream ${words}`),
    reached: prints(/hers/),
  },
];

const proofs: readonly Attack[] = [
  {
    id: 'forged-by-an-image',
    inOneGo: true,
    who: 'alice',
    wants: 'root’s container, because an image of hers says it is hers',
    prepare: async () => {
      await mustUserdocker('alice', 'run -d --name mine box sleep 300');
      const nonce = JSON.parse(await inspect('mine', '(index .Config.Labels "userdocker.nonce")'));
      await importImage('copied', {
        changes: [
          `LABEL userdocker.uid=1001 userdocker.user=alice userdocker.nonce=${nonce}`,
          'ENV USERDOCKER_UID=1001 USERDOCKER_USER=alice',
        ],
      });
      await docker(['run', '--detach', '--name', 'roots', 'copied', 'sleep', '300']);
    },
    // What would believe the label: a list by it.
    control: () => byDocker('ps --filter label=userdocker.user=alice'),
    spellings: ['ps -a', 'exec roots echo roots', 'logs roots', 'stats --no-stream', 'port roots'],
    attack: (words) => byAlice(words),
    reached: ({ status, stdout }) => status === 0 && stdout.includes('roots'),
    cleanUp: () => docker(['rmi', 'copied']),
  },
  {
    id: 'forged-by-an-option',
    inOneGo: true,
    who: 'alice',
    wants: 'labels that say that her container is bob’s, or the policy’s nonce of another',
    spellings: [
      '-l userdocker.user=bob',
      '--label=userdocker.uid=0',
      '--label userdocker.nonce=0123456789abcdef0123456789abcdef',
      '-l Userdocker.user=bob',
      '-l userdocker=bob',
      '-la=b -luserdocker.user=bob',
      '--annotation=userdocker.user=bob',
    ],
    control: (words) => byDocker(`run -d --name taken ${words} box sleep 300`),
    attack: (words) => byAlice(`run -d --name taken ${words} box sleep 300`),
    reached: engineSays('taken', '.Config.Labels', /userdocker[^,]*(?:bob|"0"|0123456789abcdef)/i),
    refused: /label|annotation/,
  },
  {
    id: 'name-used-again',
    inOneGo: true,
    who: 'alice',
    wants: 'bob’s container, which has the name that one of hers had',
    prepare: async () => {
      await mustUserdocker('alice', 'run --name tool --no-default-mounts box true');
      await mustUserdocker('bob', `run -d --name tool --no-default-mounts box ${says('secret')}`);
    },
    control: () => byDocker('logs tool'),
    spellings: ['logs tool', 'exec tool echo secret', 'top tool'],
    attack: (words) => byAlice(words),
    reached: prints(/secret/),
    refused: /you have no container tool/,
  },
];

const images: readonly Attack[] = [
  {
    id: 'platform-of-choice',
    inOneGo: true,
    who: 'alice',
    wants: 'an image of another platform in the place of the one that all use',
    spellings: [
      'pull --platform=linux/riscv64 debian',
      'pull --platform linux/s390x debian:12',
      'run --platform=linux/riscv64 --pull=always box true',
      'pull --platform=linux/arm/v7 debian',
    ],
    control: (words) => byDocker(words),
    attack: (words) => byAlice(words),
    reached: ({ stderr }) => /daemon|dial tcp|lookup/i.test(stderr),
    refused: /place for everybody/,
  },
];

export const ownership: Area = {
  title: 'what is another’s',
  attacks: [...containers, ...knowledge, ...proofs, ...images],
};
