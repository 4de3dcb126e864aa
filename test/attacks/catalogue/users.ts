import { writeConfig } from '../../e2e/support/config.ts';
import { docker, tryDocker } from '../../e2e/support/engine.ts';
import { startCall } from '../../e2e/support/racers.ts';
import { mustUserdocker, userdocker } from '../../e2e/support/userdocker.ts';
import { asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';

const secret = 'hunter2';
/** bob's container says something that is nobody's business. */
const bobs = () =>
  mustUserdocker('bob', `run -d --name bobs box sh -c 'echo ${secret}; while :; do sleep 1; done'`);
const says: Attack['reached'] = ({ stdout }) => stdout.includes(secret);
const idOf = (name: string) => docker(['inspect', '--format', '{{.Id}}', name]);

/** The names under which bob's container could be asked for. */
const named = ['bobs', 'ID', 'SHORT', 'PREFIX', '/bobs'] as const;
async function nameOf(name: string): Promise<string> {
  const id = await idOf('bobs');
  const names: { readonly [name: string]: string } = {
    ID: id,
    SHORT: id.slice(0, 12),
    PREFIX: id.slice(0, 3),
  };
  return names[name] ?? name;
}

/** Told apart: what bob has, and what nobody has. */
async function answers(ask: (name: string) => ReturnType<typeof userdocker>, there: string, nowhere: string) {
  const [one, other] = [await ask(there), await ask(nowhere)];
  const clean = (text: string, name: string) => text.replaceAll(name, 'NAME');
  const differ =
    one.status !== other.status ||
    clean(one.stderr, there) !== clean(other.stderr, nowhere) ||
    clean(one.stdout, there) !== clean(other.stdout, nowhere);
  return { ...one, stdout: differ ? 'they differ' : '' };
}

const loadBobs = async () => {
  await mustRoot('docker save box >/home/bob/box.tar; chmod 644 /home/bob/box.tar');
  await mustUserdocker('bob', 'load <box.tar');
};
const dropBobs = () => mustRoot('docker rmi localhost/bob/box 2>/dev/null; rm -f /home/bob/box.tar');
const bobsImage = 'localhost/bob/box:latest';

export const users: Area = {
  title: 'other users',
  before: loadBobs,
  after: dropBobs,
  attacks: [
    {
      id: 'output-of-another',
      who: 'alice',
      wants: 'what bob’s container has printed',
      prepare: bobs,
      control: () => asRoot('sleep 0.5; docker logs bobs'),
      spellings: [
        'logs bobs',
        'logs -f --tail 1 bobs',
        'attach --no-stdin bobs',
        'logs -- bobs',
        'logs --since 0 --details bobs',
      ],
      attack: (words) => userdocker('alice', `${words} </dev/null`, { timeoutMs: 10_000 }),
      reached: says,
      refused: /you have no container bobs/,
    },
    {
      id: 'end-of-another',
      who: 'alice',
      wants: 'bob’s container stopped',
      prepare: bobs,
      control: () => tryDocker(['kill', 'bobs']),
      spellings: [
        ...named.map((name) => `kill ${name}`),
        'stop -t 0 hers bobs',
        'rm -fv bobs',
        'restart -t 0 bobs',
        'kill -s STOP bobs',
      ],
      attack: async (words) => {
        if (words.includes('hers')) await mustUserdocker('alice', 'run -d --name hers box sleep 100');
        const [command = '', ...rest] = words.split(' ');
        const last = await nameOf(rest.at(-1) ?? '');
        return userdocker('alice', [command, ...rest.slice(0, -1), last].join(' '));
      },
      reached: async () => {
        const format = '{{.State.Status}} {{.RestartCount}} {{.State.Pid}}';
        const state = (await tryDocker(['inspect', '--format', format, 'bobs'])).stdout;
        const stopped = await asRoot(`grep -q '^State:.T' /proc/${state.trim().split(' ')[2] || 0}/status`);
        const restarted = await tryDocker(['logs', 'bobs']);
        return (
          !state.startsWith('running') || stopped.status === 0 || restarted.stdout.split(secret).length > 2
        );
      },
      refused: /you have no container/,
    },
    {
      id: 'typing-into-another',
      who: 'alice',
      wants: 'a command of hers run in bob’s shell',
      prepare: () => mustUserdocker('bob', 'run -di --name shell box sh'),
      control: () =>
        asRoot('echo touch /tmp/was-here | timeout -s KILL 3 docker attach --sig-proxy=false shell'),
      spellings: ['attach shell', 'start -ai shell', 'exec -i shell sh', 'attach --sig-proxy=false shell'],
      attack: (words) => userdocker('alice', words, { stdin: 'touch /tmp/was-here\n', timeoutMs: 10_000 }),
      reached: async () => (await docker(['diff', 'shell'])).includes('was-here'),
      refused: /you have no container shell/,
    },
    {
      id: 'settings-of-another',
      who: 'alice',
      wants: 'the variables of bob’s container',
      prepare: async () => {
        writeConfig({ 'allowed_subcommands+': ['inspect'] });
        await mustUserdocker('bob', `run -d --name bobs -e PASSWORD=${secret} box sleep 100`);
      },
      control: () => tryDocker(['inspect', 'bobs']),
      spellings: [
        'inspect bobs',
        'inspect --type=container bobs',
        "inspect -f '{{json .Config.Env}}' bobs",
        'inspect --type=image bobs',
        'exec bobs env',
      ],
      attack: (words) => userdocker('alice', words),
      reached: says,
    },
    {
      id: 'containers-of-others-listed',
      who: 'alice',
      wants: 'what bob’s containers are called and what they run',
      prepare: bobs,
      control: () => tryDocker(['ps', '--no-trunc']),
      spellings: [
        'ps --no-trunc -a',
        'ps -a --no-trunc --filter name=bobs',
        'ps -a --no-trunc --filter id=ID',
        'ps -a --no-trunc -f label=userdocker.user=bob',
        'ps -a --no-trunc -f status=running -f status=exited',
        'ps -a --no-trunc -f since=ID',
        "ps -a --no-trunc --format '{{json .}}'",
        'ps -l --no-trunc',
        'ps -aq --no-trunc --filter name=',
        'stats --no-stream --no-trunc',
        'stats --no-stream --all',
        'top bobs',
        'ps --gpu-used --format json',
      ],
      attack: async (words) =>
        userdocker('alice', words.replace('ID', await idOf('bobs')), { timeoutMs: 10_000 }),
      reached: async ({ stdout }) =>
        stdout.includes('bobs') ||
        stdout.includes(await idOf('bobs')) ||
        says({ stdout, stderr: '', status: 0, signal: null }),
    },
    {
      id: 'what-happens-on-the-engine',
      who: 'alice',
      wants: 'to follow what others do',
      prepare: bobs,
      control: () => asRoot('timeout 3 docker events --since 10m --until 0s'),
      spellings: [
        'events --since 10m --until 0s',
        'system events --since 10m --until 0s',
        'system df -v',
        'info',
        'diff bobs',
        'network inspect bridge',
        'volume ls',
      ],
      attack: (words) => userdocker('alice', words, { timeoutMs: 10_000 }),
      reached: ({ stdout }) => /bobs|bob|Containers:|box/.test(stdout),
    },
    {
      id: 'names-of-others-guessed',
      who: 'alice',
      wants: 'to know whether bob has a container of that name',
      prepare: async () => {
        writeConfig({ 'allowed_subcommands+': ['inspect'] });
        await bobs();
      },
      control: () => answers((name) => tryDocker(['port', name]), 'bobs', 'none'),
      spellings: [
        'logs NAME',
        'port NAME',
        'exec NAME id',
        'inspect NAME',
        'rm NAME',
        'start NAME',
        'ps -qf name=NAME',
      ],
      attack: (words) => answers((name) => userdocker('alice', words.replace('NAME', name)), 'bobs', 'none'),
      reached: ({ stdout }) => stdout === 'they differ',
    },
    {
      id: 'images-of-others-guessed',
      who: 'alice',
      wants: 'to know whether bob has loaded such an image',
      control: () =>
        answers(
          (name) => tryDocker(['inspect', '--type=image', name]),
          bobsImage,
          'localhost/bob/xob:latest',
        ),
      spellings: [
        'run NAME true',
        'run --pull=never NAME true',
        'pull NAME',
        'rmi NAME',
        'images -q NAME',
        '-n run NAME',
      ],
      attack: (words) => {
        writeConfig({ 'allowed_subcommands+': ['rmi'] });
        return answers(
          (name) => userdocker('alice', words.replace('NAME', name)),
          bobsImage,
          'localhost/bob/xob:latest',
        );
      },
      reached: ({ stdout }) => stdout === 'they differ',
    },
    {
      id: 'image-of-another-run',
      who: 'alice',
      wants: 'a container from what bob has loaded',
      control: () => tryDocker(['run', '--rm', bobsImage, 'echo', secret]),
      spellings: [
        bobsImage,
        'localhost/bob/box',
        'LOCALHOST/bob/box',
        'localhost/bob/../bob/box',
        'localhost/bob/box:latest@DIGEST',
        'DIGEST',
        'SHORT',
        'localhost/alice/../bob/box',
      ],
      attack: async (name) => {
        const id = await docker(['image', 'inspect', '--format', '{{.Id}}', bobsImage]);
        const image = name.replace('DIGEST', id).replace('SHORT', id.slice(7, 19));
        return userdocker('alice', `run ${image} echo ${secret}`);
      },
      reached: says,
    },
    {
      id: 'images-of-others-listed',
      who: 'alice',
      wants: 'the names of what bob has loaded',
      control: () => tryDocker(['images']),
      spellings: [
        'images',
        'images -a',
        "images --format '{{json .}}'",
        'images localhost/bob/box',
        "images 'localhost/*/*'",
        'images --filter reference=localhost/bob/box',
        'images --digests --no-trunc',
        'dockviz',
        'dockviz --tree',
        'ps -a -f ancestor=localhost/bob/box',
      ],
      attack: (words) => userdocker('alice', words),
      reached: ({ stdout }) => stdout.includes('localhost/bob') || stdout.includes('bob/box'),
    },
    {
      id: 'image-of-others-removed',
      who: 'alice',
      wants: 'an image gone that others use',
      prepare: async () => {
        writeConfig({ 'allowed_subcommands+': ['rmi'] });
        await docker(['tag', 'box', 'shared:1']);
      },
      control: () => tryDocker(['rmi', 'shared:1']),
      spellings: [
        'rmi shared:1',
        `rmi ${bobsImage}`,
        'rmi --no-prune shared:1',
        'rmi docker.io/library/shared:1',
        'image rm shared:1',
        'rmi localhost/alice/../../shared:1',
      ],
      attack: (words) => userdocker('alice', words),
      reached: async () => (await tryDocker(['image', 'inspect', 'shared:1', bobsImage])).status !== 0,
      cleanUp: () => tryDocker(['rmi', 'shared:1']),
    },
    {
      id: 'container-that-passes-for-anothers',
      who: 'alice',
      wants: 'a container with a name as bob’s get it',
      control: () => tryDocker(['run', '-d', '--name', 'bob_1', 'box', 'sleep', '100']),
      spellings: ['--name bob_1', '--name=bob_7', '--name bob_01', '--name=root_1', '--name /bob_1'],
      attack: (words) => userdocker('alice', `run -d ${words} box sleep 100`),
      reached: async () => /^\/?(?:bob|root)_/m.test(await docker(['ps', '--format', '{{.Names}}'])),
    },
    {
      id: 'container-that-is-called-like-an-id',
      who: 'alice',
      wants: 'what root does to an id that root has copied, to happen to a container of hers instead',
      prepare: bobs,
      control: async () =>
        tryDocker(['run', '-d', '--name', (await idOf('bobs')).slice(0, 12), 'box', 'sleep', '100']),
      spellings: ['12', '64', '4', '20'],
      attack: async (length) =>
        userdocker('alice', `run -d --name ${(await idOf('bobs')).slice(0, Number(length))} box sleep 100`),
      reached: async () => {
        const id = await idOf('bobs');
        return (await docker(['ps', '--format', '{{.Names}}']))
          .split('\n')
          .some((name) => id.startsWith(name));
      },
      refused: /id/,
    },
    {
      id: 'others-wait-for-a-stopped-call',
      who: 'alice',
      wants: 'bob’s calls to wait for hers, which she has stopped while it was root',
      // One lock for all, as such programs have it.
      control: async () => {
        const held = await mustRoot('flock /run/one-lock sleep 8 >/dev/null 2>&1 & echo $!');
        const outcome = await asRoot('timeout 4 flock /run/one-lock docker run --rm box echo it ran');
        await mustRoot(`kill ${held} 2>/dev/null || true`);
        return outcome;
      },
      spellings: ['50', '120', '200', '300', '450'],
      attack: async (delay) => {
        const call = startCall('alice', '--executor=docker run -d box sleep 100');
        await new Promise((resolve) => setTimeout(resolve, Number(delay)));
        call.signal('SIGSTOP', 'all');
        const outcome = await userdocker('bob', 'run box echo it ran', { timeoutMs: 20_000 });
        call.signal('SIGKILL', 'all');
        await call.ended;
        return outcome;
      },
      reached: ({ stdout }) => !stdout.includes('it ran'),
    },
  ],
};
