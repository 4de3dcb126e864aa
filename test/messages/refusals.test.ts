/**
 * Every kind of message that a refused command line gets, in one file that people read: refusals.txt. A change of it is a
 * change of the program's voice: `npx vitest run --project unit test/messages -u`, and then read it, all of it.
 */
import { describe, expect, test } from 'vitest';
import type { Failure, Reason } from '../../src/domain/errors.ts';
import { loadPainter } from '../../src/report/painter.ts';
import { renderFailure } from '../../src/report/render.ts';
import { shellQuote } from '../../src/report/shell.ts';
import { type Case, groups } from './cases.ts';
import { elsewhere } from './elsewhere.ts';
import { failureOn } from './support.ts';

const refused = Object.entries(groups).flatMap(([group, cases]) =>
  cases.map((each) => ({
    ...each,
    ...(group === 'GPUs' ? { about: 'GPU' } : {}),
    failure: failureOn(each.line, each.call),
  })),
);
const all = [...refused, ...elsewhere];

const asUser = (failure: Failure, width?: number) => renderFailure(failure, { isRoot: false, width });
const asRoot = (failure: Failure) => renderFailure(failure, { isRoot: true });

function wordsOf({ line }: Pick<Case, 'line'>): readonly string[] {
  return typeof line === 'string' ? line.split(' ') : line;
}

function commandLine(each: Case): string {
  const variables = Object.entries(each.call?.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  const words = wordsOf(each).map((word) =>
    /^[\w=:,./-]+$/.test(word) ? word : shellQuote(['-', word], 'escaped').slice(2),
  );
  return [...variables, 'userdocker', ...words].join(' ');
}

describe('the file', () => {
  const heading = (title: string) => `${title}\n${'='.repeat(title.length)}\n\n`;

  test('refusals.txt', async () => {
    const parts = Object.entries(groups).map(([group, cases]) => {
      const blocks = cases.map((each) => {
        const yaml =
          each.call?.yaml === undefined || each.call.yaml === '' ? '' : `# ${each.call.yaml.trim()}\n`;
        const text = asUser(failureOn(each.line, each.call), 100);
        return `--- ${each.title}\n${yaml}$ ${commandLine(each)}\n${text}`;
      });
      return heading(group) + blocks.join('\n');
    });
    const others = elsewhere.map(({ title, failure }) => {
      const root = asRoot(failure);
      const text = asUser(failure, 100);
      return `--- ${title}\n${text}${failure.code === 'config' ? `--- the same, for root\n${root}` : ''}`;
    });
    const text = [...parts, heading('Before and behind the decision') + others.join('\n')].join('\n\n');
    await expect(text).toMatchFileSnapshot('refusals.txt');
  });
  test('has a good many', () => expect(all.length).toBeGreaterThan(110));
});

describe.each(refused)('$title', (each) => {
  const { failure } = each;

  test('says what was refused, by which rule, and what to do instead', () => {
    const said = [...wordsOf(each), ...Object.keys(each.call?.environment ?? {})].flatMap((word) =>
      word.split(/[=:,]/).filter((part) => part.length > 1),
    );
    const machine = each.about === undefined ? [] : [each.about];
    const names = (message: string) => [...said, ...machine].some((word) => message.includes(word));
    for (const { rule, message, instead } of reasonsOf(failure)) {
      expect(rule).toMatch(/^[a-z][A-Za-z_-]*(?:\.[a-z_-]+)*$/);
      expect(names(message) ? 'named' : message).toBe('named');
      expect(instead ?? '').not.toBe('');
      for (const text of [message, instead ?? '']) expect(text).toMatch(/^\S.*(?:[^\s.]|\.\.\.)$/s);
    }
  });
});

/** A wrong usage has a hint in place of rule and remedy. */
function reasonsOf(failure: Failure): readonly Reason[] {
  switch (failure.code) {
    case 'denied':
      return failure.reasons;
    case 'usage':
    case 'unavailable':
      return [
        {
          rule: failure.code,
          message: failure.message,
          ...(failure.hint === undefined ? {} : { instead: failure.hint }),
        },
      ];
    case 'config':
      return [];
  }
}

describe.each(all)('$title', ({ title, failure }) => {
  const text = asUser(failure);

  test('tells a user nothing that is not theirs to know', () => {
    const line = refused.find((each) => each.title === title);
    // Who has a GPU is told to everybody (`ps --gpu-used`), and a configuration's file is named so that an admin can be asked.
    const about = line?.about === 'GPU' || failure.code === 'config' ? '' : text;
    const typed = line === undefined ? [] : wordsOf(line).flatMap((word) => word.split(/[ :=/,]/));
    const foreign = ['bob', 'bob_1', 'carol', '/home/bob', '/etc/userdocker'].filter(
      (name) => !typed.includes(name),
    );
    for (const name of foreign) expect(about.split(/[\s,()]+/)).not.toContain(name);
    expect(text).not.toMatch(/\.(?:yaml|ts|js):\d|^\s+at |undefined|\[object|NaN|\$\{/);
  });
  test('looks the same at every width, but for its line ends', () => {
    const bare = (rendered: string) => rendered.replace(/\s+/g, ' ');
    for (const width of [60, 80, 120, 200]) {
      const wrapped = asUser(failure, width);
      expect(bare(wrapped)).toBe(bare(text));
      for (const row of wrapped.split('\n')) {
        const breakable = row
          .trimStart()
          .replace(/^(?:Rule|Instead|Hint|File):/, '')
          .trim()
          .includes(' ');
        if (breakable) expect([...row].length).toBeLessThanOrEqual(width);
      }
    }
  });
  test('with and without colour, and in a log', async () => {
    const coloured = renderFailure(failure, { isRoot: false, width: 80, paint: await loadPainter(true) });
    expect(coloured.replace(/\u001b\[[0-9;]*m/g, '')).toBe(asUser(failure, 80));
    // Every line of it can be found again by a word at its beginning.
    for (const row of text.trimEnd().split('\n'))
      expect(row).toMatch(/^(?:userdocker: | {2}(?:Rule|Instead|Hint|File): )\S/);
  });
});

describe('root reads which line says so', () => {
  test.each(refused.filter(({ failure }) => reasonsOf(failure).some(({ origin }) => origin !== undefined)))(
    '$title',
    ({ failure }) => {
      for (const { origin } of reasonsOf(failure)) {
        if (origin === undefined) continue;
        expect(asRoot(failure)).toContain(`(${origin.file}:${origin.line})`);
        expect(asUser(failure)).not.toContain(origin.file);
      }
    },
  );
});

describe('typing errors', () => {
  test.each([
    ['rnu debian', 'run'],
    ['attahc x', 'attach'],
    ['imags', 'images'],
    ['exlpain ps', 'explain'],
    ['completoin bash', 'completion'],
    ['--dryrun ps', '--dry-run'],
    ['--no-default-arg ps', '--no-default-args'],
    ['--quite ps', '--quiet'],
    ['--executer=docker ps', '--executor'],
    ['--executor=dokcer ps', '--executor=docker'],
    ['--executor nvidia-doker run debian', '--executor=nvidia-docker'],
    ['run --intreactive debian', '--interactive'],
    ['run --volme /a:/a debian', '--volume'],
    ['run -name x debian', '--name'],
    ['run --no-default-mount debian', '--no-default-mounts'],
    ['ps --gpu-fre', '--gpu-free'],
    ['exec --workdri / mine id', '--workdir'],
    ['run --inter debian', '--interactive'],
  ])('%s: did you mean %s?', (line, meant) => {
    const [reason] = reasonsOf(failureOn(line));
    expect(reason?.instead).toMatch(new RegExp(`(?:did you mean|can't be shortened:) ${meant}\\b`));
  });
});
