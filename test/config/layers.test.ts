import { chmodSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { discoverLayers, layerGroups, layersFor } from '../../src/config/layers.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import { alice, callerNamed, configDirectory, must } from './support.ts';

const empty = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, '']));

function found(files: readonly string[], caller: Caller = alice): readonly string[] {
  const directory = configDirectory(empty(...files));
  const result = layersFor(directory, caller);
  expect(result.problems).toEqual([]);
  return result.files.map(({ path }) => relative(directory, path));
}

function problems(files: readonly string[], caller: Caller = alice): readonly string[] {
  const directory = configDirectory(empty(...files));
  return layersFor(directory, caller).problems.map(
    ({ file, message }) => `${relative(directory, file)}: ${message.replaceAll(`${directory}/`, '')}`,
  );
}

describe('which files apply', () => {
  test('all layers, in their order', () => {
    const files = [
      'uid/config_1000.yaml',
      'user/config_alice.yaml',
      'gid/config_50_2000.yaml',
      'gid/config_05_1000.yaml',
      'group/config_99_users.yaml',
      'group/config_10_lab.yaml',
      'config.yaml',
    ];
    expect(found(files)).toEqual([...files].reverse());
  });

  test('none', () => {
    expect(found([])).toEqual([]);
  });

  test('yaml, yml and json', () => {
    const files = ['config.json', 'group/config_10_lab.yml', 'user/config_alice.json'];
    expect(found(files)).toEqual(files);
  });

  test('numbers go before names, and names decide between equal numbers', () => {
    expect(
      found(['group/config_20_lab.yaml', 'group/config_10_users.yaml', 'group/config_20_users.yaml']),
    ).toEqual(['group/config_10_users.yaml', 'group/config_20_lab.yaml', 'group/config_20_users.yaml']);
  });

  test('one group may have several', () => {
    const files = ['group/config_10_lab.yaml', 'group/config_20_lab.yaml'];
    expect(found(files)).toEqual(files);
  });

  test('the copy of the defaults is never read', () => {
    expect(found(['default.yaml', 'config.yaml'])).toEqual(['config.yaml']);
  });

  test.each<[name: string, file: string]>([
    ['another user', 'user/config_bob.yaml'],
    ['a user whose name begins so', 'user/config_alice2.yaml'],
    ['a user whose name is a beginning', 'user/config_alic.yaml'],
    ['the name in other letters', 'user/config_Alice.yaml'],
    ['another uid', 'uid/config_1001.yaml'],
    ['a uid with a leading zero', 'uid/config_01000.yaml'],
    ['a uid with a sign', 'uid/config_+1000.yaml'],
    ['a user file among the uids', 'uid/config_alice.yaml'],
    ['a uid file among the users', 'user/config_1000.yaml'],
    ['another group', 'group/config_10_staff.yaml'],
    ['a group by its number', 'group/config_10_2000.yaml'],
    ['a gid by its name', 'gid/config_10_lab.yaml'],
    ['the gid of no group', 'gid/config_10_4000.yaml'],
    ['a group without a number', 'group/config_lab.yaml'],
    ['a number of one digit', 'group/config_1_lab.yaml'],
    ['a number of three digits', 'group/config_100_lab.yaml'],
    ['an editor`s copy', 'config.yaml~'],
    ['a package manager`s copy', 'config.yaml.rpmnew'],
    ['a hidden file', '.config.yaml'],
    ['a prefix', 'myconfig.yaml'],
    ['an executable configuration', 'config.js'],
    ['capitals in the ending', 'config.YAML'],
  ])('not: %s', (_name, file) => {
    expect(found([file])).toEqual([]);
  });

  test('a group without a name has its number only', () => {
    const unnamed = { gid: must(parseGid('3000')), name: undefined };
    expect(
      found(
        ['gid/config_10_3000.yaml', 'group/config_10_undefined.yaml', 'group/config_10_3000.yaml'],
        callerNamed('alice', { groups: [unnamed] }),
      ),
    ).toEqual(['gid/config_10_3000.yaml']);
  });

  test.each<[user: string, file: string]>([
    ['first.last', 'user/config_first.last.yaml'],
    ['alice@example.org', 'user/config_alice@example.org.yaml'],
    ['EXAMPLE\\alice', 'user/config_EXAMPLE\\alice.yml'],
    ['alice smith', 'user/config_alice smith.json'],
    ['alice.yaml', 'user/config_alice.yaml.yaml'],
    ['10_lab', 'user/config_10_lab.yaml'],
    ['ä', 'user/config_ä.yaml'],
    ['[ab]*', 'user/config_[ab]*.yaml'],
    ['${uid}', 'user/config_${uid}.yaml'],
    ['x$(id)', 'user/config_x$(id).yaml'],
  ])('names are compared as they are: %s', (user, file) => {
    expect(found([file], callerNamed(user))).toEqual([file]);
  });

  test.each(['*', 'a*', '[a]lice', '?lice', '.*', 'alice.', '../user/config_alice', 'alice.yaml', ''])(
    'a user called %j does not get the layer of alice',
    (user) => {
      expect(found(['user/config_alice.yaml'], callerNamed(user, { home: alice.home }))).toEqual([]);
    },
  );

  test('uid 0 is found by its number', () => {
    expect(found(['uid/config_0.yaml'], callerNamed('root', { uid: must(parseUid('0')) }))).toEqual([
      'uid/config_0.yaml',
    ]);
  });
});

describe('what refuses the call', () => {
  test.each<[files: string[], problem: string]>([
    [['config.yaml', 'config.yml'], 'config.yml: config.yaml is there too: keep one of them'],
    [['config.json', 'config.yaml'], 'config.yaml: config.json is there too: keep one of them'],
    [
      ['group/config_10_lab.json', 'group/config_10_lab.yaml'],
      'group/config_10_lab.yaml: group/config_10_lab.json is there too: keep one of them',
    ],
    [
      ['gid/config_10_1000.yml', 'gid/config_10_1000.yaml'],
      'gid/config_10_1000.yml: gid/config_10_1000.yaml is there too: keep one of them',
    ],
    [
      ['user/config_alice.yml', 'user/config_alice.json'],
      'user/config_alice.yml: user/config_alice.json is there too: keep one of them',
    ],
    [
      ['uid/config_1000.yml', 'uid/config_1000.json'],
      'uid/config_1000.yml: uid/config_1000.json is there too: keep one of them',
    ],
  ])('the same stem twice: %j', (files, problem) => {
    expect(problems(files)).toEqual([problem]);
  });

  test("not somebody else's", () => {
    expect(
      problems([
        'user/config_bob.yml',
        'user/config_bob.json',
        'group/config_10_x.yml',
        'group/config_10_x.json',
      ]),
    ).toEqual([]);
  });

  test('a directory that does not exist', () => {
    const directory = join(configDirectory(), 'none');
    expect(layersFor(directory, alice)).toEqual({
      files: [],
      problems: [{ file: directory, message: 'is missing: run install.sh' }],
    });
  });

  test.each(['group', 'gid', 'user', 'uid'])(
    'a writable %s directory, also without a file for the caller',
    (layer) => {
      const directory = configDirectory(empty(`${layer}/config_10_none.yaml`));
      chmodSync(join(directory, layer), 0o775);
      expect(layersFor(directory, alice).problems).toEqual([
        { file: join(directory, layer), message: 'is writable by group or others: chmod go-w' },
      ]);
    },
  );

  test('a linked directory', () => {
    const directory = configDirectory();
    symlinkSync(configDirectory(empty('config_alice.yaml')), join(directory, 'user'));
    expect(layersFor(directory, alice).problems).toEqual([
      { file: join(directory, 'user'), message: 'is a symbolic link; links are not followed' },
    ]);
  });

  test('a writable directory is one problem, not one for each layer', () => {
    const directory = configDirectory(empty('config.yaml', 'user/config_alice.yaml'));
    chmodSync(directory, 0o777);
    expect(layersFor(directory, alice).problems).toHaveLength(1);
  });
});

describe('the discovery for the admin', () => {
  test('names every layer and every stray', () => {
    const directory = configDirectory(
      empty(
        'config.yaml',
        'default.yaml',
        'docker/config.json',
        'notes.txt',
        'default.yml',
        'group/config_10_lab.yaml',
        'group/config_lab.yaml',
        'gid/config_10_x.yaml',
        'user/config_bob.yaml',
        'user/bob.yaml',
        'uid/config_007.yaml',
        'uid/config_7.yaml',
      ),
    );
    const { files, problems, strays } = discoverLayers(directory);
    expect(problems).toEqual([]);
    expect(files.map(({ layer, path, subject }) => [layer, relative(directory, path), subject])).toEqual([
      ['config', 'config.yaml', ''],
      ['group', 'group/config_10_lab.yaml', 'lab'],
      ['user', 'user/config_bob.yaml', 'bob'],
      ['uid', 'uid/config_7.yaml', '7'],
    ]);
    expect(strays.map(({ file, message }) => `${relative(directory, file)} ${message}`)).toEqual([
      'default.yml is not read: its name is not of the form config.yaml',
      'notes.txt is not read: its name does not end in .yaml, .yml, .json',
      'group/config_lab.yaml is not read: its name is not of the form config_NN_GROUP.yaml',
      'gid/config_10_x.yaml is not read: x is no gid',
      'user/bob.yaml is not read: its name is not of the form config_USER.yaml',
      'uid/config_007.yaml is not read: 007 is no uid',
    ]);
  });

  test('names the groups for which there are layers, each once', () => {
    const directory = configDirectory(
      empty(
        'group/config_10_lab.yaml',
        'group/config_20_lab.json',
        'group/config_30_x y.yaml',
        'gid/config_00_5.yaml',
      ),
    );
    expect(layerGroups(directory)).toEqual({ names: ['lab', 'x y'], gids: [5] });
  });

  test('duplicates of anybody are problems here', () => {
    const directory = configDirectory(empty('user/config_bob.yml', 'user/config_bob.json'));
    expect(discoverLayers(directory).problems).toHaveLength(1);
  });
});
