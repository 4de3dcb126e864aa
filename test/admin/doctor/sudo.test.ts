/** What sudo 1.9.13 says with `-ll -U`, and what is wrong with it. */
import { describe, expect, test } from 'vitest';
import type { SudoFacts } from '../../../src/admin/doctor/gather/sudo.ts';
import { doasRules } from '../../../src/admin/doctor/judge/other-ways.ts';
import { commandsOf, judgeSudo } from '../../../src/admin/doctor/judge/sudo.ts';
import {
  coversPath,
  flagFor,
  listFor,
  parseSudoListing,
} from '../../../src/admin/doctor/judge/sudo-listing.ts';

interface Rules {
  /** Of `Matching Defaults entries`. */
  readonly defaults?: string;
  readonly special?: readonly string[];
  readonly entries?: readonly string[];
}

const launchers = '/usr/local/bin/userdocker, /usr/local/bin/nvidia-userdocker';
const shippedSpecial = [
  `Defaults!${launchers} env_reset, !setenv`,
  `Defaults!${launchers} env_keep="NV_GPU NVIDIA_VISIBLE_DEVICES NO_COLOR"`,
  `Defaults!${launchers} env_check="TERM LANG LC_ALL LC_CTYPE"`,
];
const shippedEntry = entryOf(
  'root',
  '!setenv, !authenticate',
  '/usr/local/bin/userdocker',
  '/usr/local/bin/nvidia-userdocker',
);
const secure = 'secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin\\:/usr/bin\\:/sbin\\:/bin';

function entryOf(runAs: string, options: string, ...commands: readonly string[]): string {
  return [
    'Sudoers entry: /etc/sudoers.d/x',
    `    RunAsUsers: ${runAs}`,
    ...(options === '' ? [] : [`    Options: ${options}`]),
    '    Commands:',
    ...commands.map((command) => `\t${command}`),
    '',
  ].join('\n');
}

function listing({
  defaults = `env_reset, mail_badpass, ${secure}, use_pty`,
  special = shippedSpecial,
  entries = [shippedEntry],
}: Rules = {}) {
  return [
    'Matching Defaults entries for alice on node:',
    `    ${defaults}`,
    '',
    'Runas and Command-specific defaults for alice:',
    ...special.map((line) => `    ${line}`),
    '',
    'User alice may run the following commands on node:',
    '',
    ...entries,
  ].join('\n');
}

const commands = commandsOf('/usr/local', ['/usr/bin/docker', '/opt/docker/docker']);
const healthy: SudoFacts = {
  version: '1.9.17p1',
  package: { packaged: false, mentioned: undefined },
  check: { status: 0, text: '/etc/sudoers: parsed OK\n' },
  listings: [{ user: 'alice', text: listing() }],
  leftOut: 0,
  doas: undefined,
  polkit: [],
};

function judge(more: Partial<SudoFacts> = {}) {
  return judgeSudo({ ...healthy, ...more }, commands).map(({ severity, id }) => `${severity} ${id}`);
}
const judgeRules = (rules: Rules) => judge({ listings: [{ user: 'alice', text: listing(rules) }] });

describe('a healthy installation', () => {
  test('the rule as it is installed', () => {
    expect(judge()).toEqual([]);
  });
  test.each<[string, Rules]>([
    ['everything as somebody else', { entries: [shippedEntry, entryOf('bob', '', 'ALL')] }],
    ['NOSETENV in the rule alone', { special: [], defaults: 'env_reset, setenv' }],
    [
      'settings of the machine that the rule undoes',
      { defaults: '!env_reset, setenv, env_keep+=LD_PRELOAD' },
    ],
    [
      'rules for other programs',
      {
        entries: [
          shippedEntry,
          entryOf('root', 'setenv', '/usr/bin/systemctl restart x', '/usr/bin/docker-compose-check'),
        ],
      },
    ],
    ['a program forbidden', { entries: [shippedEntry, entryOf('root', '', '!/usr/bin/docker')] }],
    ['docker as somebody else', { entries: [shippedEntry, entryOf('builder', '', '/usr/bin/docker')] }],
    [
      'a rule with a password, and with arguments',
      { entries: [entryOf('root', '!setenv', '/usr/local/bin/userdocker ps *')] },
    ],
    ['harmless variables', { special: [...shippedSpecial, `Defaults!${launchers} env_keep+="TZ LC_*"`] }],
  ])('%s', (_name, rules) => {
    expect(judgeRules(rules)).toEqual([]);
  });
});

describe('planted', () => {
  test.each<[string, Rules, string]>([
    [
      'SETENV',
      { entries: [shippedEntry, entryOf('root', 'setenv, !authenticate', '/usr/local/bin/userdocker')] },
      'fault sudo-setenv',
    ],
    [
      'SETENV with a digest',
      { entries: [entryOf('root', 'setenv', `sha256:${'0'.repeat(64)} /usr/local/bin/userdocker`)] },
      'fault sudo-setenv',
    ],
    [
      'setenv by default',
      {
        special: [],
        defaults: 'env_reset, setenv',
        entries: [entryOf('root', '', '/usr/local/bin/userdocker')],
      },
      'fault sudo-setenv',
    ],
    [
      'setenv for the command',
      {
        special: [...shippedSpecial, `Defaults!${launchers} setenv`],
        entries: [entryOf('ALL', '', '/usr/local/bin/userdocker')],
      },
      'fault sudo-setenv',
    ],
    ['!env_reset', { special: [], defaults: 'env_reset, !env_reset' }, 'fault sudo-env-reset'],
    [
      '!env_reset for the command',
      { special: [...shippedSpecial, `Defaults!${launchers} !env_reset`] },
      'fault sudo-env-reset',
    ],
    [
      'env_keep of LD_PRELOAD',
      { special: [], defaults: 'env_reset, env_keep+=LD_PRELOAD' },
      'fault sudo-env-keep',
    ],
    [
      'env_keep of LD_*',
      { special: [...shippedSpecial, `Defaults!${launchers} env_keep+="FOO LD_*"`] },
      'fault sudo-env-keep',
    ],
    [
      'userdocker-admin',
      { entries: [shippedEntry, entryOf('root', '', '/usr/local/sbin/userdocker-admin check')] },
      'fault sudo-admin',
    ],
    [
      'the program past its launcher',
      { entries: [shippedEntry, entryOf('root', '', '/usr/local/lib/userdocker/userdocker')] },
      'fault sudo-program',
    ],
    [
      'docker without a password',
      { entries: [shippedEntry, entryOf('root', '!authenticate', '/usr/bin/docker')] },
      'fault sudo-docker',
    ],
    [
      'docker with arguments',
      { entries: [shippedEntry, entryOf('root', '', '/usr/bin/docker ps')] },
      'fault sudo-docker',
    ],
    [
      'an executor',
      { entries: [shippedEntry, entryOf('root', '', '/opt/docker/docker')] },
      'fault sudo-docker',
    ],
    [
      'a wildcard',
      { entries: [shippedEntry, entryOf('root', '', '/usr/local/bin/*')] },
      'fault sudo-wildcard',
    ],
    [
      'a directory',
      { entries: [shippedEntry, entryOf('root', '', '/usr/local/sbin/')] },
      'fault sudo-wildcard',
    ],
    [
      'a regular expression',
      { entries: [shippedEntry, entryOf('root', '', '^/usr/bin/do.*$')] },
      'fault sudo-wildcard',
    ],
    [
      'another path',
      { entries: [shippedEntry, entryOf('root', '', '/opt/old/bin/userdocker')] },
      'warning sudo-other-path',
    ],
    [
      'as another user',
      { entries: [shippedEntry, entryOf('bob', '', '/usr/local/bin/userdocker')] },
      'warning sudo-runas',
    ],
    ['an admin', { entries: [shippedEntry, entryOf('ALL', 'setenv', 'ALL')] }, 'note sudo-all'],
    ['nobody may', { entries: [] }, 'note sudo-nobody'],
  ])('%s', (_name, rules, expected) => {
    // Of a user who has no rule of the usual kind it is also said that nobody may call userdocker.
    const plain = { user: 'bob', text: listing() };
    const listings = expected.endsWith('sudo-nobody') ? [] : [plain];
    expect(judge({ listings: [...listings, { user: 'alice', text: listing(rules) }] })).toEqual([expected]);
  });
  test.each<[string, Partial<SudoFacts>, string]>([
    ['no sudo', { version: undefined }, 'fault sudo-missing'],
    ['an old sudo', { version: '1.8.31' }, 'fault cve-sudo'],
    ['syntax', { check: { status: 1, text: '/etc/sudoers.d/x:1:5: syntax error\n' } }, 'fault sudo-syntax'],
    ['visudo does not answer', { check: { status: undefined, text: '' } }, 'fault sudo-syntax'],
    [
      'a user without an answer',
      { listings: [...healthy.listings, { user: 'bob', text: undefined }] },
      'warning sudo-silent',
    ],
    ['too many users', { leftOut: 9 }, 'note sudo-left-out'],
    ['doas for the admin', { doas: 'permit :staff cmd userdocker-admin' }, 'fault doas-root'],
    [
      'doas for docker',
      { doas: '# x\npermit nopass alice as root cmd /usr/bin/docker args ps\n' },
      'fault doas-root',
    ],
    [
      'doas with the environment',
      { doas: 'permit keepenv alice cmd /usr/local/bin/userdocker' },
      'fault doas-environment',
    ],
    ['doas for userdocker', { doas: 'permit nopass \\\n :users cmd userdocker' }, 'warning doas-userdocker'],
    [
      'polkit',
      { polkit: [{ file: '/x.policy', text: '<annotate>/usr/local/bin/userdocker</annotate>' }] },
      'warning polkit-userdocker',
    ],
    [
      'polkit for the admin',
      { polkit: [{ file: '/x.rules', text: 'userdocker-admin' }] },
      'fault polkit-admin',
    ],
  ])('%s', (_name, planted, expected) => {
    expect(judge(planted)).toEqual([expected]);
  });
  test.each([
    'deny alice cmd docker',
    'permit alice cmd ls',
    'permit alice as bob cmd docker',
    'permit :wheel',
    '#permit alice cmd docker',
    'permit root cmd docker',
  ])('doas, no matter: %s', (doas) => {
    expect(judge({ doas })).toEqual([]);
  });
});

test('sudo-rs has a version of its own, and another make is to be looked up', () => {
  expect(judge({ version: 'sudo-rs 0.2.8' })).toEqual([]);
  expect(judge({ version: 'unknown' })).toEqual(['note cve-sudo-unknown']);
});

test('users with the same rule are one finding', () => {
  const text = listing({ entries: [shippedEntry, entryOf('root', '', '/usr/bin/docker')] });
  const listings = Array.from({ length: 40 }, (_, index) => ({ user: `user${index}`, text }));
  const found = judgeSudo({ ...healthy, listings }, commands);
  expect(found).toHaveLength(1);
  expect(found[0]?.message).toMatch(
    /^user0, user1, user2, user3 and 36 more may run \/usr\/bin\/docker as root: /,
  );
});

describe('the listing', () => {
  test('of a user without rules', () => {
    expect(parseSudoListing('User nobody is not allowed to run sudo on node.\n')).toEqual({
      defaults: [],
      commandDefaults: [],
      entries: [],
    });
  });
  test('broken into lines of 80 columns', () => {
    const text = listing({ defaults: '!env_reset,\n    setenv' })
      .replaceAll('nvidia-userdocker env', 'nvidia-userdocker\n    env')
      .replaceAll('NV_GPU NVIDIA', 'NV_GPU\n    NVIDIA');
    const parsed = parseSudoListing(text);
    expect(parsed.defaults).toEqual(['!env_reset', 'setenv']);
    expect(flagFor(parsed, '/usr/local/bin/userdocker', 'env_reset', false)).toBe(true);
    expect(listFor(parsed, '/usr/local/bin/nvidia-userdocker', 'env_keep')).toEqual([
      'NV_GPU',
      'NVIDIA_VISIBLE_DEVICES',
      'NO_COLOR',
    ]);
    expect(judge({ listings: [{ user: 'alice', text }] })).toEqual([]);
  });
  test('of roles in LDAP', () => {
    const text = listing({
      entries: [
        `LDAP Role: docker\n    RunAsUsers: root\n    Options: setenv\n    Commands:\n\t/bin/a b, c\n`,
      ],
    });
    expect(parseSudoListing(text).entries).toEqual([
      { runAs: ['root'], options: ['setenv'], commands: ['/bin/a b, c'] },
    ]);
  });
  test('options with commas, quotes and colons', () => {
    const { defaults } = parseSudoListing(
      listing({ defaults: `env_reset, env_keep="A B, C", badpass_message=x\\,y, ${secure}` }),
    );
    expect(defaults).toEqual(['env_reset', 'env_keep="A B, C"', 'badpass_message=x\\,y', secure]);
  });
  test('the last word counts, a command’s own after all others', () => {
    const parsed = parseSudoListing(
      listing({ defaults: 'env_reset, !env_reset, env_keep+=A, env_keep+="B C", env_keep-=C' }),
    );
    expect(flagFor(parsed, '/bin/other', 'env_reset', true)).toBe(false);
    expect(flagFor(parsed, '/usr/local/bin/userdocker', 'env_reset', false)).toBe(true);
    expect(flagFor(parsed, '/bin/other', 'requiretty', true)).toBe(true);
    expect(listFor(parsed, '/bin/other', 'env_keep')).toEqual(['A', 'B']);
    expect(listFor(parsed, '/usr/local/bin/userdocker', 'env_keep')).toEqual([
      'NV_GPU',
      'NVIDIA_VISIBLE_DEVICES',
      'NO_COLOR',
    ]);
  });
  test.each([
    ['/bin/docker', true],
    ['/bin/docker ps', true],
    ['ALL', true],
    ['/bin/', true],
    ['/bin/d?cker', true],
    ['/bin/[a-e]*', true],
    ['/bin/[!a-e]*', false],
    ['/*', false],
    ['/*/docker', true],
    ['^/bin/.*$', true],
    ['^/sbin/', false],
    ['!/bin/docker', false],
    ['/bin/docker2', false],
    ['/bin/do\\*', false],
    ['/', false],
    ['^(', true],
  ])('%s lets /bin/docker be run: %s', (command, expected) => {
    expect(coversPath(command, '/bin/docker')).toBe(expected);
  });
});

test('doas.conf(5)', () => {
  expect(
    doasRules('permit nopass setenv { -FOO BAR=x } "alice" as root cmd "/bin/a b" args c # end'),
  ).toEqual([
    { options: 'nopass setenv { -FOO BAR=x }', identity: 'alice', target: 'root', command: '/bin/a b' },
  ]);
});
