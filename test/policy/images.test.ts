import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import {
  carriesReference,
  effectivePull,
  exposedPorts,
  foreignTree,
  judgeDigest,
  judgeImage,
  judgePlatform,
  judgeRemoval,
  ownTree,
  parseTagTree,
  visibleTags,
} from '../../src/policy/images.ts';
import { type ImageReference, parseReference } from '../../src/policy/reference.ts';

const alice: Policy['images'] = {
  allowed: ['^[A-Za-z_].*'],
  pull: 'default',
  load_tags: 'localhost/alice/',
  load_tags_template: 'localhost/${user}/',
  load_max: 1000,
};
const registry: Policy['images'] = {
  ...alice,
  load_tags: 'registry.lab:5000/u/1000/',
  load_tags_template: 'registry.lab:5000/u/${uid}/',
};

function reference(text: string): ImageReference {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
function judge(text: string, policy = alice, isRoot = false) {
  return judgeImage({ reference: reference(text), policy, isRoot });
}

describe('whose tree', () => {
  test.each([
    [alice, 'localhost/alice/x:1', 'own'],
    [alice, 'localhost/alice/ghcr.io_443/a/b:1', 'own'],
    [alice, 'localhost/bob/x:1', 'foreign'],
    [alice, 'localhost/bob/alice/x', 'foreign'],
    [alice, 'localhost/alicex/x', 'foreign'],
    [alice, 'localhost/alic/x', 'foreign'],
    [alice, 'localhost:443/bob/x', 'foreign'],
    [alice, 'localhost:80/bob/x', 'foreign'],
    [alice, 'localhost/alice:1', 'nobody'],
    [alice, 'localhost/bob', 'nobody'],
    [alice, 'localhost:5000/bob/x', 'nobody'],
    [alice, 'debian:12', 'nobody'],
    [alice, 'alice/x', 'nobody'],
    [alice, 'registry.lab/localhost/bob/x', 'nobody'],
    [registry, 'registry.lab:5000/u/1000/x', 'own'],
    [registry, 'registry.lab:5000/u/1001/x', 'foreign'],
    [registry, 'registry.lab:5000/u/1001/1000/x', 'foreign'],
    [registry, 'registry.lab:5000/v/1001/x', 'nobody'],
    [registry, 'registry.lab/u/1001/x', 'nobody'],
    [registry, 'localhost/bob/x', 'nobody'],
    [
      { ...alice, load_tags: 'registry.lab/alice/', load_tags_template: 'registry.lab/${user}/' },
      'registry.lab:443/bob/x',
      'foreign',
    ],
    [
      { ...alice, load_tags: 'localhost/u-alice/', load_tags_template: 'localhost/u-${user}/' },
      'localhost/u-bob/x',
      'foreign',
    ],
    [
      { ...alice, load_tags: 'localhost/u-alice/', load_tags_template: 'localhost/u-${user}/' },
      'localhost/bob/x',
      'nobody',
    ],
    [
      { ...alice, load_tags: 'localhost/all/', load_tags_template: 'localhost/all/' },
      'localhost/all/x',
      'own',
    ],
    [
      { ...alice, load_tags: 'localhost/alice', load_tags_template: 'localhost/${user}' },
      'localhost/bob/x',
      'foreign',
    ],
  ] as const)('%#: %s is %s', (policy, text, whose) => {
    expect(ownTree(reference(text), policy)).toBe(whose === 'own');
    expect(foreignTree(reference(text), policy)).toBe(whose === 'foreign');
  });

  test('a user with a dot in the name does not make a pattern of it', () => {
    const john = { ...alice, load_tags: 'localhost/john.doe/' };
    expect(ownTree(reference('localhost/john.doe/x'), john)).toBe(true);
    expect(foreignTree(reference('localhost/johnxdoe/x'), john)).toBe(true);
  });

  test('a setting that is no tree is no policy', () => {
    expect(() => judge('debian', { ...alice, load_tags: '' })).toThrow(/load_tags/);
    expect(() => judge('debian', { ...alice, load_tags_template: '${user}/' })).toThrow(/load_tags/);
  });
});

test.each([
  ['localhost/${user}/', true],
  ['localhost/${user}', true],
  ['registry.lab:5000/u/${uid}/', true],
  ['localhost/u-${user}-x/', true],
  ['lab/${user}/', true],
  ['', false],
  ['/', false],
  ['localhost/', false],
  ['${user}/', false],
  ['${user}/x/', false],
  ['localhost/${user}-/', false],
  ['localhost//x/', false],
  ['Localhost/${user}/', false],
  ['localhost/../x/', false],
  ['docker.io/library/x:y/', false],
])('parseTagTree(%j): %s', (setting, valid) => {
  expect(parseTagTree(setting).ok).toBe(valid);
});

describe('judgeImage', () => {
  test.each([
    ['debian', ['debian:.*'], 'allowed'],
    ['debian:12', ['debian:.*'], 'allowed'],
    ['debian:12', ['debian'], 'denied'],
    ['debian:12', ['debian:1'], 'denied'],
    ['debian', ['ubuntu:.*|debian:latest'], 'allowed'],
    ['evil/debian:12', ['debian:.*'], 'denied'],
    ['debian', [], 'denied'],
    ['0123abcd', ['[A-Za-z_].*'], 'denied'],
    ['localhost/alice/x', ['debian:.*'], 'denied'],
    ['localhost/alice/x', ['debian:.*', 'localhost/alice/.*'], 'allowed'],
    ['localhost/bob/x', ['.*'], 'missing'],
    ['localhost/bob/x', [], 'missing'],
    [`debian@sha256:${'a'.repeat(64)}`, ['debian:.*'], 'denied'],
    [`debian@sha256:${'a'.repeat(64)}`, ['debian[:@].*'], 'allowed'],
  ])('%s under %j is %s', (text, allowed, kind) => {
    expect(judge(text, { ...alice, allowed }).kind).toBe(kind);
  });

  test('says what would be allowed', () => {
    expect(judge('evil/x', { ...alice, allowed: ['debian:.*', 'ubuntu:.*'] })).toEqual({
      kind: 'denied',
      reasons: [
        {
          rule: 'images.allowed',
          message: 'evil/x:latest is not an image that the policy allows',
          instead: 'an image that matches debian:.* or ubuntu:.*',
        },
      ],
    });
  });

  test('root may all', () => {
    expect(judge('localhost/bob/x', { ...alice, allowed: [] }, true).kind).toBe('allowed');
  });
});

describe('carriesReference: found by name, or by an id that looks like one', () => {
  const byName = { repoTags: ['abc123:latest', 'box:1'], repoDigests: [`box@sha256:${'a'.repeat(64)}`] };
  test.each([
    ['abc123', true],
    ['box:1', true],
    ['box', false],
    ['abc12', false],
    [`box@sha256:${'a'.repeat(64)}`, true],
    [`abc123@sha256:${'a'.repeat(64)}`, false],
  ])('%s: %s', (text, carried) => {
    expect(carriesReference(reference(text), byName)).toBe(carried);
  });
});

describe('judgeDigest: what the engine keeps of a private repository', () => {
  test.each([
    [`ghcr.io/a/x@sha256:${'a'.repeat(64)}`, true, 1],
    [`ghcr.io/a/x@sha256:${'a'.repeat(64)}`, false, 0],
    ['ghcr.io/a/x:1', true, 0],
    ['ghcr.io/a/x', true, 0],
  ])('%s, private: %s', (text, isPrivate, reasons) => {
    expect(judgeDigest(reference(text), isPrivate)).toHaveLength(reasons);
  });
});

describe('judgeRemoval', () => {
  test.each([
    ['localhost/alice/x:1', 0],
    ['localhost/alice/x', 0],
    [`localhost/alice/x@sha256:${'a'.repeat(64)}`, 1],
    ['localhost/bob/x', 1],
    ['localhost/alice:1', 1],
    ['debian', 1],
  ])('%s: %d reasons', (text, count) => {
    expect(judgeRemoval({ reference: reference(text), policy: alice, isRoot: false })).toHaveLength(count);
    expect(judgeRemoval({ reference: reference(text), policy: alice, isRoot: true })).toEqual([]);
  });

  test("another user's image gets the answer of a missing one", () => {
    const [reason] = judgeRemoval({
      reference: reference('localhost/bob/x:1'),
      policy: alice,
      isRoot: false,
    });
    expect(reason?.message).toBe('no such image: localhost/bob/x:1');
  });
});

test('visibleTags', () => {
  const tags = [
    'debian:12',
    'localhost/bob/x:1',
    'localhost/alice/x:1',
    '<none>:<none>',
    'localhost/alice:1',
  ];
  expect(visibleTags(tags, alice, false)).toEqual(['debian:12', 'localhost/alice/x:1', 'localhost/alice:1']);
  expect(visibleTags(tags, alice, true)).toEqual([
    'debian:12',
    'localhost/bob/x:1',
    'localhost/alice/x:1',
    'localhost/alice:1',
  ]);
  expect(visibleTags(['localhost/bob/x:1'], alice, false)).toEqual([]);
});

describe('effectivePull', () => {
  test.each([
    ['default', undefined, false, 'missing'],
    ['default', 'missing', false, 'missing'],
    ['default', 'never', false, 'never'],
    ['default', 'always', false, undefined],
    ['default', 'Always', false, undefined],
    ['default', '', false, undefined],
    ['never', undefined, false, 'never'],
    ['never', 'never', false, 'never'],
    ['never', 'missing', false, undefined],
    ['never', 'always', false, undefined],
    ['always', undefined, false, 'always'],
    ['always', 'always', false, 'always'],
    ['always', 'missing', false, undefined],
    ['always', 'never', false, undefined],
    ['always', undefined, true, 'missing'],
    ['always', 'never', true, 'never'],
    ['always', 'always', true, undefined],
    ['never', undefined, true, 'never'],
  ] as const)('images.pull %s, --pull=%s, own tree %s: %s', (policy, user, own, expected) => {
    const pull = effectivePull(policy, user, own);
    expect(pull.ok ? pull.value : undefined).toBe(expected);
  });
});

describe('exposedPorts', () => {
  test('in ascending order, each once, tcp where nothing is said', () => {
    expect(exposedPorts(['8080/tcp', '53/udp', '53', '8080', '53/tcp', '132/sctp'])).toEqual({
      ok: true,
      value: [
        { port: 53, protocol: 'tcp' },
        { port: 53, protocol: 'udp' },
        { port: 132, protocol: 'sctp' },
        { port: 8080, protocol: 'tcp' },
      ],
    });
    expect(exposedPorts([])).toEqual({ ok: true, value: [] });
  });

  test.each([
    '0/tcp',
    '65536/tcp',
    '08/tcp',
    '8000-8010/tcp',
    '80/TCP',
    '80/',
    '/tcp',
    '',
    '127.0.0.1:22:80/tcp',
    '80/tcp\n',
    '-1',
    '80/icmp',
  ])('%j is none', (key) => {
    expect(exposedPorts(['80/tcp', key]).ok).toBe(false);
  });
});

describe('judgePlatform', () => {
  test.each([undefined, 'linux', 'linux/amd64', 'linux/amd64/v3'])('%s is this machine’s', (platform) =>
    expect(judgePlatform(platform, 'amd64')).toEqual([]),
  );
  test.each([
    ...['linux/arm64', 'linux/arm64/v8', 'windows', 'windows/amd64', 'amd64', '', 'linux/', 'linux/amd64v3'],
    ...['x/linux/amd64/', 'linux/amd64\n', 'linux/AMD64', 'linuxx', 'linux/arm64/linux/amd64/'],
  ])('%j is not', (platform) => {
    expect(judgePlatform(platform, 'amd64')).toEqual([
      {
        rule: 'images.platform',
        message: `--platform ${platform} is not this machine's, and would take the image's place for everybody`,
        instead: 'linux/amd64, or leave it out',
      },
    ]);
  });
});
