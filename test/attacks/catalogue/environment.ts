import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Outcome } from '../../e2e/support/command.ts';
import { userdockerProgram } from '../../e2e/support/processes.ts';
import { userdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { clearTraps, isLooted, setTraps, trap } from '../support/loot.ts';
import { installNaive, naive, naively, removeNaive } from '../support/naive.ts';

type Variables = { readonly [name: string]: string };

/** How variables could reach the program. The last is what sudo would do if it kept everything. */
const ways = ['sudo', 'sudo -E', 'sudo NAME=VALUE', 'without sudo', 'past sudo'] as const;

function callWith(way: string, env: Variables, words: string, cwd = '/home/alice'): Promise<Outcome> {
  const assignments = Object.entries(env)
    .map(([name, value]) => `'${name}=${value}'`)
    .join(' ');
  switch (way) {
    case 'sudo':
      return as('alice', `/usr/bin/sudo userdocker ${words}`, { env, cwd });
    case 'sudo -E':
      return as('alice', `/usr/bin/sudo -E userdocker ${words}`, { env, cwd });
    case 'sudo NAME=VALUE':
      return as('alice', `sudo ${assignments} userdocker ${words}`, { cwd });
    case 'without sudo':
      return as('alice', `/usr/local/bin/userdocker ${words}`, { env, cwd });
    default:
      return asRoot(
        `export SUDO_UID=$(id -u alice) SUDO_GID=$(id -g alice); exec env ${assignments} /usr/local/bin/userdocker ${words}`,
        { cwd },
      );
  }
}

const cleanUp = async () => {
  await clearTraps();
  removeNaive();
};

/** The same variables with `sudo naive`, `sudo docker` or the bare program, and with userdocker. */
function variables(
  attack: Pick<Attack, 'id' | 'wants'> & {
    readonly env: Variables;
    readonly undefended: string;
    readonly words?: string;
    readonly cwd?: string;
    readonly spellings?: readonly string[];
  },
): Attack {
  const { env, undefended, words = '-n run box', cwd = '/home/alice', id, wants } = attack;
  const assignments = Object.entries(env)
    .map(([name, value]) => `'${name}=${value}'`)
    .join(' ');
  return {
    id,
    wants,
    who: 'alice',
    prepare: setTraps,
    control: () => naively('alice', `cd ${cwd}; sudo ${assignments} ${undefended}`),
    spellings: attack.spellings ?? ways,
    attack: (way) => callWith(way, env, words, cwd),
    reached: isLooted,
    cleanUp,
  };
}

const rootsFileIn = async (pattern: string) =>
  (await mustRoot(`find ${trap} -user root -path '${pattern}'`)) !== '';

/** Stands where alice would like root's docker client to call. */
const engine = { server: undefined as Server | undefined, calls: 0 };
const socket = `${trap}/engine.sock`;

async function waitForCalls(): Promise<void> {
  await setTraps();
  engine.calls = 0;
  engine.server = createServer((client) => {
    engine.calls += 1;
    client.on('error', () => undefined);
    client.end('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => engine.server?.listen(socket, resolve));
  chmodSync(socket, 0o777);
}
async function stopWaiting(): Promise<void> {
  engine.server?.close();
  await cleanUp();
}
const anotherEngine = (attack: { readonly id: string; readonly env: Variables }): Attack => ({
  ...variables({
    ...attack,
    wants: 'root’s docker client to talk to an engine of alice’s',
    undefended: '/usr/bin/docker ps',
    words: 'ps',
  }),
  prepare: waitForCalls,
  reached: () => engine.calls > 0,
  cleanUp: stopWaiting,
});

export const environment: Area = {
  title: 'client files and environment',
  attacks: [
    variables({
      id: 'credential-helper-of-the-user',
      wants: 'a program of alice’s run as root by docker’s client',
      env: { DOCKER_CONFIG: `${trap}/.docker`, PATH: `${trap}/bin:/usr/bin:/bin` },
      undefended: '/usr/bin/docker pull example.org/x:1',
      words: 'pull example.org/x:1',
    }),
    variables({
      id: 'client-plugin-of-the-user',
      wants: 'a plugin of alice’s run as root by docker’s client',
      env: { HOME: trap, XDG_CONFIG_HOME: trap },
      undefended: '/usr/bin/docker evil',
      words: 'evil',
    }),
    anotherEngine({ id: 'docker-host-of-the-user', env: { DOCKER_HOST: `unix://${socket}` } }),
    anotherEngine({
      id: 'docker-context-of-the-user',
      env: { DOCKER_CONTEXT: 'evil', DOCKER_CONFIG: `${trap}/.docker`, HOME: trap },
    }),
    {
      id: 'variable-of-roots-environment',
      who: 'alice',
      wants: 'the value of a variable that only root’s processes have',
      prepare: async () => {
        writeFileSync('/etc/sudo.env', 'TOKEN=hunter2\n', { mode: 0o600 });
        writeFileSync('/etc/sudoers.d/variables', 'Defaults env_file = /etc/sudo.env\n', { mode: 0o440 });
      },
      control: () => naively('alice', 'sudo /usr/bin/docker run --rm -e TOKEN box env'),
      spellings: ['-e TOKEN', '--env TOKEN', '--env=TOKEN', '-eTOKEN', '-ie TOKEN', '-e TOKEN --env=A=1'],
      attack: (words) => userdocker('alice', `run ${words} box env`),
      reached: ({ stdout }) => stdout.includes('hunter2'),
      refused: /TOKEN has no value/,
      cleanUp: async () => {
        for (const file of ['/etc/sudo.env', '/etc/sudoers.d/variables']) rmSync(file, { force: true });
        removeNaive();
      },
    },
    {
      ...variables({
        id: 'debug-output-of-the-loader',
        wants: 'files of root’s in a place of alice’s choice',
        env: { LD_DEBUG: 'libs', LD_DEBUG_OUTPUT: `${trap}/tmp/loader` },
        undefended: `${naive} ps`,
        // The launcher is a shell: what its loader does comes before it. sudo takes these away, the rule keeps nothing.
        spellings: ['sudo', 'sudo -E', 'sudo NAME=VALUE', 'without sudo'],
      }),
      reached: () => rootsFileIn('*/loader*'),
    },
    variables({
      id: 'options-of-the-runtime',
      wants: 'code of alice’s run as root in the program itself',
      env: { BUN_OPTIONS: `--preload=${trap}/evil.js`, NODE_OPTIONS: `--require=${trap}/evil.js` },
      undefended: `${userdockerProgram} --version`,
    }),
    variables({
      id: 'program-that-becomes-its-runtime',
      wants: 'any script run as root',
      env: { BUN_BE_BUN: '1' },
      undefended: `${userdockerProgram} run ${trap}/evil.js`,
      words: `run ${trap}/evil.js`,
    }),
    variables({
      id: 'start-file-of-the-shell',
      wants: 'code of alice’s run as root in the launcher’s shell',
      env: { BASH_ENV: `${trap}/evil`, ENV: `${trap}/evil`, SHELLOPTS: 'xtrace', PS4: `$(${trap}/evil)` },
      undefended: `${naive} ps`,
    }),
    {
      ...variables({
        id: 'functions-for-the-shell',
        wants: 'a function of alice’s called by the launcher’s shell',
        env: { 'BASH_FUNC_docker%%': `() { ${trap}/evil; }`, 'BASH_FUNC_exec%%': `() { ${trap}/evil; }` },
        undefended: '',
        spellings: ['sudo', 'sudo -E', 'past sudo'],
      }),
      // sudo itself takes them out, always (CVE-2014-6271).
      control: () => {
        installNaive();
        return asRoot(`env 'BASH_FUNC_docker%%=() { ${trap}/evil; }' ${naive} ps`);
      },
    },
    variables({
      id: 'search-path-of-the-user',
      wants: 'a program of alice’s taken for one of the system',
      env: { PATH: `${trap}/bin:/usr/bin:/bin`, CDPATH: trap },
      undefended: `${naive} ps`,
      words: '--executor=nvidia-docker run box true',
    }),
    variables({
      id: 'settings-of-the-runtime-in-the-current-directory',
      wants: 'code of alice’s run as root because a call was made where she had put it',
      env: { BUN_BE_BUN: '1' },
      undefended: `${userdockerProgram} run ${trap}/show.js`,
      cwd: trap,
      spellings: ['sudo', 'without sudo', 'past sudo'],
    }),
    {
      ...variables({
        id: 'variables-in-the-current-directory',
        wants: 'variables that sudo would not let through',
        env: { BUN_BE_BUN: '1' },
        undefended: `${userdockerProgram} --config=/dev/null run ${trap}/show.js`,
        words: '--executor=nvidia-docker -n run box',
        cwd: trap,
        spellings: ['sudo', 'past sudo'],
      }),
      reached: ({ stdout, stderr }) => (stdout + stderr).includes('trapped'),
    },
    {
      ...variables({
        id: 'temporary-files-where-the-user-says',
        wants: 'a file of root’s, made by a name that alice can foresee and replace',
        env: { TMPDIR: `${trap}/tmp`, BUN_TMPDIR: `${trap}/tmp`, TMP: `${trap}/tmp`, TEMP: `${trap}/tmp` },
        undefended: `${naive} ps`,
        words: 'run box true',
      }),
      reached: () => rootsFileIn('*/tmp/*'),
    },
    {
      id: 'locale-files-of-the-user',
      who: 'alice',
      wants: 'root to open a file of alice’s choice: a pipe, on which it waits',
      prepare: async () => {
        await setTraps();
        await mustRoot(`mkdir ${trap}/locale/aa_AA; cd ${trap}/locale/aa_AA
          mkfifo -m 666 LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_IDENTIFICATION`);
      },
      control: () => {
        installNaive();
        return asRoot(`timeout 2 env LC_ALL=aa_AA LOCPATH=${trap}/locale ${naive} ps`);
      },
      spellings: ['sudo', 'sudo -E', 'sudo --preserve-env=LOCPATH'],
      attack: (sudo) =>
        as('alice', `timeout 5 env LC_ALL=aa_AA LOCPATH=${trap}/locale ${sudo} userdocker -n run box`),
      reached: ({ status }) => status === 124,
      cleanUp,
    },
  ],
};
