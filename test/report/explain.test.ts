import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/domain/decision.ts';
import type { LoadedPolicy } from '../../src/domain/policy.ts';
import { explainedDenial, explainedPlan, explainedText } from '../../src/report/explain.ts';
import { load } from '../config/support.ts';
import { decisionOn } from '../support/builders.ts';

const yaml = `args:
  run:
    default+: [--network=none]
env: {PROXY: 'http://a b'}
caps_drop+: [KILL]
log_driver:
  options: {max-size: 5m}
`;
/** The configuration lies in a directory of its own in each run. */
const file = ({ files }: LoadedPolicy): string => files[0] ?? '';

function allowed(line: string, loaded: LoadedPolicy) {
  const decision: Decision = decisionOn(line, { policy: loaded.policy });
  if (decision.kind === 'deny') throw new Error(JSON.stringify(decision.reasons));
  const explained = explainedPlan(decision.plan, 'docker', false, loaded);
  if (explained.decision === 'deny') throw new Error('denied');
  return { decision, explained };
}

function partOf(line: string, word: string, loaded: LoadedPolicy) {
  return allowed(line, loaded).explained.parts.find(({ words }) => words.includes(word));
}

describe('where a part comes from', () => {
  const loaded = load(yaml);
  test.each([
    ['--tty', 'you', 'args.run.available', 'default.yaml'],
    ['--network=none', 'default', 'args.run.default', 3],
    ['--rm', 'enforced', 'args.run.always', 'default.yaml'],
    ['--env=PROXY=http://a b', 'default', 'env', 4],
    ['--env=HOME=/home/alice', 'default', 'env', 'default.yaml'],
    ['--env=USERDOCKER_UID=1000', 'enforced', 'identity', undefined],
    ['--cap-drop=KILL', 'enforced', 'caps_drop', 5],
    ['--log-opt=max-size=5m', 'enforced', 'log_driver', 7],
    ['--user=1000:100', 'enforced', 'user_in_container', 'default.yaml'],
    ['--sysctl=net.ipv4.ip_unprivileged_port_start=1024', 'enforced', 'sysctls', 'default.yaml'],
    ['--label=userdocker.image=debian:12', 'enforced', 'ownership', undefined],
    ['bash', 'you', 'docker', undefined],
  ] as const)('%s', (word, source, rule, where) => {
    const part = partOf('run -t debian:12 bash', word, loaded);
    expect(part).toMatchObject({ words: [word], source, rule });
    if (where === undefined) expect(part).not.toHaveProperty('file');
    else if (typeof where === 'number') expect(part).toMatchObject({ file: file(loaded), line: where });
    else expect(part?.file).toMatch(/\/default\.yaml$/);
  });
  test('what the user says again is the user’s, by the entry that lets them', () => {
    expect(partOf('run --network=none debian:12', '--network=none', loaded)).toMatchObject({
      source: 'you',
      rule: 'args.run.available',
    });
  });
  test('docker’s own variables', () => {
    const { explained } = allowed('ps', load('docker_host: unix:///run/other.sock\n'));
    expect(explained.env[0]).toMatchObject({
      words: ['DOCKER_HOST=unix:///run/other.sock'],
      rule: 'docker_host',
      line: 1,
    });
  });
  test('all words of the command, in their order', () => {
    const { decision, explained } = allowed('run -t debian:12 -- -x', loaded);
    expect(explained.parts.flatMap(({ words }) => words)).toEqual([
      decision.plan.executable,
      ...decision.plan.parts.flatMap(({ words }) => words),
    ]);
  });
});

describe('as text', () => {
  const loaded = load(yaml);
  const text = explainedText(allowed('run -t debian:12 -- --', loaded).explained);

  test('a line a part', () => {
    expect(text).toMatch(/^ {2}--tty +you, allowed by args\.run\.available \(\S+\/default\.yaml:[0-9]+\)$/m);
    expect(text).toContain(
      `  --network=none${' '.repeat(22)}default, args.run.default (${file(loaded)}:3)\n`,
    );
    expect(text).toMatch(/^ {2}--env=USERDOCKER_UID=1000 +enforced, identity \(built in\)$/m);
    expect(text).toMatch(/^ {2}DOCKER_HOST=unix:\/\/\/var\/run\/docker\.sock\n? +enforced, docker_host /m);
    expect(text).toContain("'--env=PROXY=http://a b'");
  });
  test('the first -- ends the options, a later one is the user’s', () => {
    const lines = text.split('\n').filter((line) => line.startsWith('  -- '));
    expect(lines.map((line) => line.trim().replace(/ +/, ' '))).toEqual([
      '-- ends the options',
      '-- you',
      '-- you',
    ]);
  });
  test('nothing in it moves a cursor', () => {
    const explained = explainedPlan(
      { executable: '/d', env: {}, parts: [{ words: ['\u001b[2J'], source: 'you', rule: 'docker' }] },
      'docker',
      false,
      loaded,
    );
    expect(explainedText(explained)).not.toContain('\u001b');
  });
  test('what userdocker does itself', () => {
    const plan = {
      executable: '/d',
      env: {},
      parts: [{ words: ['load'], source: 'you', rule: 'docker' }],
    } as const;
    const explained = explainedPlan(plan, 'docker', true, loaded);
    expect(explained).toMatchObject({ own: true, command: 'load', parts: [] });
    expect(explainedText(explained)).toBe('Allowed. load is done by userdocker itself, not by docker.\n');
  });
});

describe('a refusal', () => {
  const origin = { layer: 'config', file: '/etc/userdocker/config.yaml', line: 3 } as const;
  const reasons = [
    { rule: 'a', message: 'b', instead: 'c', origin },
    { rule: 'd', message: 'e' },
  ];
  test('every reason', () => {
    expect(explainedDenial(reasons, true)).toEqual({ decision: 'deny', reasons });
  });
  test('where the rule is written is for root', () => {
    expect(explainedDenial(reasons, false)).toEqual({
      decision: 'deny',
      reasons: [
        { rule: 'a', message: 'b', instead: 'c' },
        { rule: 'd', message: 'e' },
      ],
    });
  });
});
