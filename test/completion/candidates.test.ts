/** What is offered where, under the shipped policy with some lines on top, with an engine that is a table of answers. */
import { describe, expect, test } from 'vitest';
import { grammars } from '../../src/args/grammar.ts';
import { findOwnWord, ownWords } from '../../src/commands/own-words.ts';
import { linesOf } from '../../src/completion/candidate.ts';
import { candidatesAt } from '../../src/completion/candidates.ts';
import { positionOf } from '../../src/completion/place.ts';
import { nonceLabel } from '../../src/state/ownership.ts';
import { type Call, root } from '../support/builders.ts';
import { engineSaying, quiet, sessionOn } from '../support/session.ts';

const yaml = `
volume_mounts:
  available: ['/data/**:', '/projects/x:/project', '/ro/set::ro', '/with space:/x']
allowed_subcommands+: [rmi]
`;

/** The words offered for a line whose last word ends at the cursor. */
async function offered(line: string, call: Call = {}): Promise<readonly string[]> {
  const words = line.split(' ');
  const typed = words.at(-1) ?? '';
  const { engine } = engineSaying({ ...quiet, '/containers/json': containers });
  const outer = sessionOn('__complete', engine, { yaml, ...call });
  const { place, executor } = positionOf({ before: words.slice(0, -1), typed }, outer.loaded.policy.args);
  const session =
    executor === undefined
      ? outer
      : sessionOn(`--executor=${executor} __complete`, engine, { yaml, ...call });
  const text = linesOf(await candidatesAt(place, typed, session), typed);
  return text
    .split('\n')
    .slice(0, -1)
    .map((row) => row.split('\t')[0] ?? '');
}

const container = (name: string, id: string, labels: object) => ({
  Id: id.repeat(64),
  Names: [`/${name}`],
  State: 'running',
  Labels: labels,
});
/** No ownership file says that any of these is alice's, whatever their labels say. */
const containers = [
  container('bob_1', 'b', { 'userdocker.uid': '1001' }),
  container('forged', 'c', { 'userdocker.uid': '1000', [nonceLabel]: '0'.repeat(32) }),
];

describe('words', () => {
  test.each<readonly [string, readonly string[]]>([
    ['r', ['restart', 'rm', 'run', 'rmi']],
    ['run', ['run']],
    ['bu', []],
    ['pol', ['policy']],
    ['comp', ['completion']],
    ['__', []],
    ['--n', ['--no-default-args']],
    ['--executor ', ['docker', 'nvidia-docker']],
    ['--executor=n', ['--executor=nvidia-docker']],
    ['-n --executor docker atta', ['attach']],
    ['--nonsense r', []],
    ['--executor', ['--executor']],
    ['explain r', ['restart', 'rm', 'run', 'rmi']],
    ['explain p', ['port', 'ps', 'pull']],
    ['explain --f', ['--format']],
    ['explain --format j', ['json']],
    ['explain --format json at', ['attach']],
    ['explain --no', ['--no-default-args']],
    ['explain -n run --network=n', ['--network=none']],
    ['explain explain r', []],
    ['policy --format=', ['--format=text', '--format=json']],
    ['policy x', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion bash ', []],
  ])('%s', async (line, words) => expect(await offered(line)).toEqual(words));

  test('every command that is allowed, and every word of our own but this one', async () => {
    const all = await offered('');
    expect(all).toEqual(expect.arrayContaining([...ownWords.keys(), 'run', 'ps', 'rmi']));
    expect(all).not.toContain('inspect');
    expect(all).not.toContain('__complete');
    expect(await findOwnWord('__complete')).toBeDefined();
  });
  test('a policy with one command', async () => {
    const call = { yaml: 'allowed_subcommands: [ps]' };
    expect(await offered('r', call)).toEqual([]);
    for (const line of ['run --n', 'run ', 'run --network ', 'attach '])
      expect(await offered(line, call)).toEqual([]);
    expect(await offered('ps --gpu', call)).toEqual(['--gpu-used', '--gpu-used-mine', '--gpu-free']);
  });
});

describe('options', () => {
  test.each<readonly [string, readonly string[]]>([
    ['run --n', ['--name', '--no-healthcheck', '--network', '--no-default-mounts']],
    ['run --name x --n', ['--no-healthcheck', '--network', '--no-default-mounts']],
    ['run --env A=1 --env', ['--env', '--env-file']],
    ['run -t --tt', []],
    ['run -v', ['-v']],
    ['run --pri', []],
    ['run --g', ['--group-add']],
    ['--executor=nvidia-docker run --g', ['--gpus', '--group-add']],
    ['run debian --n', []],
    ['run -- --n', []],
    ['exec mine --', []],
    ['ps --gpu-f', ['--gpu-free']],
    ['stop x --ti', ['--timeout']],
    ['stop x --time', ['--timeout', '--time']],
    ['run --he', ['--help']],
    ['run --network', ['--network']],
    ['run --nonsense --n', []],
    ['build --n', []],
  ])('%s', async (line, words) => expect(await offered(line)).toEqual(words));
});

describe('values', () => {
  test.each<readonly [string, readonly string[]]>([
    ['run --network ', ['none', 'bridge']],
    ['run --network=b', ['--network=bridge']],
    ['run --net=', ['--net=none', '--net=bridge']],
    ['run --pull ', ['missing', 'never']],
    ['run --tty=', ['--tty=true', '--tty=false']],
    ['kill -s KI', ['KILL']],
    ['kill --signal=SIGKI', ['--signal=SIGKILL']],
    ['run --name ', []],
    ['run -it --network ', ['none', 'bridge']],
    ['ps --filter h', ['health=', 'health=healthy', 'health=unhealthy', 'health=starting', 'health=none']],
    ['ps --filter anc', ['ancestor=']],
    ['ps --filter si', []],
    ['inspect --type ', []],
  ])('%s', async (line, words) => expect(await offered(line)).toEqual(words));

  test('--pull follows images.pull', async () => {
    expect(await offered('run --pull ', { yaml: 'images: {pull: always}' })).toEqual(['always']);
    expect(await offered('run --pull ', { yaml: 'images: {pull: never}' })).toEqual(['never']);
  });
  test('GPUs only where the executor has some', async () => {
    expect(await offered('run --gpus ')).toEqual([]);
  });
});

describe('mounts: hosts by the rules, and never what would need quotes', () => {
  test.each<readonly [string, readonly string[]]>([
    ['run -v ', ['/data/', '/projects/x:/project', '/ro/set:', '/home/alice:/home/alice']],
    ['run --volume=/p', ['--volume=/projects/x:/project']],
    ['run -v /ro/set:', ['/ro/set:/ro/set', '/ro/set:/ro/set:ro']],
    ['run -v /data/a/b:', ['/data/a/b:/data/a/b', '/data/a/b:/data/a/b:ro']],
    ['run -v /etc:', []],
    ['run -v /etc/', []],
    ['run -v /data/../etc:', []],
    ['run --mount ', ['type=bind,source=', 'type=tmpfs,target=']],
    ['run --mount type=bind,source=/p', ['type=bind,source=/projects/x,target=/project']],
    [
      'run --mount type=bind,src=/home/alice,target=',
      [
        'type=bind,src=/home/alice,target=/home/alice',
        'type=bind,src=/home/alice,target=/home/alice,readonly',
      ],
    ],
    ['exec -v ', []],
  ])('%s', async (line, words) => expect(await offered(line)).toEqual(words));
});

describe('containers and images', () => {
  test('those of others, and those that only say they are the caller’s, are not there', async () => {
    for (const { command } of grammars) expect(await offered(`${command} `)).not.toContain('bob_1');
    for (const { command } of grammars) expect(await offered(`${command} `)).not.toContain('forged');
  });
  test('root sees all, each once', async () => {
    expect(await offered('attach ', { caller: root })).toEqual(['bob_1', 'forged']);
    expect(await offered('rm bob_1 ', { caller: root })).toEqual(['forged']);
    expect(await offered('attach bob_1 ', { caller: root })).toEqual([]);
  });
  test.each<readonly [string, readonly string[]]>([
    ['run ', ['debian:latest', 'localhost/alice/x:1']],
    ['run -it de', ['debian:latest']],
    ['run debian ', []],
    ['run --name x -- de', ['debian:latest']],
    ['rmi ', ['localhost/alice/x:1']],
    ['images ', ['debian', 'localhost/alice/x']],
    ['load ', []],
    ['version ', []],
  ])('%s', async (line, words) => expect(await offered(line)).toEqual(words));
  test('images that the policy does not allow', async () => {
    expect(await offered('run ', { yaml: "images: {allowed: ['ubuntu:.*']}" })).toEqual([]);
  });
});

describe('hostile text', () => {
  test.each([
    'a\u001b[2J',
    'a\nb',
    'a\tb',
    '$(reboot)',
    '`reboot`',
    'a;b',
    'a b',
    'a|b',
    "a'b",
    'a"b',
    'a\\b',
    'a*',
    '~root',
    'a&',
    '#a',
    '!!',
    'a\u202eb',
    '{a,b}',
    '',
  ])('%j is not offered', (word) => expect(linesOf([{ word }], '')).toBe(''));
  test('what about it is plain, too', () => {
    expect(linesOf([{ word: 'a', about: 'x\u001b[2J' }], '')).toBe('a\n');
    expect(linesOf([{ word: 'a', about: 'running' }, { word: 'a' }], '')).toBe('a\n');
  });
  test('letters of other scripts are no signs', () => {
    expect(linesOf([{ word: '/home/jürgen/' }, { word: '/データ/' }], '/')).toBe('/home/jürgen/\n/データ/\n');
  });
  test('not endlessly', () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ word: `w${index}` }));
    expect(linesOf(many, '').split('\n')).toHaveLength(501);
    expect(linesOf([{ word: 'x'.repeat(100_000) }], '')).toBe('');
  });
});
