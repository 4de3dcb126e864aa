/** --env-file and --label-file: each entry is judged as if it stood on the command line, and shown nowhere. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCommand } from '../../src/args/parse.ts';
import { exec } from '../../src/commands/exec.ts';
import { run } from '../../src/commands/run.ts';
import { withFiles } from '../../src/commands/value-files.ts';
import { decide } from '../../src/decide.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { subjectOf } from '../../src/pipeline.ts';
import { auditLine } from '../../src/report/audit.ts';
import { explainedPlan } from '../../src/report/explain.ts';
import { alice } from '../support/builders.ts';
import { runFacts } from '../support/run-facts.ts';
import { engineSaying, quiet, sessionOn } from '../support/session.ts';

const folder = mkdtempSync('/srv/value-files-');
const file = join(folder, 'file');
beforeAll(() => chmodSync(folder, 0o755));
afterAll(() => rmSync(folder, { recursive: true }));

/** `run` with the options given, FILE standing for a file of this content. */
async function decided(options: string, content: string | Buffer, yaml = ''): Promise<Decision> {
  writeFileSync(file, content);
  const words = `run ${options.replaceAll('FILE', file)} debian`;
  const session = sessionOn(words, engineSaying(quiet).engine, { yaml });
  const parsed = parseCommand(run.grammar, session.frame.args);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const request = await withFiles(session, parsed.value);
  const subject = subjectOf(session);
  return decide(run, subject, request, runFacts(subject, request, {}));
}

const words = (decision: Decision): readonly string[] =>
  decision.kind === 'allow' ? decision.plan.parts.flatMap((part) => part.words) : [JSON.stringify(decision)];
const files = (decision: Decision): readonly string[] =>
  decision.kind === 'allow' ? (decision.plan.files ?? []) : [];
const reasons = (decision: Decision): readonly string[] =>
  decision.kind === 'deny' ? decision.reasons.map(({ rule, message }) => `${rule}: ${message}`) : ['allowed'];

describe('what docker gets', () => {
  test('variables in a file of its own, none of them on the command line', async () => {
    const decision = await decided('--env-file FILE', '# x\nA=secret one\nB="q"\n');
    expect(files(decision)).toEqual(['# made by userdocker\r\nA=secret one\r\nB="q"\r\n']);
    expect(words(decision)).toContain('--env-file=/proc/self/fd/3');
    expect(words(decision).join(' ')).not.toMatch(/secret|="q"/);
  });
  test('both kinds, in their order', async () => {
    const decision = await decided('--label-file FILE --env-file FILE', 'A=secret\n');
    expect(files(decision)).toHaveLength(2);
    expect(words(decision).filter((word) => /^--(?:env|label)-file=/.test(word))).toEqual([
      '--env-file=/proc/self/fd/3',
      '--label-file=/proc/self/fd/4',
    ]);
    expect(words(decision).join(' ')).not.toContain('secret');
  });
  test('-e wins over a file, a file over env, env_always over both', async () => {
    const decision = await decided(
      '-e A=line --env-file FILE',
      'A=file\nHOME=/x\nB=1\nB=2\n',
      'env: {C: policy}',
    );
    expect(files(decision)).toEqual(['# made by userdocker\r\nHOME=/x\r\nB=2\r\n']);
    expect(words(decision).filter((word) => /^--env=(?:A|B|C|HOME)=/.test(word))).toEqual([
      '--env=C=policy',
      '--env=A=line',
    ]);
  });
  test('nothing where the file is empty', async () => {
    const decision = await decided('--env-file FILE --label-file FILE', '\n# x\n');
    expect(files(decision)).toEqual([]);
    expect(words(decision).join(' ')).not.toMatch(/(?:env|label)-file=/);
  });
  test('several files as one', async () => {
    expect(files(await decided('--env-file FILE --env-file /dev/null --env-file FILE', 'A=1\n'))).toEqual([
      '# made by userdocker\r\nA=1\r\n',
    ]);
  });
});

describe('the same rules', () => {
  const where = `--env-file ${file} line 2`;
  test.each([
    ['USERDOCKER_UID=0', `env: ${where} is set by userdocker alone`],
    ['USERDOCKER_ANYTHING=0', `env: ${where} is set by userdocker alone`],
    ['NVIDIA_VISIBLE_DEVICES=all', `env: ${where} is set by userdocker alone`],
    ['NV_GPU=0', `env: ${where} is set by userdocker alone`],
    ['NVIDIA_MIG_MONITOR_DEVICES=all', `env: ${where} is set by userdocker alone`],
    ['PROXY=x', `env_always: ${where} is set by the policy and can't be changed`],
    ['secretWithout', `env: ${where} has no value`],
    ['sec-ret\u00a0x=1', `env: ${where}: that is no name of a variable`],
    ['1=secret', `env: ${where}: that is no name of a variable`],
    ['\ufeffUSERDOCKER=1', `env: ${where}: that is no name of a variable`],
  ])('%j in --env-file', async (line, expected) => {
    const yaml = 'env_always: {PROXY: p}';
    expect(reasons(await decided('--env-file FILE', `A=b\n${line}\n`, yaml))).toEqual([expected]);
  });

  const label = `--label-file ${file} line 2`;
  test.each([
    ['userdocker.uid=0', 'ownership'],
    ['UserDocker=0', 'ownership'],
    ['traefik.enable=true', 'args.run.available'],
    ['\ufeffuserdocker.uid=0', 'args.run.available'],
    ['a=secret\u0007', 'args.run.available'],
    ['nothing', 'args.run'],
  ])('%j in --label-file', async (line, rule) => {
    const told = reasons(await decided('--label-file FILE', `A=b\n${line}\n`));
    expect(told.join()).toContain(`${rule}: `);
    expect(told.join()).toContain(label);
    expect(told.join()).not.toMatch(/secret|true/);
  });
  test('the entries of --env and --label bound those of files', async () => {
    const yaml = "args: {run: {available: [{flag: --env, pattern: 'A=.*'}, --env-file=]}}";
    expect(reasons(await decided('--env-file FILE', 'A=1\n', yaml))).toEqual(['allowed']);
    expect(reasons(await decided('--env-file FILE', 'B=1\n', yaml))).toEqual([
      expect.stringMatching(/^args\.run\.available: --env-file .* line 1 is not allowed$/),
    ]);
  });
  test('without an entry of its own nothing is read, and the option is refused', async () => {
    const yaml = 'args: {run: {available: [--env=]}}';
    const told = reasons(await decided('--env-file /missing', '', yaml));
    expect(told).toEqual([
      expect.stringMatching(/^args\.run\.available: --env-file=\/missing is not allowed/),
    ]);
  });
  test('labels of files count against the same size', async () => {
    const told = reasons(await decided('--label-file FILE', `a=${'x'.repeat(20_000)}\n`));
    expect(told).toEqual([expect.stringContaining('your labels take more')]);
  });
});

describe('what is shown', () => {
  test('of an allowed call, by record, explain and dry run: no value', async () => {
    const decision = await decided('--env-file FILE --label-file FILE', 'A=hunter2\n');
    if (decision.kind === 'deny') throw new Error(JSON.stringify(decision.reasons));
    const { plan } = decision;
    const record = {
      caller: alice,
      asked: ['run'],
      payloadLength: 0,
      environment: {},
      decision: 'allow' as const,
      reasons: [],
    };
    const line = auditLine({ ...record, plan, version: '3', configFiles: [] }, new Date());
    const explained = JSON.stringify(explainedPlan(plan, 'docker', false, { origins: new Map() }));
    for (const text of [line, explained]) {
      expect(text).toContain('--env-file=/proc/self/fd/3');
      expect(text).not.toContain('hunter2');
    }
  });
  test.each<[string, string | Buffer, RegExp]>([
    ['bytes', Buffer.from('A=\xff', 'latin1'), /^--env-file \S+: it is not UTF-8 text$/],
    ['a blank', 'my hunter2=x', /^--env-file \S+: line 1 has a blank in the name$/],
    ['too many', 'A=b\n'.repeat(5000), /more than 4096 entries$/],
    ['too much', `A=${'x'.repeat(60_000)}\n`.repeat(5), /can't be read: it is larger than 262144 bytes$/],
  ])('of a file with %s: what is wrong, and not what is in it', async (_what, content, message) => {
    const error: unknown = await decided('--env-file FILE', content).catch((thrown: unknown) => thrown);
    if (!(error instanceof UserdockerError) || error.failure.code !== 'usage') throw error;
    expect(error.failure.message).toMatch(message);
    expect(JSON.stringify(error.failure)).not.toContain('hunter2');
  });
  test('descriptors of the shell: what to do instead', async () => {
    const error: unknown = await decided('--env-file /dev/fd/63', '').catch((thrown: unknown) => thrown);
    if (!(error instanceof UserdockerError) || error.failure.code !== 'usage') throw error;
    expect(error.failure.hint).toContain('--env-file /dev/stdin');
  });
});

test('exec takes the same', async () => {
  writeFileSync(file, 'A=1\nUSERDOCKER=x\n');
  const session = sessionOn(`exec --env-file ${file} mine id`, engineSaying(quiet).engine);
  const parsed = parseCommand(exec.grammar, session.frame.args);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const request = await withFiles(session, parsed.value);
  expect(
    reasons(
      decide(exec, subjectOf(session), request, { named: [], groups: undefined, runc: '1.3.0' }),
    ).join(),
  ).toContain('line 2 is set by userdocker');
});
