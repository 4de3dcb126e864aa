import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseAdminCall } from '../../src/admin/command-line.ts';
import { showJson, showText } from '../../src/admin/show.ts';
import { loadMerged } from '../../src/config/load.ts';
import { plain } from '../../src/config/node.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { userdockerVersion } from '../../src/version.ts';
import { alice, configDirectory } from '../config/support.ts';

function shown(yaml: string) {
  const directory = configDirectory({ 'config.yaml': yaml });
  const { loaded, merged } = loadMerged({ directory, caller: alice });
  return { directory, loaded, merged, text: showText(alice, loaded.files, merged) };
}

const yaml = `limits:
  memory: 64g
env: {ODD: "it's: #", NUMBER: '5', YES: 'yes', BIDI: "a\\u202eb", EMPTY: ''}
allowed_subcommands: []
args: {run: {available+: [{flag: --uts, pattern: 'a|b'}]}}
`;

describe('a merged policy', () => {
  test('is YAML that says the same', () => {
    const { text, merged } = shown(yaml);
    expect(parse(text)).toEqual(JSON.parse(JSON.stringify(plain(merged))));
    expect(text).not.toContain('\u202e');
  });
  test('every value with its file and line', () => {
    const { text, directory } = shown(yaml);
    expect(text).toMatch(new RegExp(`^  memory: '64g' +# ${directory}/config.yaml:2$`, 'm'));
    expect(text).toMatch(new RegExp(`^  containers: 32 +# ${directory}/default.yaml:[0-9]+$`, 'm'));
    expect(text).toMatch(
      new RegExp(`^      - {flag: --uts, pattern: 'a\\|b'} +# ${directory}/config.yaml:5$`, 'm'),
    );
    const values = text.split('\n').filter((line) => /^ *(?:- |[^#]+: )/.test(line));
    expect(values.length).toBeGreaterThan(100);
    expect(values.filter((line) => !/ # \S+:[0-9]+$/.test(line))).toEqual([]);
  });
  test('whose it is', () => {
    const { text, directory } = shown('');
    expect(text.split('\n').slice(0, 3)).toEqual([
      '# The policy of alice: uid 1000, gid 1000, home /home/alice',
      '# groups 1000(users) 2000(lab) 3000',
      `# files: ${directory}/config.yaml`,
    ]);
  });
  test('as JSON', () => {
    const { loaded, merged, directory } = shown(yaml);
    const document: unknown = JSON.parse(showJson(alice, loaded.files, merged));
    expect(document).toMatchObject({ user: 'alice', files: [`${directory}/config.yaml`] });
    expect(document).toHaveProperty(
      'settings',
      expect.arrayContaining([
        { path: 'limits.memory', value: '64g', layer: 'config', file: `${directory}/config.yaml`, line: 2 },
        expect.objectContaining({ path: 'args.run.always[0]', value: '--rm', layer: 'default' }),
        expect.objectContaining({ path: 'allowed_subcommands', value: [], layer: 'config', line: 4 }),
      ]),
    );
  });
});

describe('the command line', () => {
  const emptyLog = {
    kind: 'log',
    user: undefined,
    since: undefined,
    until: undefined,
    decision: undefined,
    by: undefined,
    json: false,
    files: [],
  };
  test.each([
    [['check'], { kind: 'check' }],
    [['show', '--user', 'alice'], { kind: 'show', user: 'alice', json: false }],
    [['show', '--user=0', '--format=json'], { kind: 'show', user: '0', json: true }],
    [['doctor'], { kind: 'doctor', json: false, quiet: false }],
    [['doctor', '-q', '--format=json'], { kind: 'doctor', json: true, quiet: true }],
    [['log'], emptyLog],
    [['log', '--denied', '--since', '-2h'], { ...emptyLog, decision: 'deny', since: '-2h' }],
    [
      ['log', '--allowed', '--by', 'user', '--until=now'],
      { ...emptyLog, decision: 'allow', by: 'user', until: 'now' },
    ],
    [
      ['log', '--user', 'bob', '--format', 'json', 'a.gz', '-'],
      { ...emptyLog, user: 'bob', json: true, files: ['a.gz', '-'] },
    ],
    [['--version'], { kind: 'text', text: `userdocker-admin ${userdockerVersion}\n` }],
    [['--help'], { kind: 'text', text: expect.stringMatching(/Usage: userdocker-admin.*check.*show/s) }],
    [['show', '-h'], { kind: 'text', text: expect.stringContaining('--user <NAME>') }],
  ])('%j', (argv, expected) => {
    expect(parseAdminCall(argv)).toEqual(expected);
  });
  test.each([
    [[], 'which command?'],
    [['chekc'], 'chekc'],
    [['show'], '--user'],
    [['show', '--user', 'a', '--format', 'xml'], 'xml'],
    [['check', 'x'], 'check'],
    [['help'], 'help'],
    [['doctor-part', 'disk'], 'doctor-part'],
    [['doctor', '--format', 'table'], 'table'],
    [['log', '--denied', '--allowed'], '--allowed'],
    [['log', '--by', 'gpu'], 'gpu'],
    [['log', '--since'], '--since'],
  ])('wrong: %j', (argv, word) => {
    const failure = failureOf(() => parseAdminCall(argv));
    expect(failure).toMatchObject({ code: 'usage', message: expect.stringContaining(word) });
  });
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (error instanceof UserdockerError) return error.failure;
    throw error;
  }
  return undefined;
}
