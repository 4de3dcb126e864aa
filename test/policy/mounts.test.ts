import { describe, expect, it } from 'vitest';
import type { MountFacts, MountPolicy, NestedFact, SourceFact } from '../../src/policy/mount-facts.ts';
import { nestedPaths, type PathsInUse } from '../../src/policy/mount-places.ts';
import { mountParts } from '../../src/policy/mount-render.ts';
import { selectMounts } from '../../src/policy/mount-selection.ts';
import { type MountRequest, parseMount, parseTmpfs, parseVolume } from '../../src/policy/mount-syntax.ts';
import { judgeMounts } from '../../src/policy/mounts.ts';
import { absolute, found, type Lists, mountPolicy, must } from '../support/mounts.ts';

interface Situation {
  /** Where a source leads, or what else there is to know about it; all others lead to themselves. */
  readonly sources?: { readonly [path: string]: SourceFact };
  /** Where a rule's host part leads. */
  readonly hosts?: { readonly [host: string]: string };
  readonly noDefaultMounts?: boolean;
  readonly imageShown?: boolean;
  readonly recursiveReadOnly?: boolean;
  readonly gpuRun?: boolean;
  readonly paths?: Partial<PathsInUse>;
  /** Where links of the image lead. */
  readonly places?: { readonly [path: string]: readonly string[] };
  /** What there is on the way to nested paths; all others exist as directories. */
  readonly nested?: { readonly [path: string]: Pick<NestedFact, 'state'> & { readonly stable?: boolean } };
}

function request(words: string): MountRequest {
  const [flag, value = ''] = words.split(/ (.*)/s);
  const parse = flag === '-v' ? parseVolume : flag === '--mount' ? parseMount : parseTmpfs;
  return must<MountRequest>(parse(value));
}

/** The words docker would be given, or the reasons against them. */
function judge(lists: Lists, requests: readonly string[], situation: Situation = {}): readonly string[] {
  const { mounts, reasons } = verdict(mountPolicy(lists), requests, situation);
  if (reasons.length > 0) return reasons.map(({ rule, message }) => `${rule}: ${message}`);
  return mountParts(mounts, '/pins').map(({ words, source }) => `${source} ${words.join(' ')}`);
}

function verdict(policy: MountPolicy, requests: readonly string[], situation: Situation) {
  const { volume_mounts: rules } = policy;
  const selection = selectMounts(policy, requests.map(request), situation.noDefaultMounts ?? false);
  const paths = { workingDirectory: '', imageVolumes: [], ...situation.paths };
  const places = new Map(Object.entries(situation.places ?? {}));
  const facts: MountFacts = {
    sources: selection.binds.map(({ source }) => situation.sources?.[source] ?? found(source)),
    ruleHosts: new Map(
      [...rules.always, ...rules.available, ...rules.default].map((rule) => [
        rule,
        situation.hosts?.[rule.host] ?? rule.host,
      ]),
    ),
    nested: nestedPaths(selection, paths, places).map((nested) => ({
      nested,
      stable: false,
      state: nested.type === 'file' ? 'file' : 'directory',
      ...situation.nested?.[nested.path],
    })),
    places,
    workingDirectory: paths.workingDirectory,
    imageShown: situation.imageShown ?? true,
    recursiveReadOnly: situation.recursiveReadOnly ?? false,
  };
  return judgeMounts(policy, selection, facts, situation.gpuRun ?? false);
}

const bindWord = (source: string, target: string, ro = ''): string =>
  `--mount=type=bind,source=${source},target=${target}${ro}`;
const mine = (source: string, target: string, ro = ''): string => `you ${bindWord(source, target, ro)}`;

describe('which rule allows a mount', () => {
  it.each([
    // rule, request, outcome; a near miss stands beside each hit.
    ['/data:/data', '-v /data:/data', mine('/data', '/data')],
    ['/data:/data', '-v /data:/other', 'no rule allows /data at /other'],
    ['/data:/data', '-v /data/x:/data', 'no rule allows /data/x at /data'],
    ['/data:/data', '-v /database:/data', 'no rule allows /database at /data'],
    ['/data:/data', '-v /Data:/data', 'no rule allows /Data at /data'],
    ['/data:/data/', '-v /data:/data', mine('/data', '/data')],
    ['/data:', '-v /data:/anywhere', mine('/data', '/anywhere')],
    ['/data:', '-v /data/x:/anywhere', 'no rule allows /data/x'],
    ['/data/**:', '-v /data:/x', mine('/data', '/x')],
    ['/data/**:', '-v /data/a/b:/x', mine('/data/a/b', '/x')],
    ['/data/**:', '-v /database:/x', 'no rule allows /database'],
    ['/data/**:', '-v /dat:/x', 'no rule allows /dat at'],
    ['/data/**:', '-v /:/x', 'no rule allows / at'],
    ['/data/**:/data', '-v /data/a:/data', mine('/data/a', '/data')],
    ['/data/**:/data', '-v /data/a:/x', 'no rule allows /data/a at /x'],
    ['/**:', '-v /home:/x', mine('/home', '/x')],
    ['/**:', '-v /proc/1:/x', 'no rule allows /proc/1'],
    ['/**:', '-v /sys/kernel:/x', 'no rule allows /sys/kernel'],
    ['/**:', '-v /dev/shm:/x', 'no rule allows /dev/shm'],
    ['/proc/**:', '-v /proc/bus:/x', mine('/proc/bus', '/x')],
    ['/é:', '-v /é:/x', mine('/é', '/x')],
    // The same letters in Unicode's other form are another file name.
    ['/é:', '-v /e\u0301:/x', 'no rule allows /e\u0301'],
  ])('%s and %s', (available, words, outcome) => {
    expect(judge({ available: [available] }, [words]).join()).toContain(outcome);
  });

  it('is looked up where the source really lies, not where it says', () => {
    const sources = { '/data/../etc': found('/etc'), '/data/link': found('/etc'), '/mnt': found('/data/x') };
    const lists = { available: ['/data/**:'] };
    expect(judge(lists, ['-v /data/../etc:/x'], { sources }).join()).toContain('/data/../etc leads to /etc');
    expect(judge(lists, ['-v /data/link:/x'], { sources }).join()).toContain('no rule allows /etc');
    expect(judge(lists, ['-v /mnt:/x'], { sources })).toEqual([mine('/data/x', '/x')]);
  });

  it('is looked up where the rule really points', () => {
    const hosts = { '/data': '/mnt/disk1' };
    expect(judge({ available: ['/data/**:'] }, ['-v /mnt/disk1/x:/x'], { hosts })).toEqual([
      mine('/mnt/disk1/x', '/x'),
    ]);
    expect(judge({ available: ['/data/**:'] }, ['-v /data/x:/x'], { hosts }).join()).toContain(
      'no rule allows /data/x',
    );
  });

  it('lets default and enforced mounts be asked for', () => {
    expect(judge({ default: ['/a:/b'] }, ['-v /a:/b:ro'])).toEqual([mine('/a', '/b', ',readonly')]);
    expect(judge({ always: ['/a:/b'] }, ['-v /a:/b'])).toEqual([`enforced ${bindWord('/a', '/b')}`]);
  });

  it('says what may be mounted', () => {
    const { reasons } = verdict(
      mountPolicy({ available: ['/data/**::ro'], default: ['/h:/h'] }),
      ['-v /x:/x'],
      { noDefaultMounts: true },
    );
    expect(reasons[0]?.instead).toBe('you may mount: /data/**::ro, /h:/h');
    const none = verdict(mountPolicy({}), ['-v /x:/x'], {});
    expect(none.reasons[0]?.instead).toBe('nothing may be mounted here');
  });

  it('gives every reason at once', () => {
    expect(judge({}, ['-v /a:/a', '-v /b:/proc', '--tmpfs /sys'])).toHaveLength(3);
  });

  it('refuses what nobody has looked at', () => {
    const policy = mountPolicy({ available: ['/**:'] });
    const selection = selectMounts(policy, [request('-v /a:/b')], false);
    const facts = {
      sources: [],
      ruleHosts: new Map(),
      nested: [],
      places: new Map(),
      workingDirectory: '',
      imageShown: true,
      recursiveReadOnly: true,
    };
    expect(judgeMounts(policy, selection, facts, false).reasons[0]?.message).toContain('nobody looked at it');
    const looked = { ...facts, sources: [found('/a')] };
    expect(judgeMounts(policy, selection, looked, false).reasons[0]?.message).toContain('no rule allows /a');
  });
});

describe('read-only', () => {
  it.each([
    ['/a:/b', '-v /a:/b', ''],
    ['/a:/b', '-v /a:/b:rw', ''],
    ['/a:/b', '-v /a:/b:ro', ',readonly'],
    ['/a:/b:ro', '-v /a:/b', ',readonly'],
    ['/a:/b:ro', '-v /a:/b:ro', ',readonly'],
    ['/a:/b:ro', '--mount type=bind,src=/a,dst=/b', ',readonly'],
  ])('rule %s, request %s', (rule, words, ro) => {
    expect(judge({ available: [rule] }, [words])).toEqual([mine('/a', '/b', ro)]);
  });

  it.each(['-v /a:/b:rw', '--mount type=bind,src=/a,dst=/b,readonly=false'])(
    'is not taken off by %s',
    (words) => {
      expect(judge({ available: ['/a:/b:ro'] }, [words]).join()).toContain(
        '/a may only be mounted read-only',
      );
    },
  );

  it.each([
    // The most exact rule decides, in whatever order the rules stand.
    [['/data/**:', '/data/raw::ro'], '-v /data/raw:/x', ',readonly'],
    [['/data/raw::ro', '/data/**:'], '-v /data/raw:/x', ',readonly'],
    [['/data/**::ro', '/data/alice/**:'], '-v /data/alice/z:/x', ''],
    [['/data/**::ro', '/data/alice/**:'], '-v /data/bob/z:/x', ',readonly'],
    [['/data::ro', '/data:/x'], '-v /data:/x', ''],
    [['/data:/x:ro', '/data:'], '-v /data:/x', ',readonly'],
    [['/data:/x:ro', '/data:/x'], '-v /data:/x', ''],
  ])('%j, %s', (available, words, ro) => {
    expect(judge({ available }, [words]).join()).toMatch(new RegExp(`target=/x${ro}$`));
  });

  it('is added to a default mount by saying so, and taken along to an enforced one', () => {
    expect(judge({ default: ['/h:/h'] }, ['-v /h:/h:ro'])).toEqual([mine('/h', '/h', ',readonly')]);
    expect(judge({ always: ['/h:/h'] }, ['-v /h:/h:ro'])).toEqual([
      `enforced ${bindWord('/h', '/h', ',readonly')}`,
    ]);
    expect(judge({ always: ['/h:/h:ro'] }, ['-v /h:/h'])).toEqual([
      `enforced ${bindWord('/h', '/h', ',readonly')}`,
    ]);
    expect(judge({ always: ['/h:/h:ro'] }, ['-v /h:/h:rw']).join()).toContain(
      'may only be mounted read-only',
    );
  });

  it('covers what is mounted below, or is refused', () => {
    const sources = { '/a': found('/a', { hasSubmounts: true }) };
    const lists = { available: ['/a:/b'] };
    expect(judge(lists, ['-v /a:/b:ro'], { sources }).join()).toContain(
      "can't make read-only what is mounted below /a",
    );
    expect(judge(lists, ['-v /a:/b:ro'], { sources, recursiveReadOnly: true })).toEqual([
      mine('/a', '/b', ',readonly,bind-recursive=readonly,bind-propagation=rprivate'),
    ]);
    expect(judge(lists, ['-v /a:/b'], { sources })).toEqual([mine('/a', '/b')]);
  });
});

const gone: Situation = { sources: { '/a': { kind: 'unusable', why: 'does not exist' } } };

describe('where the engine does not show what links the image has', () => {
  const lists = { available: ['/a:/b'] };
  it.each([
    ['what the caller may not write', {}, ['-v /a:/b'], /mounts.engine: .* you may not write \/a/],
    ['what the caller may write', { callerWrites: true }, ['-v /a:/b'], /^you --mount/],
    ['read-only', {}, ['-v /a:/b:ro'], /^you --mount/],
    ['a file, in which nothing can be made', { type: 'file' as const }, ['-v /a:/b'], /^you --mount/],
  ])('%s', (_what, more, requests, expected) => {
    const sources = { '/a': found('/a', more) };
    expect(judge(lists, requests, { sources, imageShown: false }).join()).toMatch(expected);
    expect(judge(lists, requests, { sources }).join()).toMatch(/^you --mount/);
  });
});

describe('what to do instead is said', () => {
  const instead = (lists: Lists, words: readonly string[], situation: Situation) =>
    verdict(mountPolicy(lists), words, situation).reasons.map((reason) => reason.instead);
  const lists = { available: ['/a:/b'] };
  it.each([
    ['links that nobody sees', lists, ['-v /a:/b'], { imageShown: false }, 'read-only: -v /a:/b:ro'],
    [
      'something mounted below',
      lists,
      ['-v /a:/b:ro'],
      { sources: { '/a': found('/a', { hasSubmounts: true }) }, recursiveReadOnly: false },
      'a directory below it that has nothing mounted inside',
    ],
    [
      'a default mount that is gone',
      { default: ['/a:/b'] },
      [],
      gone,
      '--no-default-mounts starts without it',
    ],
    ['an enforced mount that is gone', { always: ['/a:/b'] }, [], gone, 'ask an admin'],
    [
      'a mount of the user’s that is gone',
      lists,
      ['-v /a:/b'],
      gone,
      'a path that exists, and that you can reach yourself',
    ],
  ])('%s', (_what, rules, words, situation, expected) => {
    expect(instead(rules, words, situation)).toEqual([expected]);
  });
  it('by the rule that brought it', () => {
    expect(judge({ always: ['/a:/b'] }, [], gone)).toEqual([
      expect.stringMatching(/^volume_mounts\.always: /),
    ]);
    expect(judge({ default: ['/a:/b'] }, [], gone)).toEqual([
      expect.stringMatching(/^volume_mounts\.default: /),
    ]);
    expect(judge(lists, ['-v /a:/b'], gone)).toEqual([expect.stringMatching(/^mounts\.source: /)]);
  });
});

describe('the file in which the runtime looks groups up', () => {
  const lists = { always: ['/g:/etc/group'] };
  it.each([
    ['root’s', { type: 'file' as const }, /^enforced --mount/],
    ['others’', { type: 'file' as const, rootsAlone: false }, /mounts.target: .* groups of the container/],
    ['at a path of others', { type: 'file' as const, stable: false }, /mounts.target/],
    ['a directory', {}, /mounts.target/],
  ])('is an admin’s: %s', (_what, more, expected) => {
    expect(judge(lists, [], { sources: { '/g': found('/g', more) } }).join()).toMatch(expected);
  });
  it.each(['-v /a:/etc/group', '-v /a:/etc', '--tmpfs /etc', '-v /a:/x'])(
    'is nobody’s to mount over: %s',
    (words) => {
      const places = { '/x': ['/etc'] };
      expect(judge({ available: ['/a:'] }, [words], { places }).join()).toMatch(/holds the groups/);
    },
  );
});

describe('default and enforced mounts', () => {
  const lists = { default: ['/home/alice:/home/alice'], available: ['/data/**:'] };
  const home = bindWord('/home/alice', '/home/alice');
  it.each([
    ['nothing asked', [], {}, [`default ${home}`]],
    ['left out', [], { noDefaultMounts: true }, []],
    ['another target', ['-v /data:/data'], {}, [mine('/data', '/data'), `default ${home}`]],
    ['the same target', ['-v /data:/home/alice'], {}, [mine('/data', '/home/alice')]],
    ['a tmpfs there', ['--tmpfs /home/alice'], {}, ['you --mount=type=tmpfs,target=/home/alice']],
    ['the same, left out', ['-v /home/alice:/home/alice'], { noDefaultMounts: true }, [`you ${home}`]],
  ])('%s', (_what, requests, situation, expected) => {
    expect(judge(lists, requests, situation)).toEqual(expected);
  });

  it('a default mount that is not there says how to start without it', () => {
    const sources: { [path: string]: SourceFact } = {
      '/home/alice': { kind: 'unusable', why: 'does not exist' },
    };
    const { reasons } = verdict(mountPolicy(lists), [], { sources });
    expect(reasons).toMatchObject([
      { rule: 'volume_mounts.default', instead: '--no-default-mounts starts without it' },
    ]);
    expect(reasons[0]?.origin).toBeDefined();
  });

  it('a default mount that has become a link to somewhere else is refused', () => {
    const sources = { '/home/alice': found('/etc') };
    expect(judge(lists, [], { sources }).join()).toContain('leads to /etc, which its rule does not name');
  });

  it('an enforced mount is there whatever the user says', () => {
    expect(judge({ always: ['/a:/a:ro'] }, [], { noDefaultMounts: true })).toEqual([
      `enforced ${bindWord('/a', '/a', ',readonly')}`,
    ]);
  });

  it.each([
    ['at', '-v /data:/site'],
    ['above', '-v /data:/'],
    ['below', '-v /data:/site/x'],
  ])("nothing of the user's lies %s an enforced mount", (_where, words) => {
    expect(judge({ always: ['/srv/site:/site'], available: ['/data:'] }, [words]).join()).toContain(
      'would hide a part of the enforced mount',
    );
    expect(judge({ always: ['/srv/site:/site'] }, [words.replace('-v /data:', '--tmpfs ')]).join()).toContain(
      'would hide',
    );
  });

  it('but beside it', () => {
    expect(judge({ always: ['/srv/site:/site'], available: ['/data:'] }, ['-v /data:/site2'])).toHaveLength(
      2,
    );
  });

  it('an enforced target may be where a user may not mount', () => {
    expect(judge({ always: ['/dev/shm:/dev/shm'] }, [])).toEqual([
      `enforced ${bindWord('/dev/shm', '/dev/shm')}`,
    ]);
    const again = ['-v /dev/shm:/dev/shm'];
    expect(judge({ always: ['/dev/shm:/dev/shm'] }, again)).toEqual([
      `enforced ${bindWord('/dev/shm', '/dev/shm')}`,
    ]);
    expect(judge({ default: ['/dev/shm:/dev/shm'] }, []).join()).toContain("the kernel's");
    expect(judge({ available: ['/dev/shm:/dev/shm'] }, again).join()).toContain("the kernel's");
  });
});

describe('the same target', () => {
  it.each([
    ['-v /data:/x', '-v /data/y:/x'],
    ['-v /data:/x', '--tmpfs /x'],
    ['-v /data:/x', '-v /data:/x:ro'],
    ['-v /data:/x', '--mount type=bind,src=/data/z,dst=/x/./'],
    ['--tmpfs /x', '--tmpfs /x:size=1m'],
  ])('twice: %s and %s', (one, other) => {
    expect(judge({ available: ['/data/**:'] }, [one, other]).join()).toContain('/x is mounted twice');
  });

  it('the same mount said twice, in two spellings, is one', () => {
    const again = ['-v /data:/x', '-v /data:/x', '--mount type=bind,src=/data,dst=/x'];
    expect(judge({ available: ['/data:'] }, again)).toEqual([mine('/data', '/x')]);
  });
});

describe('sources', () => {
  const lists = { available: ['/data/**:', '/run/docker.sock:/run/docker.sock'] };
  it.each<[string, SourceFact, string]>([
    [
      'missing',
      { kind: 'missing', realPath: absolute('/data/x'), parentDescriptor: -1, names: ['x'] },
      'does not exist',
    ],
    ['unusable', { kind: 'unusable', why: 'has too many symbolic links' }, 'has too many symbolic links'],
    ['a socket in a tree', found('/data/x', { type: 'other' }), 'no rule allows'],
    [
      'unseen by the engine',
      found('/data/x', { engineProblem: 'the engine does not see it' }),
      'does not see it',
    ],
  ])('%s', (_what, fact, why) => {
    expect(judge(lists, ['-v /data/x:/x'], { sources: { '/data/x': fact } }).join()).toContain(why);
  });

  it('a file is fine, a socket only where a rule names it', () => {
    expect(
      judge(lists, ['-v /data/x:/x'], { sources: { '/data/x': found('/data/x', { type: 'file' }) } }),
    ).toHaveLength(1);
    const socket = '/run/docker.sock';
    const sources = { [socket]: found(socket, { type: 'other' }) };
    expect(judge(lists, [`-v ${socket}:${socket}`], { sources })).toEqual([mine(socket, socket)]);
  });

  it('whose path others can change are shown to docker as pins', () => {
    const sources = {
      '/data/b': found('/data/b', { stable: false }),
      '/data/c': found('/data/c', { stable: false }),
    };
    expect(judge(lists, ['-v /data/a:/a', '-v /data/b:/b', '-v /data/c:/c'], { sources })).toEqual([
      mine('/data/a', '/a'),
      mine('/pins/0', '/b'),
      mine('/pins/1', '/c'),
    ]);
  });

  it('are made, and pinned, where the rule says so', () => {
    const missing: SourceFact = {
      kind: 'missing',
      realPath: absolute('/scratch/alice'),
      parentDescriptor: -1,
      names: ['alice'],
    };
    const sources = { '/scratch/alice': missing };
    const made = { available: ['/scratch/alice:/scratch+create'] };
    expect(judge(made, ['-v /scratch/alice:/scratch'], { sources })).toEqual([mine('/pins/0', '/scratch')]);
    const plain = { available: ['/scratch/alice:/scratch'] };
    expect(judge(plain, ['-v /scratch/alice:/scratch'], { sources }).join()).toContain('does not exist');
  });

  it('are counted', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_all, index) => `-v /data/${index}:/x${index}`);
    expect(judge(lists, many(100))).toHaveLength(100);
    expect(judge(lists, many(101))).toEqual(['mounts: 101 mounts are more than a container may have']);
  });
});

describe('paths inside other mounts', () => {
  const lists = { available: ['/data/**:'] };
  const inner = ['-v /data/a:/w', '-v /data/b:/w/x/y'];
  it.each<[string, readonly string[], Situation, string | undefined]>([
    ['there', inner, {}, undefined],
    ['not there', inner, { nested: { '/w/x/y': { state: 'absent' } } }, 'docker would make it as root'],
    ['over a link', inner, { nested: { '/w/x/y': { state: 'link' } } }, 'is reached over a symbolic link'],
    ['hidden', inner, { nested: { '/w/x/y': { state: 'unreachable' } } }, "can't be looked at"],
    ['a file', inner, { nested: { '/w/x/y': { state: 'file' } } }, 'is not a directory there'],
    [
      'a tmpfs, not there',
      ['-v /data/a:/w', '--tmpfs /w/t'],
      { nested: { '/w/t': { state: 'absent' } } },
      '/w/t, lies in -v /data/a:/w',
    ],
    ['in a tmpfs', ['--tmpfs /w', '-v /data/b:/w/x'], { nested: { '/w/x': { state: 'absent' } } }, undefined],
    [
      'beside',
      ['-v /data/a:/w', '-v /data/b:/w2/x'],
      { nested: { '/w2/x': { state: 'absent' } } },
      undefined,
    ],
    [
      'the working directory',
      ['-v /data/a:/w'],
      { paths: { workingDirectory: '/w/../w/d/' }, nested: { '/w/d': { state: 'absent' } } },
      'the working directory, /w/d,',
    ],
    ['the working directory, there', ['-v /data/a:/w'], { paths: { workingDirectory: '/w/d' } }, undefined],
    [
      'the working directory is the target',
      ['-v /data/a:/w'],
      { paths: { workingDirectory: '/w' }, nested: { '/w': { state: 'absent' } } },
      undefined,
    ],
    [
      'the working directory elsewhere',
      ['-v /data/a:/w'],
      { paths: { workingDirectory: '/w2' }, nested: { '/w2': { state: 'absent' } } },
      undefined,
    ],
    [
      'a volume of the image',
      ['-v /data/a:/w'],
      { paths: { imageVolumes: ['/v', '/w/v'] }, nested: { '/w/v': { state: 'absent' } } },
      "the image's volume, /w/v,",
    ],
    [
      'in a volume of the image',
      ['-v /data/a:/v/w'],
      { paths: { imageVolumes: ['/v'] }, nested: { '/v/w': { state: 'absent' } } },
      undefined,
    ],
    [
      "the engine's files, over a link",
      ['-v /data/a:/own'],
      { places: { '/etc/hosts': ['/own/hosts'] }, nested: { '/own/hosts': { state: 'absent' } } },
      "the engine's own file, /own/hosts,",
    ],
    [
      "the engine's files, there",
      ['-v /data/a:/own'],
      { places: { '/etc/hosts': ['/own/hosts'] } },
      undefined,
    ],
  ])('%s', (_what, requests, situation, problem) => {
    const outcome = judge(lists, requests, situation).join();
    if (problem === undefined) expect(outcome).toMatch(/^you --mount/);
    else expect(outcome).toContain(problem);
  });

  it('a file can be mounted on a file', () => {
    const sources = { '/data/b': found('/data/b', { type: 'file' }) };
    const nested = { '/w/x/y': { state: 'file' } } as const;
    expect(judge(lists, inner, { sources, nested })).toHaveLength(2);
    expect(judge(lists, inner, { sources }).join()).toContain('is not a file there');
  });

  it("with GPUs the user's own targets lie in no directory that could be swapped", () => {
    expect(judge(lists, inner, { gpuRun: true }).join()).toContain('could be swapped');
    expect(
      judge(lists, inner, { gpuRun: true, nested: { '/w/x/y': { state: 'directory', stable: true } } }),
    ).toHaveLength(2);
  });

  it('the nearest mount above counts', () => {
    const three = ['-v /data/a:/w', '-v /data/b:/w/x', '-v /data/c:/w/x/y'];
    const selection = selectMounts(mountPolicy(lists), three.map(request), false);
    expect(nestedPaths(selection, { workingDirectory: '', imageVolumes: [] }, new Map())).toMatchObject([
      { path: '/w/x', outer: 0, names: ['x'] },
      { path: '/w/x/y', outer: 1, names: ['y'] },
    ]);
  });
});

describe('targets', () => {
  it.each([
    ['-v /data:/proc', {}, "the kernel's"],
    ['-v /data:/../', {}, 'the whole image'],
    ['--tmpfs /dev/shm', {}, "the kernel's"],
    ['-v /data:/usr', { gpuRun: true }, 'belongs to the NVIDIA toolkit'],
    ['--tmpfs /run', { gpuRun: true }, 'belongs to the NVIDIA toolkit'],
  ])('%s', (words, situation, why) => {
    expect(judge({ available: ['/data:'] }, [words], situation).join()).toContain(why);
  });

  it('named by a rule may lie where the toolkit works', () => {
    expect(
      judge({ available: ['/data:/usr/lib/site'] }, ['-v /data:/usr/lib/site'], { gpuRun: true }),
    ).toHaveLength(1);
  });
});

describe('links of the image', () => {
  const lists = { available: ['/data/**:'], always: ['/srv/site:/site'] };
  it.each<[string, readonly string[], Situation, string | undefined]>([
    [
      "to the kernel's",
      ['-v /data:/x/y'],
      { places: { '/x/y': ['/proc/y'] } },
      "the target /proc/y is the kernel's",
    ],
    [
      "to the toolkit's",
      ['-v /data:/x'],
      { gpuRun: true, places: { '/x': ['/usr/lib'] } },
      'belongs to the NVIDIA toolkit',
    ],
    ['the same without GPUs', ['-v /data:/x'], { places: { '/x': ['/usr/lib'] } }, undefined],
    ['of a tmpfs', ['--tmpfs /x'], { places: { '/x': ['/sys'] } }, "the target /sys is the kernel's"],
    ['over an enforced mount', ['-v /data:/x'], { places: { '/x': ['/site/sub'] } }, 'would hide a part of'],
    ['of an enforced mount', ['-v /data:/x'], { places: { '/site': ['/x/site'] } }, 'would hide a part of'],
    [
      'into another mount',
      ['-v /data/a:/w', '-v /data/b:/x/y'],
      { places: { '/x/y': ['/w/y'] }, nested: { '/w/y': { state: 'absent' } } },
      '/w/y, lies in -v /data/a:/w',
    ],
    [
      'of another mount',
      ['-v /data/a:/x', '-v /data/b:/w/y'],
      { places: { '/x': ['/w'] }, nested: { '/w/y': { state: 'absent' } } },
      '/w/y, lies in -v /data/a:/x',
    ],
    [
      'of the working directory',
      ['-v /data:/w'],
      {
        paths: { workingDirectory: '/x/y' },
        places: { '/x/y': ['/w/y'] },
        nested: { '/w/y': { state: 'absent' } },
      },
      'the working directory, /w/y',
    ],
    [
      'of the working directory to /proc',
      [],
      { paths: { workingDirectory: '/x' }, places: { '/x': ['/proc/self/fd/8'] } },
      "/proc/self/fd/8 is the kernel's",
    ],
    [
      'of a volume',
      ['-v /data:/w'],
      {
        paths: { imageVolumes: ['/v'] },
        places: { '/v': ['/w/v'] },
        nested: { '/w/v': { state: 'absent' } },
      },
      "the image's volume, /w/v",
    ],
    [
      "of the engine's files",
      ['-v /data:/w'],
      { places: { '/etc/hosts': ['/w/hosts'] }, nested: { '/w/hosts': { state: 'absent' } } },
      "the engine's own file, /w/hosts",
    ],
    [
      'elsewhere',
      ['-v /data:/w'],
      { paths: { workingDirectory: '/x' }, places: { '/x': ['/y'] } },
      undefined,
    ],
  ])('%s', (_what, requests, situation, problem) => {
    const outcome = judge(lists, requests, situation).join();
    if (problem === undefined) expect(outcome).toMatch(/^you --mount/);
    else expect(outcome).toContain(problem);
  });

  it('say nothing about what the admin enforces', () => {
    expect(judge({ always: ['/a:/a'] }, [], { places: { '/a': ['/dev/shm'] } })).toHaveLength(1);
  });
});

it.each(['/proc/self/fd/8', 'relative', '/dev'])(
  'the working directory %s is refused without any mount',
  (workingDirectory) => {
    expect(judge({}, [], { paths: { workingDirectory } }).join()).toContain('mounts.workdir');
  },
);
