import { describe, expect, test } from 'vitest';
import { availableMount, fixedMount, type MountEntry } from '../../src/config/mount-entry.ts';
import { variablesOf } from '../../src/config/variables.ts';
import { alice, callerNamed, path } from './support.ts';

const variables = variablesOf(alice);
const entry = (
  host: string,
  target: string | undefined,
  more: Partial<MountEntry> = {},
): Omit<MountEntry, 'text'> => ({
  host,
  target,
  subtree: false,
  readOnly: false,
  create: false,
  ...more,
});

describe('the written forms', () => {
  test.each<[written: unknown, entry: Omit<MountEntry, 'text'>]>([
    ['/a:/b', entry('/a', '/b')],
    ['/a:/b:rw', entry('/a', '/b')],
    ['/a:/b:ro', entry('/a', '/b', { readOnly: true })],
    ['/a:', entry('/a', undefined)],
    ['/a', entry('/a', undefined)],
    ['/a::ro', entry('/a', undefined, { readOnly: true })],
    ['/a::rw', entry('/a', undefined)],
    ['/a/**:', entry('/a', undefined, { subtree: true })],
    ['/a/**', entry('/a', undefined, { subtree: true })],
    ['/a/**::ro', entry('/a', undefined, { subtree: true, readOnly: true })],
    ['/a/**:/b', entry('/a', '/b', { subtree: true })],
    ['/**:', entry('/', undefined, { subtree: true })],
    ['${home}:${home}', entry('/home/alice', '/home/alice')],
    ['${home}/**:', entry('/home/alice', undefined, { subtree: true })],
    ['/scratch/${user}/x:/scratch', entry('/scratch/alice/x', '/scratch')],
    ['/p/${group}-${gid}:/u/${uid}', entry('/p/users-1000', '/u/1000')],
    [{ mount: '/a:/b', create: true }, entry('/a', '/b', { create: true })],
    [{ mount: '/a:/b:ro' }, entry('/a', '/b', { readOnly: true })],
    [{ mount: '/a:/b', create: false }, entry('/a', '/b')],
  ])('%j', (written, wanted) => {
    const text = typeof written === 'string' ? written : expect.any(String);
    expect(availableMount(written, variables)).toEqual({ ok: true, value: { ...wanted, text } });
  });

  test.each<[written: unknown, message: string]>([
    [null, 'expected HOST:CONTAINER or {mount: HOST:CONTAINER, create: true}, found nothing'],
    [['/a:/b'], 'expected HOST:CONTAINER or {mount: HOST:CONTAINER, create: true}, found a list'],
    ['', ': not an absolute path: ""'],
    [':/b', ':/b: not an absolute path: ""'],
    ['a:/b', 'a:/b: not an absolute path: "a"'],
    ['/a:b', '/a:b: not an absolute path: "b"'],
    ['/a:ro', '/a:ro: not an absolute path: "ro"'],
    ['volume:/b', 'volume:/b: not an absolute path: "volume"'],
    ['./a:/b', './a:/b: not an absolute path: "./a"'],
    ['/a/../b:/b', '/a/../b:/b: not a clean path: "/a/../b"'],
    ['/a/:/b', '/a/:/b: not a clean path: "/a/"'],
    ['/a:/b/', '/a:/b/: not a clean path: "/b/"'],
    ['/a:/', '/a:/: nothing can be mounted on /'],
    ['/a:/b:z', '/a:/b:z: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw'],
    ['/a:/b:ro,z', '/a:/b:ro,z: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw'],
    ['/a:/b:RO', '/a:/b:RO: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw'],
    ['/a:/b:', '/a:/b:: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw'],
    ['/a:/b:ro:x', '/a:/b:ro:x: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw'],
    ['/a/*:/b', '/a/*:/b: there is no "*" but "/**" at the end of HOST'],
    ['/a/**/b:', '/a/**/b:: there is no "*" but "/**" at the end of HOST'],
    ['/a**:', '/a**:: there is no "*" but "/**" at the end of HOST'],
    ['/a/**/**:', '/a/**/**:: there is no "*" but "/**" at the end of HOST'],
    ['/a:/b/**', '/a:/b/**: there is no "*" but "/**" at the end of HOST'],
    ['/a/${usr}:/b', '/a/${usr}:/b: ${usr} is no variable; there are ${uid} ${gid} ${user} ${group} ${home}'],
    [{}, 'expected mount: HOST:CONTAINER'],
    [{ create: true }, 'expected mount: HOST:CONTAINER'],
    [{ mount: '/a:/b', crate: true }, 'unknown key crate of a mount (did you mean create?)'],
    [{ mount: '/a:/b', create: 'yes' }, 'create: expected true or false, found "yes"'],
    [{ mount: ['/a:/b'] }, 'mount: expected HOST:CONTAINER, found a list'],
  ])('%j is refused', (written, message) => {
    expect(availableMount(written, variables)).toEqual({ ok: false, error: message });
  });
});

describe('in always and default', () => {
  test('the whole mount is said', () => {
    expect(fixedMount('/a:/b:ro', variables).ok).toBe(true);
    expect(fixedMount({ mount: '${home}:${home}', create: true }, variables).ok).toBe(true);
  });
  test.each(['/a:', '/a', '/a::ro'])('%s does not say where', (written) => {
    expect(fixedMount(written, variables)).toEqual({
      ok: false,
      error: `${written}: say where: HOST:CONTAINER`,
    });
  });
  test('a tree is for the user to choose from', () => {
    expect(fixedMount('/a/**:/b', variables)).toEqual({
      ok: false,
      error: '/a/**:/b: /** belongs into volume_mounts.available',
    });
  });
});

describe('what the caller puts in is never syntax', () => {
  test.each<[written: string, user: string]>([
    ['/data/${user}:/b', '..'],
    ['/data/${user}:/b', '.'],
    ['/data/${user}:/b', 'a/b'],
    ['/data/${user}:/b', '/etc'],
    ['/data/${user}:/b', ''],
    ['/data/${user}:/b', 'a\nb'],
    ['/data:/b/${user}', '..'],
  ])('%s for the user %j is an error', (written, user) => {
    expect(availableMount(written, { ...variables, user }).ok).toBe(false);
  });

  test('a colon does not end the host path', () => {
    const result = availableMount('/data/${user}:/b', { ...variables, user: 'x:/etc' });
    expect(result.ok).toBe(false);
    expect(availableMount('/data/${user}:/b', { ...variables, user: 'x:ro' })).toMatchObject({
      value: { host: '/data/x:ro', target: '/b', readOnly: false },
    });
  });

  test('stars do not open a tree', () => {
    expect(availableMount('/data/${user}:', { ...variables, user: '**' })).toMatchObject({
      value: { host: '/data/**', subtree: false },
    });
  });

  test('a home directory of / is no mount', () => {
    const root = variablesOf(callerNamed('x', { home: path('/') }));
    expect(fixedMount('${home}:${home}', root).ok).toBe(false);
    expect(fixedMount('${home}/data:/data', root).ok).toBe(false);
  });
});
