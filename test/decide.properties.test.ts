/** What holds of every command line, whatever is in it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grammars } from '../src/args/grammar.ts';
import type { Decision, Part } from '../src/domain/decision.ts';
import type { Policy } from '../src/domain/policy.ts';
import { assertInvariants } from '../src/exec/invariants.ts';
import { alice, decisionOn, optionsIn, policyOf, valuesIn } from './support/builders.ts';
import { commandLines } from './support/command-lines.ts';

/** Options of `run` as users give them; allowed by the default policy, by the one below, or by none. */
const pieces: readonly (readonly string[])[] = [
  ...[['-t'], ['-i'], ['-d'], ['-itd'], ['--rm'], ['--rm=false'], ['--init'], ['--read-only'], ['--init=0']],
  ...[
    ['-e', 'A=1'],
    ['-eB=2'],
    ['--env', 'HOME=/x'],
    ['-e', 'USERDOCKER=0'],
    ['-e', 'PATH'],
    ['-e', 'NV_GPU=0'],
  ],
  ...[['-w', '/x'], ['-w', '/proc'], ['--workdir='], ['--entrypoint', 'sh'], ['-l', 'a=b'], ['-l', 'a.b=c']],
  ...[['-p', '80'], ['-p', '80:80'], ['-p', '127.0.0.1::80'], ['-p8080:80'], ['-P'], ['--publish', '1-20']],
  ...[['-v', '/home/alice:/home/alice'], ['-v', '/data/a:/x:ro'], ['-v', '/etc:/etc'], ['-v/data/b:/y']],
  ...[
    ['--mount', 'type=bind,src=/data/c,dst=/z'],
    ['--tmpfs', '/t:exec'],
    ['--mount', 'type=tmpfs,dst=/proc'],
  ],
  ...[['--no-default-mounts'], ['--name', 'web'], ['--name=ab'], ['--name', 'alice_9'], ['--hostname', 'h']],
  ...[['-u', '1000:100'], ['-u0'], ['--user', 'alice'], ['--group-add', '2000'], ['--group-add=0']],
  ...[
    ['--cap-drop', 'ALL'],
    ['--cap-add', 'SYS_PTRACE'],
    ['--cap-add=ALL'],
    ['--privileged'],
    ['--pid=host'],
  ],
  ...[['--security-opt', 'no-new-privileges'], ['--security-opt=seccomp=unconfined'], ['--pids-limit', '10']],
  ...[
    ['--memory', '1g'],
    ['-m', '17t'],
    ['--cpus', '2'],
    ['--cpus=0'],
    ['--shm-size', '1g'],
    ['--ulimit', 'core=0'],
  ],
  ...[['--network', 'none'], ['--net=bridge'], ['--network', 'host'], ['--pull', 'never'], ['--pull=always']],
  ...[
    ['--device', '/dev/fuse'],
    ['--runtime', 'runsc'],
    ['--gpus', 'all'],
    ['--sysctl', 'a=b'],
    ['--ipc', 'host'],
  ],
];
const images = [
  'debian',
  'debian:12',
  'localhost/alice/x:1',
  'localhost/bob/x',
  'ghcr.io/a/b:1',
  '0x',
  'Debian',
];
const payloads = ['sh', '--privileged', '-v', '', '--', '-u', '0', 'é\n'];

const runLine = fc
  .tuple(
    fc.array(fc.constantFrom(...pieces), { maxLength: 5 }),
    fc.constantFrom(...images, 'debian', 'debian', 'debian'),
    fc.array(fc.constantFrom(...payloads), { maxLength: 3 }),
    fc.constantFrom([], [], [], ['--no-default-args'], ['--executor=nvidia-docker']),
  )
  .map(([options, image, payload, own]) => ({
    words: [...own, 'run', ...options.flat(), image, ...payload],
    image,
    payload,
  }));

const richYaml = `
allowed_subcommands+: [inspect, rmi]
args:
  run:
    always+: ['--dns=192.0.2.1']
    default+: ['--shm-size=2g', --init]
    available+: ['--device=/dev/fuse', '--runtime=runsc', '--ipc=host', {flag: --sysctl, pattern: 'a=.*'}]
volume_mounts: {available: ['/data/**:', '/data/a:/x:ro', '/home/alice:/home/alice']}
images: {allowed: ['debian:.*', 'localhost/\${user}/.*', 'ghcr\\.io/a/.*', '[a-z].*']}
caps_add: [SYS_PTRACE]
allowed_port_mappings+: ['80:80', '[0-9]{4}:80']
env_always: {PROXY: 'http://p'}
`;
const rich = policyOf(richYaml);
const call = { image: { exposedPorts: ['80/tcp', '8080/tcp'] }, environment: { NV_GPU: 'none' } };

/** `undefined` where docker's own grammar can't read the line: then there is no decision. */
function decided(words: readonly string[], policy: Policy): Decision | undefined {
  try {
    return decisionOn(words, { ...call, policy });
  } catch (error) {
    // The parser's refusals begin with their kind; anything else would be a decision that throws.
    if (
      error instanceof Error &&
      /^(?:help|unknown-flag|bad-|missing-value|conflict|too-)/.test(error.message)
    )
      return undefined;
    throw error;
  }
}
const allowed = (words: readonly string[], policy: Policy) => decided(words, policy)?.kind === 'allow';

describe('whatever a run says', () => {
  test('an allowed one is built as it must be', () => {
    let seen = 0;
    fc.assert(
      fc.property(runLine, fc.constantFrom(policyOf(), rich), ({ words, payload }, policy) => {
        const decision = decided(words, policy);
        if (decision?.kind !== 'allow') return;
        seen += 1;
        expectWellBuilt(decision.plan.parts, payload);
        assertInvariants(decision.plan, policy, alice);
      }),
      { numRuns: 800 },
    );
    // A property over nothing would hold.
    expect(seen).toBeGreaterThan(100);
  });

  test('the order of the options does not matter to the verdict', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...pieces], { minLength: 2, maxLength: 5 }), (options) => {
        const verdict = (some: readonly (readonly string[])[]) => {
          const decision = decided(['run', ...some.flat(), 'debian'], rich);
          return decision?.kind === 'deny'
            ? decision.reasons.map(({ rule }) => rule).toSorted()
            : decision?.kind;
        };
        expect(verdict(options)).toEqual(verdict(options.toReversed()));
      }),
      { numRuns: 300 },
    );
  });

  test('one option that is denied alone is denied in all company', () => {
    const bad = pieces.filter((piece) => decided(['run', ...piece, 'debian'], rich)?.kind === 'deny');
    expect(bad.length).toBeGreaterThan(15);
    fc.assert(
      fc.property(fc.constantFrom(...bad), runLine, (piece, { words }) => {
        const at = words.indexOf('run') + 1;
        expect(allowed(words.toSpliced(at, 0, ...piece), rich)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function expectWellBuilt(parts: readonly Part[], payload: readonly string[]): void {
  const words = parts.flatMap((part) => part.words);
  const options = optionsIn(words);
  for (const flag of ['--user', '--cidfile', '--name', '--pull', '--pids-limit', '--log-driver'])
    expect(valuesIn(options, flag), flag).toHaveLength(1);
  for (const name of ['USERDOCKER', 'USERDOCKER_UID', 'USERDOCKER_USER', 'NVIDIA_VISIBLE_DEVICES'])
    expect(
      options.filter((word) => word.startsWith(`--env=${name}=`)),
      name,
    ).toHaveLength(1);
  expect(options).toEqual(
    expect.arrayContaining(['--rm', '--cap-drop=ALL', '--security-opt=no-new-privileges']),
  );
  expect(options.filter((word) => !/^--[a-z0-9-]+(?:=|$)/.test(word))).toEqual([]);
  expect(words.slice(words.indexOf('--') + 2)).toEqual(payload);
  const sources = parts
    .slice(
      1,
      parts.findIndex(({ words: [word] }) => word === '--'),
    )
    .map(({ source }) => source);
  expect(sources.lastIndexOf('you')).toBeLessThan(sources.indexOf('enforced'));
}

/** Each way of saying less in a policy: one entry out of one list. */
function narrower(policy: Policy): readonly (readonly [string, Policy])[] {
  const { args, images: imagePolicy, volume_mounts: mounts } = policy;
  const { run } = args;
  if (run === undefined) throw new Error('no args.run');
  const without = <T>(what: string, list: readonly T[], build: (rest: readonly T[]) => Policy) =>
    list.map(
      (item, index) => [`${what} without ${JSON.stringify(item)}`, build(list.toSpliced(index, 1))] as const,
    );
  return [
    ...without('allowed_subcommands', policy.allowed_subcommands, (rest) => ({
      ...policy,
      allowed_subcommands: rest,
    })),
    ...without('args.run.available', run.available, (available) => ({
      ...policy,
      args: { ...args, run: { ...run, available } },
    })),
    ...without('images.allowed', imagePolicy.allowed, (rest) => ({
      ...policy,
      images: { ...imagePolicy, allowed: rest },
    })),
    ...without('allowed_port_mappings', policy.allowed_port_mappings, (rest) => ({
      ...policy,
      allowed_port_mappings: rest,
    })),
    ...without(
      'volume_mounts.available',
      mounts.available.filter(({ readOnly }) => !readOnly),
      (rest) => ({
        ...policy,
        volume_mounts: {
          ...mounts,
          available: [...rest, ...mounts.available.filter(({ readOnly }) => readOnly)],
        },
      }),
    ),
    ...without('caps_add', policy.caps_add, (rest) => ({ ...policy, caps_add: rest })),
    ['no groups', { ...policy, groups_in_container: false }],
    ['fewer ports', { ...policy, limits: { ...policy.limits, ports: 1 } }],
    ['fewer processes', { ...policy, limits: { ...policy.limits, pids: 5 } }],
    ['no containers', { ...policy, limits: { ...policy.limits, containers: 0 } }],
    ['less memory', { ...policy, limits: { ...policy.limits, memory: 1 } }],
    ['never pull', { ...policy, images: { ...imagePolicy, pull: 'never' } }],
    ['other names', { ...policy, container_names: { ...policy.container_names, allowed: 'x.*' } }],
    ['a variable more', { ...policy, env_always: { ...policy.env_always, A: '3' } }],
  ];
}

describe('a policy that says less allows less', () => {
  const less = narrower(rich);
  test('of every line', () => {
    const others = [
      ['ps'],
      ['stop', 'mine'],
      ['rmi', 'localhost/alice/x:1'],
      ['pull', 'debian'],
      ['exec', 'mine', 'x'],
    ];
    const line = fc.oneof(
      { weight: 9, arbitrary: runLine.map(({ words }) => words) },
      { weight: 1, arbitrary: fc.constantFrom(...others) },
    );
    fc.assert(
      fc.property(line, fc.constantFrom(...less), (words, [what, narrow]) => {
        if (allowed(words, narrow)) expect(allowed(words, rich), `${what}: ${words.join(' ')}`).toBe(true);
      }),
      { numRuns: 2500 },
    );
  });
  // A property over policies that make no difference would hold.
  test.each([
    ['allowed_subcommands without "run"', 'run debian'],
    ['args.run.available without {"flags":["-d"', 'run -d debian'],
    ['allowed_port_mappings without "80:80"', 'run -p 80:80 debian'],
    ['volume_mounts.available without {"host":"/data","subtree":true', 'run -v /data/b:/y debian'],
    ['caps_add without "SYS_PTRACE"', 'run --cap-add SYS_PTRACE debian'],
    ['no groups', 'run --group-add 2000 debian'],
    ['fewer ports', 'run -p 80 -p 81 debian'],
    ['fewer processes', 'run --pids-limit 10 debian'],
    ['no containers', 'run debian'],
    ['less memory', 'run -m 1g debian'],
    ['never pull', 'run --pull missing debian'],
    ['other names', 'run --name web debian'],
    ['a variable more', 'run -e A=1 debian'],
  ])('%s: no longer %s', (start, line) => {
    const [, narrow] = less.find(([what]) => what.startsWith(start)) ?? [];
    if (narrow === undefined) throw new Error(`there is no ${start}`);
    expect(allowed(line.split(' '), rich)).toBe(true);
    expect(allowed(line.split(' '), narrow)).toBe(false);
  });
  test('but for a rule that narrows another: the most exact one decides', () => {
    const line = 'run -v /data/a:/x:rw debian'.split(' ');
    const { available } = rich.volume_mounts;
    const wider = {
      ...rich,
      volume_mounts: { ...rich.volume_mounts, available: available.filter(({ readOnly }) => !readOnly) },
    };
    expect([allowed(line, rich), allowed(line, wider)]).toEqual([false, true]);
  });
});

describe.each(grammars.map((grammar) => [grammar.command, grammar] as const))('%s', (command, grammar) => {
  test('any words at all come to an allow or a deny, and what is allowed is well-formed', () => {
    fc.assert(
      fc.property(commandLines(grammar), (args) => {
        const decision = decided([command, ...args], rich);
        if (decision?.kind !== 'allow') return;
        assertInvariants(decision.plan, rich, alice);
        const words = decision.plan.parts.flatMap((part) => part.words);
        expect(words[0]).toBe(command);
        expect(optionsIn(words).filter((word) => !/^--?[a-z]/.test(word))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
