/** Other commands than `run`, and every option and command that the installed client knows and nobody offers. */
import { spawnSync } from 'node:child_process';
import { findGrammar, spellings as spellingsOf } from '../../../src/args/grammar.ts';
import type { Outcome } from '../../e2e/support/command.ts';
import { mustUserdocker } from '../../e2e/support/userdocker.ts';
import { as, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byDocker, engineSays, prints } from '../support/ways.ts';

const startMine = () => mustUserdocker('alice', 'run -d --name mine setuid sleep 300');
const startByDocker = `run -d --name mine ${asAlice} setuid sleep 300 >/dev/null; docker`;

/** In a container of alice's, made in both cases as she would make it. */
function byExec(
  attack: Pick<Attack, 'id' | 'wants' | 'spellings' | 'reached'> & {
    readonly see: string;
    readonly refused?: RegExp;
  },
): Attack {
  const { see, ...rest } = attack;
  return {
    ...rest,
    inOneGo: true,
    who: 'alice',
    prepare: startMine,
    control: (words) => byDocker(`exec ${words} mine ${see}`),
    attack: (words) => byAlice(`exec ${words} mine ${see}`),
  };
}

const entered: readonly Attack[] = [
  byExec({
    id: 'exec-as-root',
    wants: 'a process of root’s in her own container, with her mounts',
    spellings: [
      '-u 0',
      '--user=0',
      '-u root',
      '-itu0',
      '--user=0:0',
      '-u 00',
      '-d -u 0',
      '--user=$(id -u) --user=0',
    ],
    see: 'id -u',
    reached: prints(/^0\r?$/m),
    refused: /--user|-u/,
  }),
  byExec({
    id: 'exec-privileged',
    wants: 'every capability in her own container',
    spellings: ['--privileged', '--privileged=true', '-i --privileged=1', '--privileged=false --privileged'],
    see: 'grep CapBnd /proc/self/status',
    // Where the engine itself lacks some capabilities (in a sandbox), runc says that it can't give all of them.
    reached: ({ stdout, stderr }) =>
      /CapBnd:\t0*[1-9a-f]/.test(stdout) || /unable to apply caps/.test(stdout + stderr),
    refused: /--privileged/,
  }),
  {
    id: 'exec-with-capabilities',
    who: 'alice',
    wants:
      'capabilities that an exec has and the container’s first process has not (CVE-2022-24769, CVE-2022-29162)',
    control: () => byDocker(`${startByDocker} exec mine grep -E 'Cap(Inh|Bnd|Amb)' /proc/self/status`),
    attack: async () => {
      await startMine();
      return byAlice("exec mine grep -E 'Cap(Inh|Bnd|Amb)' /proc/self/status");
    },
    reached: prints(/Cap\w+:\t0*[1-9a-f]/),
  },
  byExec({
    id: 'exec-reads-a-file-of-roots',
    wants: 'a file that only root can read, as variables of an exec',
    spellings: ['--env-file=/root/secret', '--env-file /root/secret', '-e SECRET=1 --env-file=/root/secret'],
    see: 'env',
    reached: prints(/PASSWORD=secret/),
    refused: /--env-file/,
  }),
  byExec({
    id: 'exec-in-proc',
    wants: 'to start in /proc, from where a descriptor can lead out of the container (CVE-2024-21626)',
    spellings: [
      '-w /proc/self',
      '--workdir=/proc/self',
      '-w/proc/self/fd',
      '-w /tmp/../proc/self',
      '-w //proc//self',
      '-w /sys',
      '-w /dev/fd',
    ],
    see: 'pwd -P',
    reached: prints(/^\/(?:proc|sys|dev)/),
    refused: /working directory/,
  }),
  byExec({
    id: 'exec-with-a-variable-of-userdockers',
    wants: 'to pass for bob, or to have another GPU, with programs that she starts in her container',
    spellings: [
      '-e USERDOCKER_USER=bob',
      '--env=NVIDIA_VISIBLE_DEVICES=all',
      '-e NV_GPU=0',
      '-itde USERDOCKER_UID=0',
      '--env USERDOCKER=x',
    ],
    see: 'env',
    reached: prints(/USERDOCKER_USER=bob|VISIBLE_DEVICES=all|NV_GPU=0|USERDOCKER_UID=0|USERDOCKER=x/),
    refused: /denied/,
  }),
  {
    id: 'columns-of-the-hosts-ps',
    who: 'alice',
    wants: 'options of her choice for the ps that docker runs as root on the host',
    inOneGo: true,
    prepare: startMine,
    spellings: ['-o pid,wchan', '-eo pid,wchan', 'ax -o pid,wchan', '-- -o pid,wchan', '--format pid,wchan'],
    control: (words) => byDocker(`top mine ${words}`),
    attack: (words) => byAlice(`top mine ${words}`),
    reached: prints(/WCHAN/),
  },
];

const changed: readonly Attack[] = [
  {
    id: 'container-renamed',
    who: 'alice',
    wants: 'another’s name for her container, after it was judged',
    inOneGo: true,
    prepare: startMine,
    spellings: ['rename', 'container rename'],
    control: (words) => byDocker(`${words} mine bob_1`),
    attack: (words) => byAlice(`${words} mine bob_1`),
    reached: engineSays('bob_1', '.Name', /bob_1/),
    status: 77,
    refused: /rename|container/,
  },
  {
    id: 'container-updated',
    who: 'alice',
    wants: 'other limits for her container, after they were judged',
    inOneGo: true,
    prepare: startMine,
    spellings: ['update --pids-limit=-1', 'update --restart=always', 'container update --pids-limit=-1'],
    control: (words) => byDocker(`${words} mine`),
    attack: (words) => byAlice(`${words} mine`),
    reached: engineSays('mine', '.HostConfig.PidsLimit', /^(?:null|0|-1)$/),
    refused: /update|container/,
  },
  {
    id: 'image-made-by-commit',
    who: 'alice',
    wants: 'an image under a name that others trust, of what she has in her container',
    inOneGo: true,
    prepare: startMine,
    spellings: [
      'commit mine trusted',
      'container commit mine trusted',
      'tag box trusted',
      'image tag box trusted',
      'import - trusted </dev/null',
    ],
    control: (words) => byDocker(words),
    attack: (words) => byAlice(words),
    reached: async () => (await byDocker('image inspect trusted')).status === 0,
    refused: /denied|not/,
    cleanUp: () => mustRoot('docker rmi -f trusted 2>/dev/null || true'),
  },
  {
    id: 'container-under-another-command',
    inOneGo: true,
    who: 'alice',
    wants: 'a privileged container, by a command that is not judged as run is',
    spellings: [
      'container run -d --name taken --privileged box sleep 300',
      'create --name taken --privileged box',
      'container create --name taken --privileged box',
      'run --dry-run=false -d --name taken --privileged box sleep 300',
      'service create --name taken box',
      'RUN -d --name taken --privileged box sleep 300',
      "'run ' -d --name taken --privileged box sleep 300",
    ],
    control: (words) => byDocker(words),
    attack: (words) => byAlice(words),
    reached: engineSays('taken', '.HostConfig.Privileged', /true/),
    status: 77,
  },
  {
    id: 'checkpoint-restored',
    inOneGo: true,
    who: 'alice',
    wants: 'processes with the rights that a checkpoint of hers says they have',
    prepare: () =>
      mustRoot(`docker create --name kept ${asAlice} box sleep 300; mkdir -p /home/alice/checkpoint`),
    // The engine here is not experimental: that it is asked at all is what counts.
    spellings: [
      'start --checkpoint=x kept',
      'start --checkpoint-dir=/home/alice --checkpoint x kept',
      'checkpoint create kept x',
    ],
    control: (words) => byDocker(words),
    attack: (words) => byAlice(words),
    reached: ({ stderr }) => /experimental|daemon/i.test(stderr),
    refused: /checkpoint/,
    cleanUp: () => mustRoot('rm -r /home/alice/checkpoint'),
  },
  {
    id: 'option-before-the-command',
    inOneGo: true,
    who: 'alice',
    wants: 'docker’s own global options: another engine, another context, another configuration',
    spellings: [
      '-H tcp://127.0.0.1:1',
      '--host=tcp://127.0.0.1:1',
      '-Htcp://127.0.0.1:1',
      '--tlsverify -H tcp://127.0.0.1:1',
      '-c evil',
      '--context=evil',
      '--tlscacert=/root/secret --tls',
    ],
    control: (words) => byDocker(`${words} ps`),
    attack: (words) => byAlice(`${words} ps`),
    reached: ({ stderr }) =>
      /127\.0\.0\.1:1|context "evil"|tls/i.test(stderr) && !stderr.startsWith('userdocker: '),
    status: 64,
  },
];

/** What the policy offers, or judges by rules of its own; everything else that a client knows must be refused. */
const offered: ReadonlySet<string> = new Set([
  ...[
    'attach',
    'cap-add',
    'cap-drop',
    'cpu-shares',
    'cpus',
    'cpuset-cpus',
    'detach',
    'detach-keys',
    'entrypoint',
    'env',
  ],
  ...[
    'group-add',
    'help',
    'hostname',
    'init',
    'interactive',
    'label',
    'memory',
    'mount',
    'name',
    'network',
    'no-healthcheck',
  ],
  ...[
    'pids-limit',
    'platform',
    'publish',
    'publish-all',
    'pull',
    'quiet',
    'read-only',
    'rm',
    'security-opt',
    'shm-size',
  ],
  ...['sig-proxy', 'stop-signal', 'stop-timeout', 'tmpfs', 'tty', 'ulimit', 'user', 'volume', 'workdir'],
  ...[
    'follow',
    'since',
    'tail',
    'timestamps',
    'until',
    'details',
    'all',
    'filter',
    'format',
    'last',
    'latest',
    'no-trunc',
    'size',
  ],
  ...['no-stdin', 'force', 'volumes', 'time', 'timeout', 'signal', 'no-stream', 'digests'],
]);

interface ClientFlag {
  readonly long: string;
  readonly short: string | undefined;
  readonly takesValue: boolean;
}

function help(...words: readonly string[]): string {
  return spawnSync('/usr/bin/docker', [...words, '--help'], { encoding: 'utf8' }).stdout ?? '';
}

function flagsOf(command: string): readonly ClientFlag[] {
  const known = [
    ...help(command).matchAll(/^ +(?:-(\w), )? {0,4}--([a-z][a-z0-9-]*)(?: (\w+))?(?: {2,}|$)/gm),
  ].map(([, short, long = '', type]) => ({ long, short, takesValue: type !== undefined }));
  // Hidden and deprecated ones are in no help.
  const more = (findGrammar(command)?.flags ?? [])
    .filter(({ own, long }) => own !== true && !known.some((flag) => `--${flag.long}` === long))
    .map((flag) => ({
      long: flag.long.slice(2),
      short: spellingsOf(flag)
        .find((spelling) => /^-\w$/.test(spelling))
        ?.slice(1),
      takesValue: flag.type !== 'bool',
    }));
  return [...known, ...more].filter(({ long }) => !offered.has(long));
}

/** Each a word or two for a shell. */
function formsOf({ long, short, takesValue }: ClientFlag): readonly string[] {
  const flag = `--${long}`;
  if (!takesValue)
    return [
      flag,
      `${flag}=true`,
      `${flag}=1`,
      `${flag}=false ${flag}`,
      `-it ${flag}`,
      `${flag}=`,
      `${flag}="$n"`,
    ];
  const clustered = short === undefined ? [] : [`-${short}1`, `-it${short} 1`, `-${short}=1`];
  return [
    `${flag}=1`,
    `${flag} 1`,
    `${flag}=1 ${flag}=1`,
    `${flag}=`,
    `${flag} ''`,
    `${flag}="1$n2"`,
    ...clustered,
  ];
}

const operandOf: { readonly [command: string]: string } = {
  run: 'box true',
  exec: 'mine true',
  load: '</dev/null',
  images: '',
  ps: '',
  version: '',
  stats: '--no-stream',
};

/** Two spellings of each flag, in turn all of them; `taken` where any is not refused. */
function tried({ command, flags }: Row): Promise<Outcome> {
  const operand = operandOf[command] ?? 'mine';
  const lines = flags.flatMap((flag, index) => {
    const forms = formsOf(flag);
    return [forms[index % forms.length], forms[(index * 3 + 1) % forms.length]].map(
      (form = '') =>
        `sudo userdocker ${command} ${form} ${operand} >/dev/null 2>&1 </dev/null; case $? in 64|77) ;; *) echo taken: ${form.replaceAll(/["'$]/g, '')};; esac`,
    );
  });
  return as('alice', `n='\n'; ${lines.join('\n')}`, { timeoutMs: 55_000 });
}

interface Row {
  readonly name: string;
  readonly command: string;
  readonly flags: readonly ClientFlag[];
}

const flagged = [
  'run',
  'exec',
  'start',
  'restart',
  'stop',
  'kill',
  'rm',
  'attach',
  'logs',
  'ps',
  'images',
  'load',
  'stats',
  'version',
  'wait',
  'port',
  'top',
];
/** A dozen flags a row. */
const rows = flagged.flatMap((command): readonly Row[] => {
  const flags = flagsOf(command);
  const parts = Array.from({ length: Math.ceil(flags.length / 12) }, (_, part) =>
    flags.slice(part * 12, part * 12 + 12),
  );
  return parts.map((part, index) => ({ name: `${command}, ${index + 1}`, command, flags: part }));
});

const notOffered: Attack = {
  id: 'option-that-nobody-offers',
  who: 'alice',
  wants: 'any option that the installed client knows and no entry allows',
  inOneGo: false,
  prepare: startMine,
  spellings: rows.map(({ name }) => name),
  control: () => byDocker('run --rm --add-host=a:127.0.0.1 box cat /etc/hosts'),
  attack: (name) => {
    const row = rows.find((each) => each.name === name);
    return row === undefined ? Promise.reject(new Error(name)) : tried(row);
  },
  reached: prints(/taken: |127\.0\.0\.1\ta$/m),
};

const commandsOfDocker = [...help().matchAll(/^ {2}([a-z]+)\*? +[A-Z]/gm)].map(([, name = '']) => name);
const allowed = new Set([
  'attach',
  'exec',
  'images',
  'kill',
  'load',
  'logs',
  'port',
  'ps',
  'pull',
  'restart',
  'rm',
  'run',
  'start',
  'stats',
  'stop',
  'top',
  'version',
  'wait',
]);

const others = [
  'info',
  ...commandsOfDocker.filter((name) => name !== 'info' && name !== 'completion' && !allowed.has(name)),
];

const commandThatNobodyOffers: Attack = {
  id: 'command-that-nobody-offers',
  who: 'alice',
  wants: 'any command that the installed client knows and the policy does not allow',
  control: () => byDocker('info >/dev/null && echo taken'),
  attack: () => {
    const call = (words: string) =>
      `sudo userdocker ${words} </dev/null >/dev/null 2>&1; case $? in 64|77) ;; *) echo taken: ${words};; esac`;
    return as('alice', others.flatMap((name) => [call(name), call(`${name} mine`)]).join('\n'), {
      timeoutMs: 55_000,
    });
  },
  reached: prints(/taken/),
};

export const commands: Area = {
  title: 'other commands, and what nobody offers',
  before: () => mustRoot('echo PASSWORD=secret >/root/secret; chmod 600 /root/secret'),
  after: () => mustRoot('rm /root/secret'),
  attacks: [...entered, ...changed, notOffered, commandThatNobodyOffers],
};
