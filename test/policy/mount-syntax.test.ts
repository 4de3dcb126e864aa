import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isObject } from '../../src/domain/json.ts';
import { parseCsvRecord, renderCsvRecord } from '../../src/policy/csv.ts';
import { renderBind, renderTmpfs } from '../../src/policy/mount-render.ts';
import { type MountRequest, parseMount, parseTmpfs, parseVolume } from '../../src/policy/mount-syntax.ts';
import type { FinalBind, FinalTmpfs } from '../../src/policy/mounts.ts';
import { type DockerClient, dockerClients, mayLackClients, runClient } from '../support/docker-clients.ts';
import { found, must, rule } from '../support/mounts.ts';
import { startRecorder } from '../support/recorder.ts';

/** What of a request counts; the text is for messages. */
function shown(request: MountRequest): unknown {
  const { text: _text, ...rest } = request;
  return rest;
}

describe('-v', () => {
  const bind = (source: string, target: string, access?: 'ro' | 'rw') => ({
    kind: 'bind',
    source,
    target,
    access,
  });
  it.each([
    ['/a:/b', bind('/a', '/b')],
    ['/a:/b:ro', bind('/a', '/b', 'ro')],
    ['/a:/b:rw', bind('/a', '/b', 'rw')],
    // The source's dots and links are the file system's to resolve; the target is cleaned as docker does.
    ['/a/../x/./:/b/../c//d/', bind('/a/../x/./', '/c/d')],
    ['/a b,"c:/d "', bind('/a b,"c', '/d "')],
    ['/é:/\u{1F40B}', bind('/é', '/\u{1F40B}')],
    ['/a:/', bind('/a', '/')],
    ['/a:/..', bind('/a', '/')],
  ])('reads %j', (value, expected) => {
    expect(shown(must(parseVolume(value)))).toEqual(expected);
  });

  it.each([
    ['/a', 'is an anonymous volume', '-v /a:/a mounts that directory'],
    ['a', 'is an anonymous volume', undefined],
    ['', 'is an anonymous volume', undefined],
    ['data:/b', 'names the volume "data"', undefined],
    ['./a:/b', 'has a relative source', undefined],
    ['.:/b', 'has a relative source', undefined],
    ['~/a:/b', 'has a relative source', undefined],
    ['a/b:/b', 'has a relative source', undefined],
    [':/b', 'has an empty source', undefined],
    ['/a:', 'has the target ""', undefined],
    ['/a:b', 'has the target "b"', undefined],
    ['/a::ro', 'has the target ""', undefined],
    ['/a:/b:', 'has the option ""', undefined],
    ['/a:/b:RO', 'has the option "RO"', undefined],
    ['/a:/b:ro,z', 'has the option "ro,z"', undefined],
    ['/a:/b:Z', 'has the option "Z"', undefined],
    ['/a:/b:nocopy', 'has the option "nocopy"', undefined],
    ['/a:/b:shared', 'has the option "shared"', undefined],
    ['/a:/b:rslave', 'has the option "rslave"', undefined],
    ['/a:/b:ro:ro', 'has too many colons', undefined],
    ['/a\n:/b', 'has a control character in its source', undefined],
    ['/a:/b\u0000', 'has a control character in its target', undefined],
    ['/a:/b\u009b', 'has a control character in its target', undefined],
    [`/${'a'.repeat(5000)}:/b`, 'has a source that is too long', undefined],
    [`/a:/${'é'.repeat(2048)}`, 'has a target that is too long', undefined],
  ])('refuses %j', (value, problem, instead) => {
    const parsed = parseVolume(value);
    expect(parsed.ok ? parsed.value : parsed.error.message).toContain(problem);
    if (!parsed.ok && instead !== undefined) expect(parsed.error.instead).toBe(instead);
  });
});

/** Both ways: read by us as expected, and by docker's clients alike (below). */
const sound: readonly (readonly [string, object])[] = [
  ['type=bind,source=/a,target=/b', { source: '/a', target: '/b', access: undefined }],
  ['TYPE=Bind,SRC=/a,DST=/b,RO', { source: '/a', target: '/b', access: 'ro' }],
  ['dst=/b,src=/a,type=BIND', { source: '/a', target: '/b', access: undefined }],
  ['type=bind,src=/a,destination=/b,readonly=1', { source: '/a', target: '/b', access: 'ro' }],
  ['type=bind,src=/a,target=/b,ReadOnly=F', { source: '/a', target: '/b', access: 'rw' }],
  ['type=bind,src=/a,target=/b,ro=true', { source: '/a', target: '/b', access: 'ro' }],
  ['"type=bind","src=/a,c",target=/b', { source: '/a,c', target: '/b' }],
  ['type=bind,"src=/a""q",target=/b', { source: '/a"q', target: '/b' }],
  ['type=bind,src=/a=c,target=/b=d', { source: '/a=c', target: '/b=d' }],
  ['type=bind,src=/a:x,target=/b:c', { source: '/a:x', target: '/b:c' }],
  ['type=bind,src=/a ,target=/b', { source: '/a ', target: '/b' }],
  ['type=bind,src=/a/../x,target=/b/../c', { source: '/a/../x', target: '/c' }],
  [
    'type=tmpfs,target=/b',
    { kind: 'tmpfs', target: '/b', size: undefined, mode: undefined, exec: false, readOnly: false },
  ],
  ['type=TMPFS,dst=/b,tmpfs-size=64m,tmpfs-mode=1777,ro', { size: 67_108_864, mode: 0o1777, readOnly: true }],
  ['type=tmpfs,dst=/b,tmpfs-size=1G,tmpfs-mode=0700', { size: 1_073_741_824, mode: 0o700 }],
];

describe('--mount', () => {
  it.each(sound)('reads %s', (value, expected) => {
    expect(must(parseMount(value))).toMatchObject(expected);
  });

  it.each([
    ['', "can't be read: it is empty"],
    ['target=/b', 'is a volume'],
    ['type=volume,src=data,target=/b', 'is a volume'],
    ['src=/a,target=/b', 'is a volume'],
    ['type=bind,src=data,target=/b', 'names the volume "data"'],
    ['type=bind,src=./a,target=/b', 'has a relative source'],
    ['type=bind,target=/b', 'names no source'],
    ['type=bind,src=/a', 'names no target'],
    ['type=bind,src=,target=/b', 'has an empty source'],
    ['type=bind,src=/a,target=', 'has the target ""'],
    ['type=bind,src=/a,target=b', 'has the target "b"'],
    ['type=bind,src=/a,src=/c,target=/b', 'names its source twice'],
    ['type=bind,src=/a,source=/a,target=/b', 'names its source twice'],
    ['type=bind,src=/a,dst=/b,target=/c', 'names its target twice'],
    ['type=bind,type=tmpfs,target=/b', 'names its type twice'],
    ['type=bind,src=/a,target=/b,ro,readonly=false', 'names its readonly twice'],
    ['type=bind,src=/a,target=/b,', 'has the field ""'],
    ['type=bind,src=/a,target=/b, readonly', 'has the field " readonly"'],
    [' type=bind,src=/a,target=/b', 'has the field " type=bind"'],
    ['type=bind ,src=/a,target=/b', 'has the type "bind "'],
    ['type=bind,src=/a,target=/b,ro=yes', 'has readonly=yes'],
    ['type=bind,src=/a,target=/b,ro=', 'has readonly='],
    ['type=bind,src=/a,target', 'has the field "target"'],
    ['type=bind,src=/a"q,target=/b', 'a quotation mark stands in the wrong place'],
    ['type=bind,"src=/a"q,target=/b', 'a quotation mark stands in the wrong place'],
    ['type=bind,"src=/a,target=/b', 'a quotation mark stands in the wrong place'],
    // Docker reads the first line and forgets the rest.
    ['type=bind,src=/a,target=/b\n,readonly', 'has a control character'],
    ['type=tmpfs,src=/a,target=/b', 'names a source for a tmpfs'],
    ['type=bind,src=/a,target=/b,tmpfs-size=1m', 'mixes the options of two types'],
    ['type=tmpfs,target=/b,tmpfs-size=0', 'has tmpfs-size=0'],
    ['type=tmpfs,target=/b,tmpfs-size=50%', 'has tmpfs-size=50%'],
    ['type=tmpfs,target=/b,tmpfs-size=-1', 'has tmpfs-size=-1'],
    ['type=tmpfs,target=/b,tmpfs-mode=4755', 'has tmpfs-mode=4755'],
    ['type=tmpfs,target=/b,tmpfs-mode=2777', 'has tmpfs-mode=2777'],
    ['type=tmpfs,target=/b,tmpfs-mode=9', 'has tmpfs-mode=9'],
    ['type=npipe,src=/a,target=/b', 'has the type "npipe"'],
    ['type=cluster,src=/a,target=/b', 'has the type "cluster"'],
    ['type=image,src=debian,target=/b', 'has the type "image"'],
    ...[
      'consistency=cached',
      'bind-propagation=rshared',
      'bind-nonrecursive',
      'bind-nonrecursive=true',
      'bind-recursive=writable',
      'bind-create-src',
      'volume-nocopy',
      'volume-driver=local',
      'volume-opt=type=nfs',
      'volume-subpath=x',
      'volume-label=a=b',
      'tmpfs-options=exec',
      'image-subpath=x',
      'z',
    ].map((field): [string, string] => [`type=bind,src=/a,target=/b,${field}`, `has the field "${field}"`]),
  ])('refuses %s', (value, problem) => {
    const parsed = parseMount(value);
    expect(parsed.ok ? parsed.value : parsed.error.message).toContain(problem);
  });
});

describe('--tmpfs', () => {
  const plain = {
    kind: 'tmpfs',
    target: '/x',
    size: undefined,
    mode: undefined,
    exec: false,
    readOnly: false,
  };
  it.each([
    ['/x', plain],
    ['/x:', plain],
    ['/x/', plain],
    ['/x:rw,noexec,nosuid,nodev', plain],
    ['/x:exec', { ...plain, exec: true }],
    ['/x:size=64m,mode=1777,ro', { ...plain, size: 67_108_864, mode: 0o1777, readOnly: true }],
    ['/x:size=1048576', { ...plain, size: 1_048_576 }],
    ['/x:mode=700', { ...plain, mode: 0o700 }],
  ])('reads %s', (value, expected) => {
    expect(shown(must(parseTmpfs(value)))).toEqual(expected);
  });

  it.each([
    ['', 'has the target ""'],
    ['x', 'has the target "x"'],
    ['/x:suid', 'has the option "suid"'],
    ['/x:dev', 'has the option "dev"'],
    ['/x:EXEC', 'has the option "EXEC"'],
    ['/x:size=', 'has the option "size="'],
    ['/x:size=0', 'has the option "size=0"'],
    ['/x:size=50%', 'has the option "size=50%"'],
    ['/x:mode=6777', 'has the option "mode=6777"'],
    ['/x:uid=0', 'has the option "uid=0"'],
    ['/x:huge=always', 'has the option "huge=always"'],
    ['/x:rshared', 'has the option "rshared"'],
    ['/x:remount', 'has the option "remount"'],
    ['/x:exec,', 'has the option ""'],
    ['/x:exec,noexec', 'says twice what exec is to be'],
    ['/x:ro,rw', 'says twice what access is to be'],
    ['/x:size=1m,size=2m', 'says twice what size is to be'],
    ['/x\u001b[2J', 'has a control character in its target'],
  ])('refuses %j', (value, problem) => {
    const parsed = parseTmpfs(value);
    expect(parsed.ok ? parsed.value : parsed.error.message).toContain(problem);
  });
});

/** Absolute clean paths with everything in them that quoting could trip over. */
const component = fc
  .string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'ab.,"=: \\\'é\u{1F40B}#;$`*') })
  .filter((text) => text !== '.' && text !== '..');
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);

function finalBind(source: string, target: string, readOnly: boolean): FinalBind {
  const request = must(parseMount(renderCsvRecord(['type=bind', `source=${source}`, `target=${target}`])));
  return {
    kind: 'bind',
    source: found('/unused'),
    target: request.target,
    readOnly,
    recursive: false,
    pin: undefined,
    from: 'you',
    rule: 'volume_mounts.available',
    origin: rule('/a:').origin,
  };
}

describe('rendering', () => {
  it('is read back as the same mount', () => {
    fc.assert(
      fc.property(path, path, fc.boolean(), (source, target, readOnly) => {
        const word = renderBind(finalBind(source, target, readOnly), source);
        expect(word.startsWith('--mount=')).toBe(true);
        const again = must(parseMount(word.slice('--mount='.length)));
        expect(again).toMatchObject({ kind: 'bind', source, target, access: readOnly ? 'ro' : undefined });
      }),
    );
  });

  it.each([
    ['/x', '--mount=type=tmpfs,target=/x'],
    ['/x:ro,size=1m,mode=700', '--mount=type=tmpfs,target=/x,tmpfs-size=1048576,tmpfs-mode=0700,readonly'],
    ['/x:exec', '--tmpfs=/x:exec,nosuid,nodev'],
    ['/x:exec,size=1m,mode=1777', '--tmpfs=/x:exec,nosuid,nodev,size=1048576,mode=1777'],
  ])('renders --tmpfs %s', (value, expected) => {
    const final: FinalTmpfs = { ...must(parseTmpfs(value)), from: 'you' };
    expect(renderTmpfs(final)).toBe(expected);
  });

  it('asks for a read-only mount that includes what is below only where something is', () => {
    const bind = finalBind('/a', '/b', true);
    expect(renderBind(bind, '/a')).toBe('--mount=type=bind,source=/a,target=/b,readonly');
    expect(renderBind({ ...bind, recursive: true }, '/a')).toBe(
      '--mount=type=bind,source=/a,target=/b,readonly,bind-recursive=readonly,bind-propagation=rprivate',
    );
  });

  it('CSV records survive', () => {
    const field = fc.string({ maxLength: 6, unit: fc.constantFrom(...'a, "=\\') });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (fields) => {
        fc.pre(fields.length > 1 || fields[0] !== '');
        expect(must(parseCsvRecord(renderCsvRecord(fields)))).toEqual(fields);
      }),
    );
  });
});

describe.skipIf(mayLackClients && dockerClients.length === 0).each(dockerClients)(
  "docker $version's own reading",
  (client) => {
    const directory = mkdtempSync(join(tmpdir(), 'mount-syntax-'));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it('of every spelling that is read here is the same', async () => {
      const values = sound.map(([value]) => value);
      const mounts = await mountsAsked(
        client,
        directory,
        values.map((value) => `--mount=${value}`),
      );
      expect(mounts).toEqual(values.map((value) => asDocker(must(parseMount(value)))));
    });

    it('of what is rendered is what was meant', async () => {
      const samples = fc.sample(fc.tuple(path, path, fc.boolean()), 60);
      const binds = samples.map(
        ([source, target, readOnly]) => [finalBind(source, target, readOnly), source] as const,
      );
      const mounts = await mountsAsked(
        client,
        directory,
        binds.map(([bind, source]) => renderBind(bind, source)),
      );
      expect(mounts).toEqual(
        samples.map(([Source, Target, ReadOnly]) => ({
          Type: 'bind',
          Source,
          Target,
          ...(ReadOnly ? { ReadOnly } : {}),
        })),
      );
    });
  },
);

async function mountsAsked(
  client: DockerClient,
  directory: string,
  words: readonly string[],
): Promise<unknown> {
  const socket = join(directory, `socket-${words.length}`);
  const recorder = await startRecorder({ socket });
  const { output } = await runClient(client, `unix://${socket}`, ['create', ...words, '--', 'img']);
  await recorder.close();
  const body = recorder.requests.find(({ path: asked }) => asked.startsWith('/containers/create'))?.body;
  const host = isObject(body) ? body['HostConfig'] : undefined;
  if (!isObject(host)) throw new Error(`the client asked nothing: ${output}`);
  return host['Mounts'];
}

/** The create request's form. Docker's engine cleans the target, and takes an absent ReadOnly for false. */
function asDocker(request: MountRequest): unknown {
  if (request.kind === 'bind') {
    const target = request.target === '/c' ? '/b/../c' : request.target;
    const readOnly = request.access === 'ro' ? { ReadOnly: true } : {};
    return { Type: 'bind', Source: request.source, Target: target, ...readOnly };
  }
  const { size, mode, readOnly, target } = request;
  const options = {
    ...(size === undefined ? {} : { SizeBytes: size }),
    // Go's os.FileMode keeps the sticky bit elsewhere; the client hands on the octal number as it is.
    ...(mode === undefined ? {} : { Mode: mode }),
  };
  return {
    Type: 'tmpfs',
    Target: target,
    ...(readOnly ? { ReadOnly: true } : {}),
    ...(Object.keys(options).length === 0 ? {} : { TmpfsOptions: options }),
  };
}
