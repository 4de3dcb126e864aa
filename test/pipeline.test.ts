/** The spine: what happens in which order, and what is on record. */
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { grammarOf } from '../src/args/grammar.ts';
import type { Command, Session, Verdict } from '../src/commands/command.ts';
import { UserdockerError } from '../src/domain/errors.ts';
import type { Ending } from '../src/exec/replace.ts';
import { HelpWanted, runner } from '../src/pipeline.ts';
import { trustedDirectory } from './config/support.ts';
import { mine } from './support/builders.ts';
import { engineSaying, quiet, sessionOn } from './support/session.ts';

/** What happened, in its order. */
const events: string[] = [];
let log = '';

vi.mock('../src/exec/exec.ts', () => ({
  becomeDocker: async (): Promise<Ending> => {
    events.push(`exec, recorded ${records().length}`);
    return { kind: 'exited', status: 0 };
  },
}));
vi.mock('../src/report/output.ts', () => ({
  writeAll: (fd: number) => {
    events.push(`written to ${fd}`);
    return true;
  },
}));

beforeEach(() => {
  events.length = 0;
  log = `${trustedDirectory()}/log/audit.jsonl`;
});

function records(): readonly { readonly [key: string]: unknown }[] {
  if (!existsSync(log)) return [];
  return readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => Object(JSON.parse(line)));
}

const fine: Verdict = { reasons: [], parts: [], operands: [mine], payload: [] };

function stop(more: Partial<Command<string>> = {}): Command<string> {
  return {
    grammar: grammarOf('stop'),
    gather: async () => {
      events.push('gathered');
      return 'facts';
    },
    judge: () => {
      events.push('judged');
      return fine;
    },
    ...more,
  };
}

function session(line: string, yaml = ''): Session {
  const { engine } = engineSaying(quiet);
  return {
    ...sessionOn(line, engine, { yaml: `audit: {file: ${log}}\n${yaml}` }),
    debug: (message) => events.push(`debug: ${message}`),
  };
}

async function ruleOf(call: Promise<Ending>): Promise<string> {
  try {
    return JSON.stringify(await call);
  } catch (error) {
    if (!(error instanceof UserdockerError)) throw error;
    return error.failure.code === 'denied'
      ? error.failure.reasons.map(({ rule }) => rule).join()
      : error.failure.code;
  }
}

describe('an allowed call', () => {
  test('is on record before docker is started', async () => {
    await runner(stop())(session('stop mine'));
    expect(events).toEqual([
      'gathered',
      'judged',
      `debug: becomes: /usr/bin/docker stop -- ${mine}`,
      'exec, recorded 1',
    ]);
    expect(records()[0]).toMatchObject({
      decision: 'allow',
      argv: ['stop', 'mine'],
      exec: ['/usr/bin/docker', 'stop', '--', mine],
      reasons: [],
    });
  });
  test('is not done where it can’t be recorded', async () => {
    const { engine } = engineSaying(quiet);
    const blind = sessionOn('stop mine', engine, { yaml: 'audit: {file: /proc/nowhere/audit.jsonl}' });
    expect(await ruleOf(runner(stop())(blind))).toBe('unavailable');
    expect(events).toEqual(['gathered', 'judged']);
  });
  test('that userdocker does itself starts no program, and the record says so', async () => {
    const own = {
      applies: () => true,
      perform: async (_session: Session, _request: unknown, facts: string) => {
        events.push(`performed with ${facts}, recorded ${records().length}`);
        return 7;
      },
    };
    expect(await runner(stop({ own }))(session('stop mine'))).toEqual({ kind: 'exited', status: 7 });
    expect(events).toEqual(['gathered', 'judged', 'performed with facts, recorded 1']);
    expect(records()[0]).toMatchObject({ decision: 'allow', exec: null });
  });
  test('may be held in between: what was decided then counts', async () => {
    const hold: Command<string>['hold'] = async (_session, _request, facts, decide) => {
      events.push(`held with ${facts}`);
      return decide('fresh facts');
    };
    await runner(stop({ hold }))(session('stop mine'));
    expect(events.filter((event) => !event.startsWith('debug'))).toEqual([
      'gathered',
      'held with facts',
      'judged',
      'exec, recorded 1',
    ]);
  });
});

describe('a denied call', () => {
  const judge = (): Verdict => ({ ...fine, reasons: [{ rule: 'x', message: 'y' }] });
  test('is on record, with why', async () => {
    expect(await ruleOf(runner(stop({ judge }))(session('stop mine')))).toBe('x');
    expect(events).toEqual(['gathered']);
    expect(records()).toHaveLength(1);
    expect(records()[0]).toMatchObject({
      decision: 'deny',
      exec: null,
      reasons: [{ rule: 'x', message: 'y' }],
    });
  });
  test('performs nothing either', async () => {
    const own = { applies: () => true, perform: async () => 0 };
    expect(await ruleOf(runner(stop({ judge, own }))(session('stop mine')))).toBe('x');
  });
  test('of a command that the policy does not allow: nothing is even asked', async () => {
    const call = runner(stop())(session('stop mine', 'allowed_subcommands: [ps]'));
    expect(await ruleOf(call)).toBe('allowed_subcommands');
    expect(events).toEqual([]);
    expect(records()).toHaveLength(1);
  });
});

describe('a command line that can’t be read', () => {
  test('is wrong usage, and on record', async () => {
    expect(await ruleOf(runner(stop())(session('stop --bogus mine')))).toBe('usage');
    expect(events).toEqual([]);
    expect(records()[0]).toMatchObject({ decision: 'deny', reasons: [{ rule: 'usage' }] });
  });
  test('--help is help, for what is not allowed as well', async () => {
    const call = runner(stop())(session('stop --help', 'allowed_subcommands: [ps]'));
    await expect(call).rejects.toBeInstanceOf(HelpWanted);
    expect(records()).toEqual([]);
  });
});

describe('-n', () => {
  test('decides, shows, and does nothing else', async () => {
    const hold = async () => {
      throw new Error('held');
    };
    expect(await runner(stop({ hold }))(session('-n stop mine'))).toEqual({ kind: 'exited', status: 0 });
    expect(events).toEqual(['gathered', 'judged', 'written to 1']);
    expect(existsSync(log)).toBe(false);
  });
  test('of what is denied says so, and leaves no record', async () => {
    expect(await ruleOf(runner(stop())(session('-n stop mine', 'allowed_subcommands: [ps]')))).toBe(
      'allowed_subcommands',
    );
    expect(await ruleOf(runner(stop())(session('-n stop --bogus')))).toBe('usage');
    expect(existsSync(log)).toBe(false);
  });
  test('of what userdocker does itself: that there is no command', async () => {
    const own = { applies: () => true, perform: async () => Promise.reject(new Error('performed')) };
    await runner(stop({ own }))(session('-n stop mine'));
    expect(events).toEqual(['gathered', 'judged', 'written to 2']);
  });
});
