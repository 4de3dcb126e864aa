/** What a run finds out for itself. */
import { describe, expect, test } from 'vitest';
import { run } from '../../src/commands/run.ts';
import { type Answers, decideFor, quiet, told } from '../support/session.ts';

const plain = 'run --no-default-mounts';
const image = (more: object, config: object = {}): Answers => ({
  ...quiet,
  '/images/debian:latest/json': { Id: 'sha256:1', RepoTags: ['debian:latest'], Config: config, ...more },
});
const outcome = async (line: string | readonly string[], answers: Answers = quiet) =>
  told((await decideFor(run, line, answers)).decision);

describe('the image', () => {
  test('is asked for under its full name', async () => {
    const { asked, facts } = await decideFor(run, `${plain} debian`);
    expect(asked).toContain('/images/debian:latest/json');
    expect(facts.image).toMatchObject({ fetch: false, found: { id: 'sha256:1' }, reasons: [] });
  });
  test('that only looks like one: the engine found it by (the beginning of) an id', async () => {
    const { facts } = await decideFor(run, `${plain} debian`, image({ RepoTags: ['ubuntu:latest'] }));
    expect(facts.image).toMatchObject({ fetch: true, found: undefined });
    expect(await outcome(`${plain} --pull never debian`, image({ RepoTags: null }))).toBe('denied: images');
  });
  test('that the policy does not allow is not even asked for', async () => {
    const { asked } = await decideFor(run, `${plain} localhost/bob/x`);
    expect(asked.filter((path) => path.startsWith('/images/'))).toEqual([]);
  });
  test('of one’s own is never fetched: it is in no registry', async () => {
    const { facts, decision } = await decideFor(run, `${plain} localhost/alice/gone`);
    expect(facts.image.fetch).toBe(false);
    expect(told(decision)).toBe('denied: images');
  });
});

describe('the working directory', () => {
  const evil = image({}, { WorkingDir: '/proc/self/fd/8' });
  test('is the image’s, unless the user says otherwise', async () => {
    expect(await outcome(`${plain} debian`, evil)).toContain('denied: mounts.workdir');
    expect(await outcome(`${plain} -w /x debian`, evil)).toMatch(/^run /);
    expect(await outcome(`${plain} debian`, image({}, { WorkingDir: '/srv' }))).toMatch(/^run /);
  });
  test('an empty -w is none: docker takes the image’s then', async () => {
    expect(await outcome([...plain.split(' '), '-w', '', 'debian'], evil)).toContain(
      'denied: mounts.workdir',
    );
    expect(await outcome(`${plain} --workdir= debian`, evil)).toContain('denied: mounts.workdir');
  });
});

test('-P takes the image’s ports, each held against the policy', async () => {
  const exposing = (...ports: readonly string[]) =>
    image({}, { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) });
  expect(await outcome(`${plain} -P debian`, exposing('80/tcp', '443/tcp'))).toContain(
    '--publish=80 --publish=443',
  );
  expect(await outcome(`${plain} debian`, exposing('80/tcp'))).not.toContain('--publish');
  expect(await outcome(`${plain} -P debian`, exposing('53/udp'))).toBe('denied: allowed_port_mappings');
  expect(await outcome(`${plain} -P debian`, exposing('1-2/tcp'))).toBe('denied: ports');
});

describe('names', () => {
  const names = (...taken: readonly string[]): Answers => ({
    ...quiet,
    '/containers/json': taken.map((name) => ({ Id: 'c'.repeat(64), Names: [`/${name}`] })),
  });
  test('the next that is free, whoever has the others', async () => {
    expect(await outcome(`${plain} debian`, names('alice_1', 'alice_3'))).toContain('--name=alice_2');
  });
  test('of other users that exist are theirs', async () => {
    expect(await outcome(`${plain} --name root_1 debian`)).toBe('denied: container_names.default');
    expect(await outcome(`${plain} --name nobody-that-exists_1 debian`)).toMatch(/^run /);
    // The user with uid 0 has a name that can be a part of a container's.
    expect(await outcome(`${plain} --name u0_1 debian`)).toMatch(/^run /);
  });
});

describe('an engine that is not well makes no facts', () => {
  test.each([
    ['/containers/json', undefined],
    ['/containers/json', {}],
    ['/containers/json', [{ Id: 'x' }]],
    ['/info', {}],
    ['/version', undefined],
  ])('%s: %j', async (path, answer) => {
    await expect(decideFor(run, `${plain} debian`, { ...quiet, [path]: answer })).rejects.toThrow(
      'unavailable',
    );
  });
  test('a data root that everybody can enter', async () => {
    expect(await outcome(`${plain} debian`, { ...quiet, '/info': { DockerRootDir: '/usr' } })).toBe(
      'denied: data-root',
    );
  });
});

test('a dry run draws nothing', async () => {
  expect(await outcome(`-n ${plain} debian`)).toContain('--label=userdocker.nonce=NONCE');
  expect(await outcome(`-n ${plain} debian`)).toContain(
    '--cidfile=/var/lib/userdocker/containers/1000/NONCE',
  );
  expect(await outcome(`${plain} debian`)).toMatch(/userdocker\.nonce=[0-9a-f]{32} /);
});
