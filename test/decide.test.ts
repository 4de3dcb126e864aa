/** The one decision, over whole command lines. Each rule has a file of its own in test/policy; here they come together. */
import { describe, expect, test } from 'vitest';
import { grammarOf, grammars } from '../src/args/grammar.ts';
import type { Command, Subject, Verdict } from '../src/commands/command.ts';
import { decide } from '../src/decide.ts';
import { commandWords } from '../src/domain/decision.ts';
import type { Policy } from '../src/domain/policy.ts';
import {
  alice,
  bob,
  type Call,
  deciders,
  decisionOn,
  mine,
  optionsIn,
  other,
  policyOf,
  root,
  valuesIn,
  verdictOn,
  wordsOf,
} from './support/builders.ts';
import { found } from './support/mounts.ts';
import { imageId } from './support/run-facts.ts';

/** All that can be allowed. */
const all = { yaml: 'allowed_subcommands+: [cp, inspect, rmi]' };

test('there is a decision for every command', () => {
  expect(Object.keys(deciders).sort()).toEqual(grammars.map(({ command }) => command).sort());
});

describe('allowed', () => {
  test.each<readonly [string, readonly string[]]>([
    ['attach --no-stdin mine', ['attach', '--no-stdin', '--', mine]],
    ['cp mine:/x .', ['cp', '--', 'mine:/x', '.']],
    ['dockviz', ['dockviz']],
    ['dockviz -t', ['dockviz']],
    ['exec -it mine sh', ['exec', '--interactive', '--tty', '--user=1000:100', '--', mine, 'sh']],
    [
      'exec -e A=1 -w /x mine env',
      ['exec', '--workdir=/x', '--env=A=1', '--user=1000:100', '--', mine, 'env'],
    ],
    ['exec -u 1000 mine id -u', ['exec', '--user=1000:100', '--', mine, 'id', '-u']],
    ['images', ['images', '--filter=reference=debian:12']],
    ['images -q debian', ['images', '--quiet', '--filter=reference=debian:12']],
    ['images nothing', ['images', '--filter=reference=userdocker.invalid/none:none']],
    ['inspect mine', ['inspect', '--', mine]],
    ['kill -s TERM mine other', ['kill', '--signal=TERM', '--', mine, other]],
    ['load', ['load']],
    ['logs -f --tail 5 mine', ['logs', '--follow', '--tail=5', '--', mine]],
    ['port mine 80/tcp', ['port', '--', mine, '80/tcp']],
    ['pull debian', ['pull', '--', 'debian:latest']],
    ['pull -q ghcr.io/a/b:1', ['pull', '--quiet', '--', 'ghcr.io/a/b:1']],
    ['rm -f mine', ['rm', '--force', '--', mine]],
    ['rmi localhost/alice/x:1', ['rmi', '--', 'localhost/alice/x:1']],
    ['stats --no-stream', ['stats', '--no-stream', '--', mine, other]],
    ['stats mine', ['stats', '--', mine]],
    ['stop -t 5 mine', ['stop', '-t=5', '--', mine]],
    ['top mine', ['top', '--', mine]],
    ['version', ['version']],
    ['wait mine', ['wait', '--', mine]],
  ])('%s', (line, words) => expect(wordsOf(line, all)).toEqual(words));

  test('ps: one’s own, by their ids', () => {
    const filters = [`--filter=id=${mine}`, `--filter=id=${other}`];
    const words = (line: string) => wordsOf(line).filter((word) => !word.startsWith('--format='));
    expect(words('ps -a')).toEqual(['ps', '--all', ...filters]);
    expect(words('ps --filter status=exited')).toEqual(['ps', '--filter=status=exited', ...filters]);
    expect(words('ps -f ancestor=debian')).toEqual(['ps', '--filter=ancestor=debian:latest', ...filters]);
    // docker shows what has any of the ids given: a user's own id may only choose.
    expect(words('ps -f id=aaa -f id=ccc')).toEqual(['ps', `--filter=id=${mine}`]);
    expect(words('ps -f id=ccc')).toEqual(['ps', `--filter=id=${'0'.repeat(64)}`]);
    // Docker is given ids of images, and shows the names that they were asked for by.
    expect(valuesIn(wordsOf('ps'), '--format')).toEqual([expect.stringContaining('userdocker.image')]);
    expect(wordsOf('ps --format x')).toEqual(['ps', '--format=x', ...filters]);
  });

  test.each([
    'run debian',
    'run -it --rm debian:12 bash',
    'run -d --name web -p 80 -P debian',
    'run -e A=1 -l a=b -w /x --init --read-only --entrypoint sh --hostname h debian',
    'run -v /home/alice:/home/alice:ro debian',
    'run --no-default-mounts debian',
    'run --network none --memory 1g --cpus 2 --shm-size 1g --ulimit core=0 --tmpfs /x debian',
    'run -u 1000:100 --cap-drop ALL --security-opt no-new-privileges --pids-limit 10 debian',
    'run --pull never localhost/alice/x:1',
    'run --stop-timeout 0 debian',
  ])('%s', (line) => expect(verdictOn(line)).toBe('allowed'));
});

describe('denied', () => {
  test.each<readonly [string, string]>([
    ['attach nobodys', 'ownership'],
    ['attach --detach-keys=a nobodys', 'ownership'],
    ['exec mine id', 'allowed'],
    ['exec -u 0 mine id', 'user_in_container'],
    ['exec -u root mine id', 'user_in_container'],
    ['cp nobodys:/x .', 'ownership'],
    ['exec --privileged mine id', 'args.exec.available'],
    ['exec -e A mine id', 'env'],
    ['exec -e NVIDIA_VISIBLE_DEVICES=all mine id', 'env'],
    ['exec -w /proc/self/fd/8 mine id', 'mounts.workdir'],
    ['exec nobodys id', 'ownership'],
    ['images --filter reference=*', 'args.images.available'],
    ['inspect --type image mine', 'args.inspect.available'],
    ['inspect debian:12', 'ownership'],
    ['kill mine nobodys', 'ownership'],
    ['load --input /etc/shadow', 'args.load.available'],
    ['port mine x', 'port'],
    ['ps --filter id=', 'args.ps'],
    ['ps --filter id=ABC', 'args.ps'],
    ['ps --filter ID=abc', 'args.ps.available args.ps'],
    ['ps --filter id', 'args.ps.available args.ps'],
    ['ps --filter since=mine', 'args.ps.available args.ps'],
    ['ps --filter network=bridge', 'args.ps.available args.ps'],
    ['ps --filter ancestor=localhost/bob/x', 'images'],
    ['ps --filter ancestor=Debian', 'images'],
    ['pull localhost/bob/x:1', 'images'],
    ['pull localhost/alice/x:1', 'images.load_tags'],
    ['pull 0.example/x', 'images.allowed'],
    ['pull -a debian', 'args.pull.available'],
    ['pull Debian', 'images'],
    ['restart nobodys', 'ownership'],
    ['rm -l mine', 'args.rm.available'],
    ['rm nobodys', 'ownership'],
    ['rmi debian:12', 'images.load_tags'],
    ['rmi localhost/bob/x:1', 'images.load_tags'],
    ['rmi -f localhost/alice/x:1', 'args.rmi.available'],
    ['start nobodys', 'ownership'],
    ['stats --all mine', 'args.stats.available'],
    ['stop -t 601 mine', 'args.stop.available'],
    ['wait nobodys', 'ownership'],
    ['run --privileged debian', 'args.run.available'],
    ['run --network host debian', 'args.run.available'],
    ['run --pid=host debian', 'args.run.available'],
    ['run --device /dev/kvm debian', 'args.run.available'],
    ['run --cidfile /x debian', 'args.run.available'],
    ['run --rm=false debian', 'args.run.always'],
    ['run -u 0 debian', 'user_in_container'],
    ['run --group-add 0 debian', 'groups_in_container'],
    ['run --cap-add SYS_ADMIN debian', 'caps_add'],
    ['run --security-opt seccomp=unconfined debian', 'no_new_privileges'],
    ['run --pids-limit -1 debian', 'limits.pids'],
    ['run -v /etc:/etc debian', 'volume_mounts.available'],
    ['run -v name:/x debian', 'mounts'],
    ['run --mount type=volume,dst=/x debian', 'mounts'],
    ['run --tmpfs /proc debian', 'mounts.target'],
    ['run -p 80:80 debian', 'allowed_port_mappings'],
    ['run -e USERDOCKER=1 debian', 'env'],
    ['run -l userdocker.uid=0 debian', 'args.run.available ownership'],
    ['run --name deadbeef debian', 'container_names'],
    ['run --gpus all debian', 'executors'],
    ['run localhost/bob/x', 'images'],
    ['run sha256:0', 'images'],
    ['run 0x', 'images.allowed'],
    ['run --pull always debian', 'images.pull'],
    ['run --platform linux/arm64 debian', 'images.platform'],
    ['pull --platform linux/arm64 debian', 'images.platform'],
  ])('%s: %s', (line, rules) => {
    expect(verdictOn(line, all)).toBe(rules === 'allowed' ? rules : `denied: ${rules}`);
  });

  test.each<readonly [string, Call, string]>([
    ['a data root that is open', { dataRootIsOpen: true }, 'data-root'],
    ['a name of bob’s', { otherUser: 'bob' }, 'container_names.default'],
    ['an image that works in /proc', { image: { workdir: '/proc/self/fd/8' } }, 'mounts.workdir'],
    [
      'a home that can’t be reached',
      { sources: { '/home/alice': { kind: 'unusable', why: 'is away' } } },
      'volume_mounts.default',
    ],
    ['a home that is a link', { sources: { '/home/alice': found('/etc') } }, 'volume_mounts.default'],
    ['too many containers', { yaml: 'limits: {containers: 0}' }, 'limits.containers'],
    ['no share of the memory', { yaml: 'limits: {memory: 1g}' }, 'limits.memory'],
    ['no share of the CPUs', { yaml: 'limits: {cpus: 1}' }, 'limits.cpus'],
  ])('run, with %s', (_what, call, rule) => {
    expect(verdictOn('run --name x_1 debian', call)).toBe(`denied: ${rule}`);
  });
  test('load, with a data root that is open', () => {
    expect(verdictOn('load', { dataRootIsOpen: true })).toBe('denied: data-root');
  });

  test('an empty -w leaves the image’s own, which counts', () => {
    const image = { workdir: '/proc/self/fd/8' };
    expect(verdictOn(['run', '-w', '', 'debian'], { image })).toBe('denied: mounts.workdir');
    expect(verdictOn(['run', '-w', '/x', 'debian'], { image })).toBe('allowed');
  });

  test('every reason at once', () => {
    expect(verdictOn('run --privileged -u 0 -v /etc:/x -p 80:80 -e A --name ab 0x')).toBe(
      'denied: args.run.available images.allowed container_names env user_in_container volume_mounts.available allowed_port_mappings',
    );
  });
  test('a command that the policy does not allow, whatever it is', () => {
    for (const [command, line] of [
      ['inspect', 'inspect mine'],
      ['rmi', 'rmi localhost/alice/x:1'],
    ] as const)
      expect(verdictOn(line), command).toBe('denied: allowed_subcommands');
    const yaml = 'allowed_subcommands: [ps]';
    expect(verdictOn('run debian', { yaml })).toBe('denied: allowed_subcommands');
    expect(verdictOn('ps', { yaml })).toBe('allowed');
  });
  test('what would be allowed is said', () => {
    const decision = decisionOn('inspect mine');
    expect(decision.kind === 'deny' && decision.reasons[0]?.instead).toContain('attach, dockviz, exec');
  });
  test('another’s container and none have the same answer', () => {
    const reasons = ['other', 'nobodys'].map((name) => {
      const decision = decisionOn(`stop ${name}`, { containers: {} });
      return JSON.stringify(decision).replaceAll(name, 'NAME');
    });
    expect(reasons[0]).toBe(reasons[1]);
  });
});

describe('a network is given by its name', () => {
  const yaml = 'args: {run: {available+: [--network=, --ip=]}}';
  test.each([
    ['lab', 'allowed'],
    ['container:web', 'allowed'],
    ['name=lab', 'denied: args.run.available'],
    ['driver-opt=a=b,name=none', 'denied: args.run.available'],
    ['lab,ip=192.0.2.7', 'denied: args.run.available'],
  ])('%s: %s', (network, verdict) => {
    expect(verdictOn(['run', '--network', network, 'debian'], { yaml })).toBe(verdict);
  });
});

describe('start and restart: a container is held against the policy of today', () => {
  test.each<readonly [string, string]>([
    ['', 'allowed'],
    ['limits: {pids: 64}', 'start'],
    ['caps_drop: [ALL, CHOWN]', 'start'],
    ['volume_mounts: {default: []}', 'start'],
    ["volume_mounts: {always: ['/opt/x:/x']}", 'start'],
    ["args: {run: {always+: ['--network=none']}}", 'start'],
    ['groups_in_container: false', 'start'],
    ['allowed_port_mappings: []', 'start'],
    ["images: {allowed: ['ubuntu:.*']}", 'images.allowed start'],
    ['limits: {containers: 0}', 'limits.containers'],
    ['limits: {memory: 1g}', 'start limits.memory'],
  ])('%s', (yaml, rules) => {
    for (const command of ['start', 'restart'])
      expect(verdictOn(`${command} mine`, { yaml })).toBe(rules === 'allowed' ? rules : `denied: ${rules}`);
  });
  test('each of several counts', () => {
    expect(verdictOn('start mine', { yaml: 'limits: {containers: 1}' })).toBe('allowed');
    expect(verdictOn('start mine other', { yaml: 'limits: {containers: 1}' })).toBe(
      'denied: limits.containers',
    );
    expect(verdictOn('start mine other', { yaml: 'limits: {containers: 2}' })).toBe('allowed');
  });
});

describe('root', () => {
  test('may look at and do everything with containers and images, as docker has it', () => {
    expect(wordsOf('ps', { caller: root })).toEqual(['ps']);
    expect(wordsOf('images debian*', { caller: root })).toEqual(['images', '--', 'debian*']);
    expect(wordsOf('stats', { caller: root })).toEqual(['stats']);
    expect(wordsOf('rmi localhost/bob/x:1', { caller: root, ...all })).toEqual([
      'rmi',
      '--',
      'localhost/bob/x:1',
    ]);
    expect(verdictOn('run localhost/bob/x', { caller: root, yaml: 'limits: {containers: 0}' })).toBe(
      'allowed',
    );
  });
  test('but not with the options of a run', () => {
    expect(verdictOn('run --privileged debian', { caller: root })).toBe('denied: args.run.available');
  });
});

describe('where the runtime would look the caller’s own group up by name', () => {
  const groupsUnsafe = 'a group has a number for its name';
  test.each(['run debian', 'exec mine id'])('%s', (words) => {
    expect(verdictOn(words, { groupsUnsafe, runc: '1.1.5' })).toBe('denied: user_in_container');
    expect(verdictOn(words, { groupsUnsafe, runc: '1.3.0' })).toBe('allowed');
    expect(verdictOn(words, { runc: '1.1.5' })).toBe('allowed');
  });
});

describe('the command line that docker gets', () => {
  const line = 'run -d -e A=1 -p 80 --memory 1g -l a=b --tmpfs /x -v /home/alice:/home/alice debian:12 sh';

  test('has an executable, and an environment of its own', () => {
    const decision = decisionOn(line);
    if (decision.kind === 'deny') throw new Error('denied');
    expect(decision.plan.executable).toBe('/usr/bin/docker');
    expect(decision.plan.env).toEqual({
      DOCKER_HOST: 'unix:///var/run/docker.sock',
      DOCKER_CONFIG: '/etc/userdocker/docker',
    });
  });
  test('says what is enforced last', () => {
    const decision = decisionOn(line);
    if (decision.kind === 'deny') throw new Error('denied');
    const options = decision.plan.parts.filter(
      ({ words }) => words[0]?.startsWith('--') && words[0] !== '--',
    );
    const sources = options.map(({ source }) => source);
    expect(sources).toEqual([...sources].sort((a, b) => rank(a) - rank(b)));
    expect(new Set(sources)).toEqual(new Set(['default', 'you', 'enforced']));
  });
  test('keeps the payload byte for byte, behind --', () => {
    const payload = [
      '',
      ' ',
      '-rm',
      '--',
      '--privileged',
      '*',
      '$HOME',
      'a\nb',
      '"',
      "'",
      '\\',
      'é',
      '\u{1F40B}',
    ];
    const words = wordsOf(['run', 'debian', ...payload]);
    expect(words.slice(words.indexOf('--'))).toEqual(['--', imageId, ...payload]);
    expect(wordsOf(['exec', 'mine', ...payload]).slice(-payload.length - 2)).toEqual([
      '--',
      mine,
      ...payload,
    ]);
  });
  test('has each of these once', () => {
    const options = optionsIn(wordsOf(line));
    for (const flag of [
      '--user',
      '--name',
      '--cidfile',
      '--pull',
      '--pids-limit',
      '--log-driver',
      '--security-opt',
      '--cap-drop',
    ])
      expect(valuesIn(options, flag), flag).toHaveLength(1);
    expect(options.filter((word) => word === '--rm')).toHaveLength(1);
  });
  test('every option is one word in its long form', () => {
    expect(optionsIn(wordsOf(line)).filter((word) => !/^--[a-z][a-z-]+(?:=|$)/.test(word))).toEqual([]);
  });
  test('names the image that was looked at by its id, and says its name in a label', () => {
    const words = wordsOf('run debian');
    expect(words.at(-1)).toBe(imageId);
    expect(words).toContain('--label=userdocker.image=debian:latest');
    expect(wordsOf('run debian', { groupsUnsafe: 'x' }).join(' ')).not.toContain('--group-add');
  });
  test('never lets docker fetch an image by itself', () => {
    expect(valuesIn(wordsOf('run --pull missing debian'), '--pull')).toEqual(['never']);
  });
  test('for bob is bob’s', () => {
    const words = wordsOf('run debian', { caller: bob });
    expect(valuesIn(words, '--user')).toEqual(['1001:100']);
    expect(valuesIn(words, '--group-add')).toEqual([]);
    expect(valuesIn(words, '--name')).toEqual(['bob_1']);
    expect(valuesIn(words, '--mount')).toEqual(['type=bind,source=/home/bob,target=/home/bob']);
  });
  test('has no -- for the old nvidia-docker, which takes none', () => {
    const yaml = 'executors: {old: {path: /usr/bin/nvidia-docker, gpus: nv_gpu}}';
    const call: Call = { yaml, environment: { NV_GPU: 'none' } };
    expect(wordsOf('--executor=old run debian -x', call).slice(-2)).toEqual([imageId, '-x']);
    // Other commands are docker's own.
    expect(wordsOf('--executor=old stop mine', call)).toEqual(['stop', '--', mine]);
  });
});

describe('what userdocker itself renders once can’t be put in by the lists', () => {
  test.each(['--name=x', '--pull=never', '--publish-all'])('%s', (entry) => {
    for (const list of ['always', 'default'])
      expect(verdictOn('run debian', { yaml: `args: {run: {${list}+: ['${entry}']}}` })).toBe(
        `denied: args.run.${list}`,
      );
    expect(verdictOn('run debian', { yaml: `args: {run: {available: [--rm, '${entry}']}}` })).toBe('allowed');
  });
  test('what may be repeated can', () => {
    const yaml = "args: {run: {default+: ['--tmpfs=/scratch:size=1g', '--env=A=1'], always+: ['--env=B=1']}}";
    const words = wordsOf('run -e A=2 debian', { yaml });
    expect(valuesIn(words, '--tmpfs')).toEqual(['/scratch:size=1g']);
    expect(valuesIn(words, '--env').filter((text) => /^[AB]=/.test(text))).toEqual(['A=2', 'B=1']);
    expect(verdictOn('run -e B=2 debian', { yaml })).toBe('denied: args.run.always');
  });
});

describe('a mistake on the way is a deny', () => {
  const subject: Subject = {
    caller: alice,
    policy: policyOf(),
    executor: { path: '/usr/bin/docker', gpus: undefined, name: 'docker' },
    noDefaultArgs: false,
  };
  const request = { command: 'stop', options: [], operands: ['mine'], payload: [] };
  const command = (judge: () => Verdict): Command<undefined> => ({
    grammar: grammarOf('stop'),
    gather: async () => undefined,
    judge,
  });
  const fine: Verdict = { reasons: [], parts: [], operands: [mine], payload: [] };
  const outcome = (judge: () => Verdict, more: Partial<Subject> = {}) => {
    const decision = decide(command(judge), { ...subject, ...more }, request, undefined);
    return decision.kind === 'allow'
      ? commandWords(decision.plan).join(' ')
      : `denied: ${decision.reasons.map(({ rule }) => rule).join(' ')}`;
  };
  const thrower = (what: unknown) => () => {
    throw what;
  };
  test('without one it is an allow', () => expect(outcome(() => fine)).toBe(`stop -- ${mine}`));
  test.each<readonly [string, unknown]>([
    ['an error', new Error('x')],
    ['a text', 'x'],
    ['nothing', undefined],
    ['null', null],
    ['what can’t even be shown', { toString: thrower('worse') }],
  ])('%s is thrown', (_label, what) => expect(outcome(thrower(what))).toBe('denied: internal'));
  test('a policy that is none', () => {
    const broken: Policy = Object.create(null);
    expect(outcome(() => fine, { policy: broken })).toBe('denied: internal');
    const nothing: Policy = { ...subject.policy, allowed_subcommands: Object(undefined) };
    expect(outcome(() => fine, { policy: nothing })).toBe('denied: internal');
  });
  test('a verdict without what docker needs', () => {
    expect(outcome(() => ({ ...fine, operands: [] }))).toBe('denied: internal');
    expect(outcome(() => Object.create(null))).toBe('denied: internal');
  });
  test('an operand that would be an option where there is no --', () => {
    const operands = () => ({ ...fine, operands: ['-x'] });
    expect(outcome(operands)).toBe('stop -- -x');
    const executor = { ...subject.executor, gpus: 'nv_gpu' } as const;
    expect(outcome(operands, { executor })).toBe('denied: internal');
    expect(outcome(() => fine, { executor })).toBe(`stop ${mine}`);
  });
  test('a reason is a deny, whatever else is there', () => {
    expect(outcome(() => ({ ...fine, reasons: [{ rule: 'x', message: 'y' }] }))).toBe('denied: x');
  });
});

function rank(source: string): number {
  return ['default', 'you', 'enforced'].indexOf(source);
}
