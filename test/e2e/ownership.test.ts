import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from './support/command.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { asRoot, mustRoot, type User } from './support/users.ts';

const idOf = (name: string) => docker(['inspect', '--format', '{{.Id}}', name]);
const uidOf = async (user: User) => (await mustRoot(`id -u ${user}`)).trim();
const label = async (container: string, name: string): Promise<unknown> =>
  JSON.parse(await inspect(container, `(index .Config.Labels "${name}")`));

const commands: readonly string[] = [
  'attach NAME',
  'exec NAME id',
  'inspect NAME',
  'kill NAME',
  'logs NAME',
  'port NAME',
  'restart NAME',
  'rm -f NAME',
  'start NAME',
  'stats --no-stream NAME',
  'stop NAME',
  'top NAME',
  'wait NAME',
];

/** What bob is told of each name, with the name itself taken out. */
function answers(line: string, names: readonly string[]): Promise<readonly Outcome[]> {
  return Promise.all(
    names.map(async (name) => {
      const outcome = await userdocker('bob', line.replace('NAME', name));
      return { ...outcome, stderr: outcome.stderr.replaceAll(name, 'NAME') };
    }),
  );
}

afterAll(async () => {
  await removeContainers();
  resetConfig();
});

describe('another’s container', () => {
  beforeAll(async () => {
    writeConfig({ 'allowed_subcommands+': ['inspect'] });
    await mustUserdocker('alice', 'run -d --name hers box sleep 300');
    await mustUserdocker('bob', 'run -d --name his box sleep 300');
    await docker(['run', '--detach', '--name', 'roots', 'forged', 'sleep', '300']);
  });
  afterAll(removeContainers);

  test.each(commands)('%s answers as if it were not there', async (line) => {
    const [there, nowhere] = await answers(line, ['hers', 'nowhere']);
    expect(nowhere).toMatchObject({ status: 77, stdout: '' });
    expect(there).toEqual(nowhere);
  });
  test('whoever’s it is, and however it is named', async () => {
    const id = await idOf('hers');
    const [nowhere, ...others] = await answers('exec NAME id', [
      'nowhere',
      'roots',
      id,
      id.slice(0, 12),
      id.slice(0, 4),
    ]);
    for (const other of others) expect(other).toEqual(nowhere);
  });
  test('is not touched, not even together with one’s own', async () => {
    expect((await userdocker('bob', 'rm -f his hers')).status).toBe(77);
    const running = (await docker(['ps', '--format', '{{.Names}}'])).split('\n').sort();
    expect(running).toEqual(['hers', 'his', 'roots']);
  });
  test('is not listed', async () => {
    expect(await mustUserdocker('bob', "ps --format '{{.Names}}'")).toBe('his');
    expect(await mustUserdocker('bob', "ps -a --format '{{.Names}}'")).toBe('his');
    expect(await mustUserdocker('bob', "stats --no-stream --format '{{.Name}}'")).toBe('his');
    expect(await mustUserdocker('carol', 'ps -aq')).toBe('');
  });
  test.each(['id=', 'label=userdocker.nonce', 'label=userdocker.user=alice', 'ancestor=box', 'name=hers'])(
    'is not found by ps --filter %s',
    async (filter) => {
      const exact = filter === 'id=' ? `id=${await idOf('hers')}` : filter;
      const { status, stdout } = await userdocker('bob', `ps -aq --filter name=nothing -f ${exact}`);
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
      expect(await mustUserdocker('bob', `ps -aq --no-trunc -f ${exact}`)).not.toContain(await idOf('hers'));
    },
  );
  test.each(['since', 'before', 'ancestor', 'volume', 'network', 'is-task'])(
    'is not found by ps --filter %s',
    async (key) => {
      const { status, stdout } = await userdocker('bob', `ps -a --filter ${key}=${await idOf('hers')}`);
      expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    },
  );
  test('is found by a name’s filter no more than by any other', async () => {
    expect(await mustUserdocker('bob', 'ps -q --filter name=h -f name=hers -f status=running')).toBe(
      (await idOf('his')).slice(0, 12),
    );
  });
  test('holds its name, whoever asks for it', async () => {
    const { status, stderr } = await userdocker('bob', 'run --name hers box id');
    expect(status).toBe(125);
    expect(stderr).toContain('already in use');
  });
  test('is root’s to command, who may always', async () => {
    expect((await asRoot("userdocker ps --format '{{.Names}}'")).stdout.split('\n').sort()).toEqual([
      '',
      'hers',
      'his',
      'roots',
    ]);
    expect((await asRoot('userdocker exec hers id -u')).stdout).toBe('0\n');
    expect((await asRoot('userdocker rm -f hers')).status).toBe(0);
  });
});

describe('one’s own', () => {
  afterEach(removeContainers);

  test('by name, by id, by the beginning of an id; not with a slash, not by nothing', async () => {
    await mustUserdocker('alice', 'run -d --name mine box sleep 300');
    const id = await idOf('mine');
    for (const name of ['mine', id, id.slice(0, 12), id.slice(0, 5)])
      expect((await userdocker('alice', `exec ${name} true`)).status).toBe(0);
    for (const name of ['/mine', "''", '.', '../mine', 'mine/json', '%6dine', 'MINE', 'min'])
      expect((await userdocker('alice', `exec ${name} true`)).status).toBe(77);
  });
  test('a name that went to somebody else is theirs', async () => {
    await mustUserdocker('alice', 'run --name tool box true');
    await mustUserdocker('bob', 'run -d --name tool box sleep 300');
    expect((await userdocker('alice', 'rm -f tool')).status).toBe(77);
    await mustUserdocker('bob', 'exec tool true');
  });
  test('the notes of containers that are gone are collected once there are some, the others stay', async () => {
    const id = await mustUserdocker('carol', 'run -d box sleep 300');
    const directory = `/var/lib/userdocker/containers/${await uidOf('carol')}`;
    const isHers = (note: string) => readFileSync(`${directory}/${note}`, 'utf8') === id;
    const hers = readdirSync(directory).filter(isHers);
    expect(hers).toHaveLength(1);
    const gone = Array.from({ length: 16 }, (_, index) => `${index + 16}`.repeat(16));
    for (const note of gone) writeFileSync(`${directory}/${note}`, note.repeat(2));
    await mustUserdocker('carol', 'run box true');
    const left = readdirSync(directory);
    expect(gone.filter((note) => left.includes(note))).toEqual([]);
    expect(left).toEqual(expect.arrayContaining(hers));
  });
});

describe('labels and environment prove nothing', () => {
  afterEach(removeContainers);

  test('userdocker sets its own, over the image’s', async () => {
    await mustUserdocker('alice', 'run -d --name made forged sleep 300');
    expect(await label('made', 'userdocker.uid')).toBe(await uidOf('alice'));
    expect(await label('made', 'userdocker.user')).toBe('alice');
    expect(await label('made', 'userdocker.gpus')).toBe('');
    expect(await label('made', 'userdocker.version')).toMatch(/^\d+\.\d+/);
    const inside = await mustUserdocker('alice', "exec made sh -c 'echo $USERDOCKER_USER $USERDOCKER_UID'");
    expect(inside).toBe(`alice ${await uidOf('alice')}`);
    expect(await mustUserdocker('alice', "exec made sh -c 'echo $USERDOCKER'")).toMatch(/^\d+\.\d+/);
  });
  test.each([
    '-l userdocker.uid=0',
    '--label userdocker.user=bob',
    '--label=userdocker.nonce=00000000000000000000000000000000',
    '-l Userdocker.uid=0',
    '-e USERDOCKER=1',
    '-e USERDOCKER_USER=bob',
    '-e USERDOCKER_UID=0',
    '-e USERDOCKER_ANYTHING=1',
    '--cidfile=x',
  ])('nobody can say %s', async (words) => {
    expect((await userdocker('alice', `run ${words} box id`)).status).toBe(77);
  });
  test('what root or bob start from an image with alice’s labels is not alice’s', async () => {
    await mustUserdocker('alice', 'run -d --name mine box sleep 300');
    const nonce = String(await label('mine', 'userdocker.nonce'));
    const uid = await uidOf('alice');
    await importImage('copied', {
      changes: [
        `LABEL userdocker.uid=${uid} userdocker.user=alice userdocker.nonce=${nonce}`,
        `ENV USERDOCKER_UID=${uid} USERDOCKER_USER=alice`,
      ],
    });
    await docker(['run', '--detach', '--name', 'roots', 'copied', 'sleep', '300']);
    await mustUserdocker('bob', 'run -d --name his copied sleep 300');
    expect(await label('roots', 'userdocker.nonce')).toBe(nonce);
    for (const name of ['roots', 'his']) {
      const { status, stderr } = await userdocker('alice', `exec ${name} id`);
      expect(status).toBe(77);
      expect(stderr).toContain(`you have no container ${name}`);
    }
    expect(await mustUserdocker('alice', "ps --format '{{.Names}}'")).toBe('mine');
    expect(await mustUserdocker('alice', "stats --no-stream --format '{{.Name}}'")).toBe('mine');
    await mustUserdocker('bob', 'exec his true');
    await removeContainers();
    await docker(['rmi', 'copied']);
  });
});

describe('names', () => {
  afterEach(removeContainers);

  test.each([
    ['what could be an id', 'abc'],
    ['what could be an id', '0123456789ab'],
    ['another user’s default', 'bob_1'],
    ['another user’s default', 'bob_77'],
    ['what docker itself does not take', '-x'],
    ['what docker itself does not take', "'a b'"],
    ['nothing', "''"],
  ])('%s: --name=%s', async (_what, name) => {
    const { status, stdout } = await userdocker('alice', `run --name=${name} box id`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(await docker(['ps', '-aq'])).toBe('');
  });
  test.each(['alice_7', 'bobby', 'bob_', 'bob_1a', 'nobodys_1', 'face.', 'g12'])(
    '--name=%s is free for all',
    async (name) => {
      expect(await mustUserdocker('alice', `-n run --name=${name} box`)).toContain(` --name=${name} `);
    },
  );
});
