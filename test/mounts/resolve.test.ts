import { existsSync, readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { rightsOf } from '../../src/caller/as-user.ts';
import { release } from '../../src/mounts/descriptors.ts';
import { mountTable, readMountTable } from '../../src/mounts/mount-table.ts';
import { probeDirectory } from '../../src/mounts/probe.ts';
import { type Resolved, type ResolveOptions, resolveSources } from '../../src/mounts/resolve.ts';
import { caller } from '../support/mounts.ts';
import { makeTree, mountDead, openBelow, removeTree } from '../support/tree.ts';

// Children and mounts take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const alice = 54_321;
const rights = rightsOf(caller(alice, 54_400));

let here = '';
beforeAll(() => {
  here = makeTree({
    secret: { mode: 0o700 },
    'secret/data': {},
    'secret/link': { link: 'data' },
    'secret/alice': { uid: alice },
    'secret/alice/link': { uid: alice, link: 'HERE/secret/data' },
    alice: { uid: alice },
    'alice/to-server': { uid: alice, link: 'HERE/server/deep' },
    'alice/closed': { uid: alice, mode: 0 },
    server: {},
    'server/deep': {},
    listable: { mode: 0o711 },
  });
});
afterAll(() => removeTree(here));

async function resolve(
  path: string,
  namedByRule = false,
  options: Partial<ResolveOptions> = {},
): Promise<Resolved | undefined> {
  const queries = [{ path: path.replace('HERE', here), namedByRule }];
  const [source] = await resolveSources(queries, {
    rights,
    table: readMountTable(),
    probe: true,
    ...options,
  });
  if (source?.kind === 'found') release(source.held.descriptor);
  if (source?.kind === 'missing') release(source.parentDescriptor);
  return source;
}

const denied = { kind: 'unusable', why: "can't be reached with your rights: permission denied" };

describe('what the caller can not reach', () => {
  it.each([
    ['HERE/secret/data', true, 'secret/data'],
    ['HERE/secret/link', true, 'secret/data'],
    ['HERE/secret', true, 'secret'],
  ])('%s is followed as root if a rule names it', async (path, named, real) => {
    expect(await resolve(path, named)).toMatchObject({
      kind: 'found',
      realPath: `${here}/${real}`,
      stable: true,
    });
    if (path !== 'HERE/secret') expect(await resolve(path, false)).toEqual(denied);
  });

  it.each(['HERE/secret/alice/link', 'HERE/secret/none'])(
    '%s is not, where others could change where it leads, or nothing is',
    async (path) => {
      expect(await resolve(path, true)).toEqual(denied);
    },
  );
});

it('a directory need be neither readable nor its own: searching the way is enough', async () => {
  expect(await resolve('HERE/listable')).toMatchObject({ kind: 'found' });
  expect(await resolve('HERE/alice/closed')).toMatchObject({ kind: 'found', stable: false });
});

it('many at once keep their order', async () => {
  const paths = ['alice', 'none', 'secret/data', 'listable'];
  const queries = paths.map((path) => ({ path: `${here}/${path}`, namedByRule: false }));
  const sources = await resolveSources(queries, { rights, table: readMountTable(), probe: true });
  expect(sources.map(({ kind }) => kind)).toEqual(['found', 'missing', 'unusable', 'found']);
  for (const source of sources) if (source.kind === 'found') release(source.held.descriptor);
  for (const source of sources) if (source.kind === 'missing') release(source.parentDescriptor);
});

describe('a file server', () => {
  const silent = async () => 'hangs' as const;
  const server = () => mountTable(`1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / ${here}/server rw - nfs4 s:/x rw\n`);

  it.each(['HERE/server/deep', 'HERE/alice/to-server', 'HERE/server'])(
    'that answers is entered: %s',
    async (path) => {
      expect(await resolve(path, false, { table: server() })).toMatchObject({ kind: 'found' });
    },
  );

  it.each(['HERE/server/deep', 'HERE/alice/to-server'])('is asked first: %s', async (path) => {
    expect(await resolve(path, false, { table: server(), ask: silent })).toEqual({
      kind: 'unusable',
      why: `is on a file server that does not answer (${here}/server)`,
    });
    // Nobody is asked about what is not on it, nor where the policy asks for no probe.
    expect(await resolve('HERE/alice', false, { table: server(), ask: silent })).toMatchObject({
      kind: 'found',
    });
    expect(await resolve(path, false, { table: server(), ask: silent, probe: false })).toMatchObject({
      kind: 'found',
    });
  });

  it('that keeps no owners makes a path unsure', async () => {
    const cifs = mountTable(`1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / ${here}/server rw - cifs s rw\n`);
    expect(await resolve('HERE/server/deep', false, { table: cifs })).toMatchObject({ stable: false });
    expect(await resolve('HERE/server/deep', false, { table: server() })).toMatchObject({ stable: true });
  });

  describe.skipIf(!existsSync('/dev/fuse') && process.env['USERDOCKER_MUST_WORK'] === undefined)(
    'that is dead',
    () => {
      let revive: (() => void) | undefined;
      afterEach(() => revive?.());

      it('gives an error and no hang, for its own directories only', async () => {
        revive = mountDead(`${here}/server`);
        const started = Date.now();
        expect(await resolve('HERE/server/deep', false, { timeout: 300 })).toMatchObject({
          why: expect.stringContaining('does not answer'),
        });
        expect(await resolve('HERE/alice/to-server', false, { timeout: 300 })).toMatchObject({
          why: expect.stringContaining('does not answer'),
        });
        expect(await resolve('HERE/alice', false, { timeout: 300 })).toMatchObject({ kind: 'found' });
        expect(await probeDirectory(rights, `${here}/server`, 300)).toBe('hangs');
        expect(Date.now() - started).toBeLessThan(4_000);
      });
    },
  );
});

describe('a probe', () => {
  it.each([
    ['a directory', ''],
    ['what the caller may not list', '/secret'],
    ['what is not there', '/none'],
    ['what looks like an option', '/-x'],
  ])('of %s is answered', async (_what, path) => {
    expect(await probeDirectory(rights, `${here}${path}`)).toBe('answers');
  });
});

it('holds nothing open but the results', () => {
  expect(openBelow(here, readdirSync('/proc/self/fd'))).toEqual([]);
});
