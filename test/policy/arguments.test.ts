import { describe, expect, it } from 'vitest';
import { type CommandName, grammarOf } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import type { ArgumentRule, ArgumentValues, CommandArguments } from '../../src/domain/policy.ts';
import { checkArgumentRules, extraFlags } from '../../src/policy/argument-rules.ts';
import { type ArgumentsVerdict, judgeArguments } from '../../src/policy/arguments.ts';

interface Lists {
  readonly always?: readonly ArgumentRule[];
  readonly default?: readonly ArgumentRule[];
  readonly available?: readonly ArgumentRule[];
}

let line = 0;
/** `-t, --tty`, `--workdir=, -w`, `--network=none, =bridge`, as in the configuration. */
function entry(written: string): ArgumentRule {
  const items = written.split(', ');
  const flags = items.map((item) => item.split('=', 1)[0] ?? '').filter((flag) => flag !== '');
  const values = items.flatMap((item) => (item.includes('=') ? [item.slice(item.indexOf('=') + 1)] : []));
  return rule(flags, toValues(values));
}

function toValues(values: readonly string[]): ArgumentValues {
  if (values.length === 0) return { kind: 'none' };
  return values.includes('') ? { kind: 'any' } : { kind: 'one-of', values };
}

function most(flag: string, max: string | number): ArgumentRule {
  return rule([flag], { kind: 'max', max });
}

function pattern(flag: string, text: string): ArgumentRule {
  return rule([flag], { kind: 'pattern', pattern: text });
}

function rule(flags: readonly string[], values: ArgumentValues): ArgumentRule {
  line += 1;
  return { flags, values, origin: { layer: 'config', file: '/etc/userdocker/config.yaml', line } };
}

function rulesOf(lists: Lists): CommandArguments {
  return { always: [], default: [], available: [], ...lists };
}

function judge(
  lists: Lists,
  argv: readonly string[],
  more: {
    readonly command?: CommandName;
    readonly noDefaults?: boolean;
    readonly managed?: ReadonlySet<string>;
  } = {},
): ArgumentsVerdict {
  const grammar = grammarOf(more.command ?? 'run');
  const rules = rulesOf(lists);
  const parsed = parseCommand(grammar, argv, extraFlags(grammar, rules));
  if (!parsed.ok) throw new Error(parsed.error.message);
  const managed = more.managed === undefined ? {} : { managed: more.managed };
  return judgeArguments({
    grammar,
    rules,
    options: parsed.value.options,
    noDefaults: more.noDefaults === true,
    ...managed,
  });
}

/** The words docker is given, in order: defaults, the user's, the enforced ones; or what is denied. */
function outcome(verdict: ArgumentsVerdict): string {
  if (verdict.reasons.length > 0) return `DENY ${verdict.reasons.map((reason) => reason.rule).join(' ')}`;
  return [verdict.defaults, verdict.user, verdict.always]
    .map((options) => options.flatMap((option) => option.words).join(' '))
    .join(' | ');
}

const deny = 'DENY args.run.available';

describe('available', () => {
  const available = [
    entry('-t, --tty'),
    entry('-i'),
    entry('--sig-proxy=false'),
    entry('--workdir=, -w'),
    entry('--network=none, =bridge'),
    entry('--pull=never'),
    entry('--pull=missing'),
    entry('--env=, -e'),
    most('-m', '2g'),
    most('--cpus', 4),
    most('--shm-size', '1g'),
    most('--memory-swap', '4g'),
    most('--stop-timeout', 60),
    most('--cpu-shares', 1024),
    most('--health-interval', '10m'),
    pattern('--label', '[a-z]+=[a-z]*|plain'),
    pattern('--tmpfs', '/[a-z/]+(:.*)?'),
    pattern('--entrypoint', '^/bin/.+$'),
  ];
  const cases: readonly (readonly [string, string])[] = [
    ['-t', ' | --tty | '],
    ['--tty', ' | --tty | '],
    ['--tty=false', ' | --tty=false | '],
    ['--interactive', ' | --interactive | '],
    ['--sig-proxy=false', ' | --sig-proxy=false | '],
    ['--sig-proxy=0', ' | --sig-proxy=false | '],
    ['--sig-proxy', deny],
    ['--rm', deny],
    ['--rm=false', deny],
    ['-w=/x', ' | --workdir=/x | '],
    ['--workdir=', ' | --workdir= | '],
    ['--workdir=/x\n', deny],
    ['--workdir=/x\u001b[0m', deny],
    ['--workdir=/x\u009b', deny],
    ['--network=none', ' | --network=none | '],
    ['--net=bridge', ' | --network=bridge | '],
    ['--network=host', deny],
    ['--network=none ', deny],
    ['--network=None', deny],
    ['--network=none,bridge', deny],
    ['--network=', deny],
    ['--network=container:x', deny],
    ['--pull=never', ' | --pull=never | '],
    ['--pull=missing', ' | --pull=missing | '],
    ['--pull=always', deny],
    ['-eA=1', ' | --env=A=1 | '],
    ['-eA=1\n2', ' | --env=A=1\n2 | '],
    ['-m=2g', ' | --memory=2g | '],
    ['--memory=2048m', ' | --memory=2048m | '],
    ['--memory=2147483648', ' | --memory=2147483648 | '],
    ['--memory=2147483649', deny],
    ['--memory=2.1g', deny],
    ['--memory=3g', deny],
    ['--memory=1t', deny],
    ['--memory=0', deny],
    ['--memory=0g', deny],
    ['--memory=-1', deny],
    ['--memory=', deny],
    ['--memory=1e3', deny],
    ['--memory=0x10', deny],
    ['--memory=+5', deny],
    ['--memory=010', deny],
    ['--memory=1_0', deny],
    ['--memory=Inf', deny],
    ['--memory=NaN', deny],
    ['--memory=1g\n', deny],
    ['--memory=99999999999999999999', deny],
    ['--memory-swap=-1', deny],
    ['--memory-swap=0', deny],
    ['--memory-swap=4g', ' | --memory-swap=4g | '],
    ['--cpus=4', ' | --cpus=4 | '],
    ['--cpus=.5', ' | --cpus=.5 | '],
    ['--cpus=4.000000001', deny],
    ['--cpus=0', deny],
    ['--cpus=0.0', deny],
    ['--cpus=1/2', deny],
    ['--cpus=1e0', deny],
    ['--cpus=-1', deny],
    ['--shm-size=1g', ' | --shm-size=1g | '],
    ['--shm-size=0', deny],
    ['--stop-timeout=0', ' | --stop-timeout=0 | '],
    ['--stop-timeout=60', ' | --stop-timeout=60 | '],
    ['--stop-timeout=61', deny],
    ['--stop-timeout=-1', deny],
    ['--cpu-shares=1024', ' | --cpu-shares=1024 | '],
    ['--cpu-shares=0', deny],
    ['--health-interval=10m', ' | --health-interval=10m | '],
    ['--health-interval=10m1s', deny],
    ['--health-interval=0s', deny],
    ['-la=b', ' | --label=a=b | '],
    ['--label=plain', ' | --label=plain | '],
    ['--label=plainer', deny],
    ['--label=explain', deny],
    ['--label=a=b\n', deny],
    ['--label=A=b', deny],
    ['--tmpfs=/tmp:size=1g', ' | --tmpfs=/tmp:size=1g | '],
    ['--tmpfs=/tmp:size=1g\nx', deny],
    ['--tmpfs=tmp', deny],
    ['--entrypoint=/bin/sh', ' | --entrypoint=/bin/sh | '],
    ['--entrypoint=/bin/', deny],
    ['--entrypoint=x\n/bin/sh', deny],
    ['--privileged', deny],
    ['--privileged=false', deny],
    ['--cidfile=/x', deny],
    ['--env-file=/etc/shadow', deny],
  ];
  it.each(cases)('%j: %s', (word, expected) => {
    expect(outcome(judge({ available }, [word, 'img']))).toBe(expected);
  });

  it('is empty: nothing may be given', () => {
    for (const { long, type } of grammarOf('run').flags.filter(({ own }) => own !== true)) {
      const word = type === 'bool' ? long : `${long}=1`;
      expect(outcome(judge({}, [word, 'img'])), long).toBe(deny);
    }
  });

  it('names every refused option, and keeps the order of the allowed ones', () => {
    const verdict = judge({ available }, ['-t', '--pid=host', '-i', '--ipc=host', 'img']);
    expect(verdict.reasons.map(({ message }) => message)).toEqual([
      expect.stringContaining('--pid=host is not allowed'),
      expect.stringContaining('--ipc=host is not allowed'),
    ]);
    expect(verdict.user.map(({ flag }) => flag)).toEqual(['--tty', '--interactive']);
  });

  it('says where the entry stands', () => {
    const only = entry('--workdir=');
    expect(judge({ available: [only] }, ['-w/x', 'img']).user).toEqual([
      {
        flag: '--workdir',
        value: '/x',
        words: ['--workdir=/x'],
        source: 'you',
        rule: 'args.run.available',
        origin: only.origin,
      },
    ]);
  });
});

describe('always', () => {
  const lists: Lists = {
    always: [
      entry('--rm'),
      entry('--network=none'),
      entry('--label=project=gpu'),
      entry('--ulimit=core=0, =nofile=1024'),
    ],
    available: [entry('--rm'), entry('--network='), entry('--label='), entry('--ulimit='), entry('-t')],
  };
  const put = '--rm --network=none --label=project=gpu --ulimit=core=0 --ulimit=nofile=1024';
  const conflict = 'DENY args.run.always';
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], ` |  | ${put}`],
    [['-t'], ` | --tty | ${put}`],
    [['--rm'], ` |  | ${put}`],
    [['--rm=true'], ` |  | ${put}`],
    [['--rm=false'], conflict],
    [['--net=none'], ` |  | ${put}`],
    [['--network=bridge'], conflict],
    [['--network='], conflict],
    [['--label=project=gpu'], ` |  | ${put}`],
    [['--label=project=other'], conflict],
    [['--label=project'], conflict],
    [['--label=projects=other'], ` | --label=projects=other | ${put}`],
    [['--ulimit=core=0'], ` |  | ${put}`],
    [['--ulimit=core=1'], conflict],
    [['--ulimit=nofile=2048'], conflict],
    [['--ulimit=memlock=1'], ` | --ulimit=memlock=1 | ${put}`],
  ];
  it.each(cases)('%j: %s', (argv, expected) => {
    expect(outcome(judge(lists, [...argv, 'img']))).toBe(expected);
  });

  it('needs no entry of available to be said again', () => {
    expect(outcome(judge({ always: [entry('--rm')] }, ['--rm', 'img']))).toBe(' |  | --rm');
  });

  it('is put in without default arguments too, and wins over them', () => {
    const both: Lists = { always: [entry('--network=none')], default: [entry('--network=bridge')] };
    expect(outcome(judge(both, ['img']))).toBe(' |  | --network=none');
    expect(outcome(judge(both, ['img'], { noDefaults: true }))).toBe(' |  | --network=none');
    expect(outcome(judge(both, ['--network=bridge', 'img']))).toBe(conflict);
  });
});

describe('default', () => {
  const lists: Lists = {
    default: [entry('--init'), entry('--memory=1g'), entry('-e=A=1')],
    available: [most('--memory', '2g'), entry('--env=')],
  };
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], '--init --memory=1g --env=A=1 |  | '],
    [['-m=2g'], '--init --env=A=1 | --memory=2g | '],
    [['-m=3g'], deny],
    [['-eB=1'], '--init --memory=1g | --env=B=1 | '],
    [['--init'], '--memory=1g --env=A=1 | --init | '],
    [['--init=false'], deny],
  ];
  it.each(cases)('%j: %s', (argv, expected) => {
    expect(outcome(judge(lists, [...argv, 'img']))).toBe(expected);
  });

  it('can be left out', () => {
    expect(outcome(judge(lists, ['img'], { noDefaults: true }))).toBe(' |  | ');
    expect(outcome(judge(lists, ['--init', 'img'], { noDefaults: true }))).toBe(' | --init | ');
  });
});

describe('options that other rules judge', () => {
  const managed = new Set(['--volume']);
  it('are left alone', () => {
    expect(outcome(judge({}, ['-v', '/:/x', 'img'], { managed }))).toBe(' |  | ');
    expect(outcome(judge({}, ['-v', '/:/x', 'img']))).toBe(deny);
    expect(outcome(judge({}, ['--mount', 'x', 'img'], { managed }))).toBe(deny);
  });
  it.each(['always', 'default', 'available'] as const)('have no entry in %s', (list) => {
    expect(outcome(judge({ [list]: [entry('--volume=/:/x')] }, ['img'], { managed }))).toBe(
      `DENY args.run.${list}`,
    );
  });
  it("and userdocker's own need none", () => {
    expect(outcome(judge({}, ['--no-default-mounts', 'img']))).toBe(' |  | ');
    expect(outcome(judge({}, ['--gpu-free'], { command: 'ps' }))).toBe(' |  | ');
  });
});

describe("flags that docker's table does not have", () => {
  const available = [entry('--new-thing=, -N'), entry('--new-switch')];
  it('are known by their entry', () => {
    expect(outcome(judge({ available }, ['-Nx', '--new-switch', 'img']))).toBe(
      ' | --new-thing=x --new-switch=true | ',
    );
    expect(outcome(judge({ always: [entry('--new-switch')] }, ['img']))).toBe(' |  | --new-switch=true');
  });
  it('are no other name of a flag that it has', () => {
    const grammar = grammarOf('run');
    for (const written of ['--tty, --new', '--new, --tty', '-t, --new', '--new=, -w']) {
      expect(extraFlags(grammar, rulesOf({ available: [entry(written)] })), written).toEqual([]);
    }
    expect(extraFlags(grammar, rulesOf({ available: [entry('--new=, -N'), entry('--new=x')] }))).toHaveLength(
      1,
    );
  });
  it('have the names of their entry, but those of help', () => {
    const named = (written: string) => extraFlags(grammarOf('run'), rulesOf({ available: [entry(written)] }));
    const flag = { long: '--new', aliases: [], type: 'bool', repeatable: false, extra: true };
    expect(named('--new')).toEqual([flag]);
    expect(named('-N, --new')).toEqual([{ ...flag, short: '-N' }]);
    expect(named('--new, --newer, --newest')).toEqual([{ ...flag, aliases: ['--newer', '--newest'] }]);
    expect(named('--new, --help')).toEqual([flag]);
    expect(named('--New, --new, -new, new')).toEqual([flag]);
    expect(named('--new=')).toEqual([{ ...flag, type: 'text' }]);
    expect(named('--help')).toEqual([]);
    expect(named('--new, -h')).toEqual([]);
    expect(named('-N')).toEqual([]);
  });
  it('take one value', () => {
    expect(() => judge({ available }, ['-Nx', '-Ny', 'img'])).toThrow('given twice');
  });
});

describe("entries that can't be meant", () => {
  const cases: readonly (readonly [keyof Lists, ArgumentRule, string])[] = [
    ['available', entry('--workdir'), 'takes a value'],
    ['available', entry('--tty, --interactive'), 'not another name'],
    ['available', entry('--tty, --new'), 'not another name'],
    ['available', entry('--new, --tty'), 'not another name'],
    ['available', entry('--tty=maybe'), 'true or false'],
    ['available', entry('Tty'), "can't be the name"],
    ['available', entry('-Z'), "can't be the name"],
    ['available', entry('--help'), "can't be the name"],
    ['available', entry('--UPPER='), "can't be the name"],
    ['available', entry('--no-default-mounts'), "userdocker's own"],
    ['available', most('--workdir', 5), 'no maximum'],
    ['available', most('--memory', 'lots'), 'not a maximum'],
    ['available', most('--memory', -1), 'not a maximum'],
    ['available', most('--tty', 1), 'no maximum'],
    ['available', pattern('--tty', '.*'), 'no value'],
    ['available', pattern('--label', 'a)|(b'), 'not a regular expression'],
    ['available', pattern('--label', '['), 'not a regular expression'],
    ['available', rule([], { kind: 'none' }), 'without a flag'],
    ['always', entry('--workdir='), 'which value'],
    ['always', most('--memory', '1g'), 'which value'],
    ['always', pattern('--label', '.*'), 'which value'],
    ['always', entry('--network=none, =bridge'), 'one value only'],
    ['always', rule(['--network'], { kind: 'one-of', values: [] }), 'which value'],
    ['default', entry('--workdir='), 'which value'],
  ];
  it.each(cases)('%s %o: %s', (list, broken, message) => {
    const rules = rulesOf({ [list]: [broken] });
    expect(checkArgumentRules(grammarOf('run'), rules)).toEqual([
      { rule: `args.run.${list}`, message: expect.stringContaining(message), origin: broken.origin },
    ]);
    // Refused although the user gives no option at all.
    expect(judge({ [list]: [broken] }, ['img']).reasons).toHaveLength(1);
  });

  it('are none of these', () => {
    const rules = rulesOf({
      always: [entry('--rm'), entry('--sig-proxy=false'), entry('--label=a=1, =b=2')],
      default: [entry('--workdir=/x, -w'), entry('-h=host, --hostname')],
      available: [
        entry('--tty=true, =false'),
        entry('--tty='),
        most('--memory', 64),
        most('--cpus', 1.5),
        most('--cpus', '16'),
      ],
    });
    expect(checkArgumentRules(grammarOf('run'), rules)).toEqual([]);
  });
});

describe('what is said', () => {
  const said = (lists: Lists, ...argv: readonly string[]) => judge(lists, [...argv, 'img']).reasons[0];
  it('why, and what instead', () => {
    expect(said({}, '--privileged')).toEqual({
      rule: 'args.run.available',
      message: '--privileged is not allowed: a privileged container has every right of root on the host',
      instead: 'ask an admin for the one capability or mount you need',
    });
  });
  it('which values are allowed', () => {
    expect(said({ available: [entry('--network=none, =bridge')] }, '--net=host')).toMatchObject({
      message: expect.stringContaining('--net=host (--network) is not allowed'),
      instead: '--network=none, --network=bridge; with -p PORT others can reach the container',
    });
    expect(said({ available: [most('--memory', '64g')] }, '-m=65g')?.instead).toBe('--memory up to 64g');
    expect(said({ available: [entry('--sig-proxy=false')] }, '--sig-proxy')?.instead).toBe(
      '--sig-proxy=false',
    );
  });
  it('what is enforced, and by which line', () => {
    const enforced = entry('--rm');
    expect(said({ always: [enforced] }, '--rm=false')).toEqual({
      rule: 'args.run.always',
      message: '--rm=false is not allowed: --rm is enforced',
      instead: 'leave it out',
      origin: enforced.origin,
    });
  });
  it('no secret', () => {
    expect(JSON.stringify(said({}, '-e', 'TOKEN=hunter2'))).not.toContain('hunter2');
  });
  it("nothing of another command's flag of the same name", () => {
    expect(judge({}, ['--link', 'x'], { command: 'rm' }).reasons[0]?.message).toContain(
      'there are no links here',
    );
  });
});
