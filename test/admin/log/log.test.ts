import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { queryOf, sourcesOf } from '../../../src/admin/log/call.ts';
import { type LogQuery, readLog } from '../../../src/admin/log/log.ts';
import { openSources, rotatedFiles } from '../../../src/admin/log/sources.ts';
import { parseGid, parseUid } from '../../../src/domain/ids.ts';
import { auditLine } from '../../../src/report/audit.ts';
import { must } from '../../config/support.ts';

const scratch = mkdtempSync(join(tmpdir(), 'userdocker-log-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let count = 0;

/** Files of a directory of its own. */
function directoryOf(files: { readonly [name: string]: string | Buffer }): string {
  count += 1;
  const directory = join(scratch, String(count));
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

interface Said {
  readonly user?: string;
  readonly uid?: number;
  readonly argv?: readonly string[];
  /** Of the refusals; none: it was allowed. */
  readonly rules?: readonly string[];
}

/** A line as userdocker itself writes it. `minute` of 22 November 2019, 10 o'clock in Greenwich: files are younger. */
function line(minute: number, { user = 'alice', uid = 1000, argv = ['ps'], rules = [] }: Said = {}): string {
  const record = {
    caller: { user, uid: must(parseUid(String(uid))), gid: must(parseGid('100')), groups: [] },
    environment: {},
    asked: argv,
    payloadLength: 0,
    decision: rules.length === 0 ? ('allow' as const) : ('deny' as const),
    reasons: rules.map((rule) => ({ rule, message: 'no' })),
    plan: undefined,
    version: '3.0.0',
    configFiles: [],
  };
  return `${auditLine(record, new Date(Date.UTC(2019, 10, 22, 10, minute)))}\n`;
}

const everything: LogQuery = {
  user: undefined,
  since: undefined,
  until: undefined,
  decision: undefined,
  by: undefined,
  json: false,
  width: undefined,
};

async function read(paths: readonly string[], query: Partial<LogQuery> = {}) {
  const { sources, failures } = openSources(paths);
  expect(failures).toEqual([]);
  let text = '';
  const outcome = await readLog(sources, { ...everything, ...query }, (more) => {
    text += more;
    return true;
  });
  return { text, lines: text.split('\n').slice(0, -1), remarks: outcome.remarks };
}

/** The user of each record that is left. */
async function usersOf(content: string, query: Partial<LogQuery>): Promise<readonly string[]> {
  const { lines } = await read([join(directoryOf({ log: content }), 'log')], { json: true, ...query });
  return lines.map((each) => String(Reflect.get(JSON.parse(each), 'user')));
}

describe('which files', () => {
  const names = (directory: string) => {
    const { files, unread } = rotatedFiles(join(directory, 'audit.jsonl'));
    const shorten = (path: string) => path.slice(directory.length + 1);
    return { files: files.map(shorten), unread: unread.map(shorten) };
  };
  test('the oldest first', () => {
    const files = [
      'audit.jsonl',
      'audit.jsonl.1',
      'audit.jsonl.2.gz',
      'audit.jsonl.10.gz',
      'audit.jsonl.9.gz',
    ];
    expect(names(directoryOf(Object.fromEntries(files.map((name) => [name, '']))))).toEqual({
      files: ['audit.jsonl.10.gz', 'audit.jsonl.9.gz', 'audit.jsonl.2.gz', 'audit.jsonl.1', 'audit.jsonl'],
      unread: [],
    });
  });
  test('with dates (dateext)', () => {
    const files = [
      'audit.jsonl',
      'audit.jsonl-20261121',
      'audit.jsonl-20261120.gz',
      'audit.jsonl-20251231.gz',
    ];
    expect(names(directoryOf(Object.fromEntries(files.map((name) => [name, '']))))).toMatchObject({
      files: ['audit.jsonl-20251231.gz', 'audit.jsonl-20261120.gz', 'audit.jsonl-20261121', 'audit.jsonl'],
    });
  });
  test('others are left alone; what is packed otherwise is told', () => {
    const files = [
      'audit.jsonl',
      'audit.jsonl.3.xz',
      'audit.jsonl.bak',
      'audit.jsonl~',
      'audit.jsonl2',
      'other.jsonl.1',
      'audit.jsonl.1.new',
    ];
    expect(names(directoryOf(Object.fromEntries(files.map((name) => [name, '']))))).toEqual({
      files: ['audit.jsonl'],
      unread: ['audit.jsonl.3.xz'],
    });
  });
  test('none', () => {
    expect(rotatedFiles('/nonexistent/audit.jsonl')).toEqual({ files: [], unread: [] });
  });
  test('a file that was named and is not there', () => {
    expect(() => sourcesOf(['/nonexistent/a'])).toThrow('unavailable');
  });
  test('a rotation while it is read: each record once', async () => {
    const directory = directoryOf({ 'audit.jsonl': line(2), 'audit.jsonl.1': line(1) });
    const { sources } = openSources(rotatedFiles(join(directory, 'audit.jsonl')).files);
    const { renameSync } = await import('node:fs');
    renameSync(join(directory, 'audit.jsonl.1'), join(directory, 'audit.jsonl.2'));
    renameSync(join(directory, 'audit.jsonl'), join(directory, 'audit.jsonl.1'));
    writeFileSync(join(directory, 'audit.jsonl'), line(3));
    let text = '';
    await readLog(sources, { ...everything, json: true }, (more) => {
      text += more;
      return true;
    });
    expect(text.match(/T10:0[0-9]/g)).toEqual(['T10:01', 'T10:02']);
  });
});

describe('records', () => {
  test('plain and packed, in their order', async () => {
    const directory = directoryOf({
      'audit.jsonl.2.gz': gzipSync(line(1, { user: 'one' }) + line(2, { user: 'two' })),
      'audit.jsonl.1': line(3, { user: 'three' }),
      'audit.jsonl': line(4, { user: 'four' }),
    });
    const { lines, remarks } = await read(rotatedFiles(join(directory, 'audit.jsonl')).files);
    expect(lines[0]).toMatch(/^TIME +USER +ANSWER +COMMAND$/);
    expect(lines.slice(1).map((each) => each.split(/ +/)[2])).toEqual(['one', 'two', 'three', 'four']);
    expect(remarks).toEqual([]);
  });
  test('a line', async () => {
    const content =
      line(1, { argv: ['run', '-it', 'a b', ''] }) +
      line(2, {
        user: 'bob',
        argv: ['run', '-v', '/etc:/etc', 'box'],
        rules: ['volume_mounts', 'volume_mounts', 'images.allowed'],
      });
    const { lines } = await read([join(directoryOf({ log: content }), 'log')]);
    expect(lines.slice(1).map((each) => each.slice(19))).toEqual([
      "  alice         allow   run -it 'a b' ''",
      '  bob           deny    [volume_mounts, images.allowed] run -v /etc:/etc box',
    ]);
  });
  test('as JSON they are what they were', async () => {
    const content = line(1, { argv: ['run', 'box'] });
    expect((await read([join(directoryOf({ log: content }), 'log')], { json: true })).text).toBe(content);
  });
  test('without a newline at the end', async () => {
    const { lines } = await read([join(directoryOf({ log: line(1).trimEnd() }), 'log')], { json: true });
    expect(lines).toHaveLength(1);
  });
  test('an empty log', async () => {
    expect((await read([join(directoryOf({ log: '' }), 'log')], { json: true })).text).toBe('');
  });
});

describe('filters', () => {
  const content =
    line(1, { user: 'alice' }) +
    line(2, { user: 'bob', uid: 1001, rules: ['images.allowed'] }) +
    line(3, { user: 'carol', uid: 1002 });
  const at = (minute: number) => Date.UTC(2019, 10, 22, 10, minute);
  test.each<[Partial<LogQuery>, readonly string[]]>([
    [{}, ['alice', 'bob', 'carol']],
    [{ user: 'bob' }, ['bob']],
    [{ user: '1002' }, ['carol']],
    [{ user: 'bo' }, []],
    [{ decision: 'deny' }, ['bob']],
    [{ decision: 'allow' }, ['alice', 'carol']],
    [{ since: at(2) }, ['bob', 'carol']],
    [{ until: at(2) }, ['alice', 'bob']],
    [{ since: at(2), until: at(2), decision: 'allow' }, []],
  ])('%j', async (query, users) => {
    expect(await usersOf(content, query)).toEqual(users);
  });
  test('a rotated file that ended before is not read at all', async () => {
    const directory = directoryOf({ 'audit.jsonl.1': `${line(1)}broken\n`, 'audit.jsonl': line(30) });
    utimesSync(join(directory, 'audit.jsonl.1'), at(1) / 1000, at(1) / 1000);
    const files = rotatedFiles(join(directory, 'audit.jsonl')).files;
    expect((await read(files, { since: at(2) })).remarks).toEqual([]);
    expect((await read(files, { since: at(1) })).remarks).toHaveLength(1);
  });
  test('times of the command line', () => {
    const call = {
      kind: 'log',
      user: undefined,
      decision: undefined,
      by: undefined,
      json: false,
      files: [],
    } as const;
    const now = new Date(at(10));
    expect(queryOf({ ...call, since: '5m', until: 'now' }, now, 80)).toMatchObject({
      since: at(5),
      until: at(10),
      width: 80,
    });
    expect(() => queryOf({ ...call, since: 'soon', until: undefined }, now, 80)).toThrow('usage');
    expect(() => queryOf({ ...call, since: '1h', until: '2h' }, now, 80)).toThrow('usage');
  });
});

describe('counts', () => {
  const content = [
    line(1, { user: 'alice' }),
    line(2, { user: 'alice', rules: ['images.allowed', 'volume_mounts', 'volume_mounts'] }),
    line(3, { user: 'bob', uid: 1001, rules: ['volume_mounts'] }),
    line(4, { user: 'alice' }),
  ].join('');
  const counted = async (by: 'user' | 'rule', query: Partial<LogQuery> = {}) =>
    (await read([join(directoryOf({ log: content }), 'log')], { by, ...query })).lines.map((each) =>
      each.replace(/ +[0-9]{4}-.*| +LAST$/, ''),
    );
  test('by user', async () => {
    expect(await counted('user')).toEqual([
      'USER   ALLOWED  DENIED',
      'alice        2       1',
      'bob          0       1',
    ]);
  });
  test('by rule: a rule once a call', async () => {
    expect(await counted('rule')).toEqual([
      'RULE            DENIED  USERS',
      'volume_mounts        2      2',
      'images.allowed       1      1',
    ]);
  });
  test('of a part', async () => {
    expect(await counted('rule', { user: 'bob' })).toEqual([
      'RULE           DENIED  USERS',
      'volume_mounts       1      1',
    ]);
    expect(await counted('rule', { decision: 'allow' })).toEqual(['RULE  DENIED  USERS']);
  });
  test('as JSON', async () => {
    const { lines } = await read([join(directoryOf({ log: content }), 'log')], { by: 'rule', json: true });
    expect(lines.map((each) => JSON.parse(each))).toEqual([
      { rule: 'volume_mounts', denied: 2, users: 2, last: '2019-11-22T10:03:00.000Z' },
      { rule: 'images.allowed', denied: 1, users: 1, last: '2019-11-22T10:02:00.000Z' },
    ]);
  });
  test('a refusal without a rule', async () => {
    const text = `${JSON.stringify({ ...JSON.parse(line(1)), decision: 'deny' })}\n`;
    const { lines } = await read([join(directoryOf({ log: text }), 'log')], { by: 'rule' });
    expect(lines[1]).toMatch(/^\(no rule\) +1 +1 /);
  });
});

describe('hostile lines', () => {
  test('what is no record is counted and told, and the rest is shown', async () => {
    const broken = [
      'x',
      '[]',
      '5',
      'null',
      '{}',
      '{"time":"never","user":"a","uid":1,"decision":"allow"}',
      line(1).slice(0, 50),
    ];
    const text = `${line(1, { user: 'one' })}${broken.join('\n')}\n\n${line(2, { user: 'two' })}`;
    const directory = directoryOf({ log: text });
    const { lines, remarks } = await read([join(directory, 'log')], { json: true });
    expect(lines).toHaveLength(2);
    expect(remarks).toEqual([`${directory}/log has 7 lines that are no record, the first at line 2`]);
  });
  test('nothing of it reaches a terminal as it is', async () => {
    const evil = '\u001b]0;x\u0007\u009b2J\u202e\r';
    const record = {
      ...JSON.parse(line(1)),
      user: evil,
      argv: [evil],
      decision: 'deny',
      reasons: [{ rule: evil, message: evil }],
    };
    const path = join(directoryOf({ log: `${JSON.stringify(record)}\n` }), 'log');
    for (const query of [
      {},
      { json: true },
      { by: 'user' },
      { by: 'rule' },
      { by: 'rule', json: true },
    ] as const) {
      const { text } = await read([path], query);
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });
  test('a table is no wider than the terminal', async () => {
    const text =
      line(1, { user: 'a-very-long-name-of-a-user', argv: ['run', 'x'.repeat(500)] }) +
      line(2, { argv: ['😀'.repeat(200)], rules: ['nvidia.exclusive_container_gpu_reservation'] });
    const path = join(directoryOf({ log: text }), 'log');
    for (const width of [40, 80, 120]) {
      for (const query of [{}, { by: 'user' }, { by: 'rule' }] as const) {
        const { lines } = await read([path], { width, ...query });
        expect(Math.max(...lines.map((each) => [...each].length))).toBeLessThanOrEqual(width);
      }
    }
  });
  test('a packed file that breaks off', async () => {
    const whole = gzipSync(
      Array.from({ length: 5000 }, (_, index) => line(index % 60, { argv: [String(Math.random())] })).join(
        '',
      ),
    );
    const directory = directoryOf({
      'a.gz': whole.subarray(0, whole.length / 2),
      b: line(1, { user: 'last' }),
    });
    const { lines, remarks } = await read([join(directory, 'a.gz'), join(directory, 'b')], { json: true });
    expect(remarks.join()).toMatch(/a\.gz: .*after line [0-9]+/);
    expect(lines.at(-1)).toContain('"user":"last"');
  });
  test('a packed file that is none, and a directory', async () => {
    const directory = directoryOf({ 'a.gz': 'not packed\n' });
    expect((await read([join(directory, 'a.gz'), directory], { json: true })).remarks).toHaveLength(2);
  });
});

test('a reader that has gone ends it', async () => {
  const path = join(
    directoryOf({ log: Array.from({ length: 20_000 }, (_, index) => line(index % 60)).join('') }),
    'log',
  );
  let writes = 0;
  const { sources } = openSources([path, path]);
  const { stopped } = await readLog(sources, everything, () => {
    writes += 1;
    return false;
  });
  expect({ stopped, writes }).toEqual({ stopped: true, writes: 1 });
});

test('of a log without end no more is read than the reader wants', async () => {
  const fifo = join(directoryOf({}), 'fifo');
  spawnSync('/usr/bin/mkfifo', [fifo]);
  const endless = spawn('/bin/sh', ['-c', 'exec yes "$0" >"$1"', line(1).trimEnd(), fifo], {
    stdio: 'ignore',
  });
  const { sources } = openSources([fifo]);
  let writes = 0;
  const { stopped } = await readLog(sources, everything, () => {
    writes += 1;
    return writes < 3;
  });
  endless.kill();
  expect({ stopped, writes }).toEqual({ stopped: true, writes: 3 });
});

test('memory stays flat', { timeout: 120_000 }, async () => {
  const mebibyte = 1024 ** 2;
  const directory = directoryOf({});
  const records = Array.from({ length: 2000 }, (_, index) =>
    line(index % 60, { argv: ['x'.repeat(200)] }),
  ).join('');
  function* pieces(): Generator<string | Buffer> {
    for (let size = 0; size < 60 * mebibyte; size += records.length) yield records;
    // A line that does not end, which packs to nothing.
    for (let size = 0; size < 200; size += 1) yield Buffer.alloc(mebibyte, 'x');
    yield `\n${records}`;
  }
  await pipeline(
    Readable.from(pieces(), { objectMode: false }),
    createGzip({ level: 1 }),
    createWriteStream(join(directory, 'big.gz')),
  );
  const before = process.memoryUsage.rss();
  let most = before;
  const { sources } = openSources([join(directory, 'big.gz')]);
  const { remarks } = await readLog(sources, { ...everything, json: true }, () => {
    most = Math.max(most, process.memoryUsage.rss());
    return true;
  });
  expect(remarks.join()).toContain('a line that is no record');
  expect((most - before) / mebibyte).toBeLessThan(150);
});

test('while it is written to', async () => {
  const directory = directoryOf({ log: line(1) });
  chmodSync(join(directory, 'log'), 0o600);
  const { sources } = openSources([join(directory, 'log')]);
  appendFileSync(join(directory, 'log'), line(2));
  let text = '';
  await readLog(sources, { ...everything, json: true }, (more) => {
    text += more;
    return true;
  });
  expect(text.split('\n')).toHaveLength(3);
});
