import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkEverybody, everybodysPolicies } from '../../src/admin/check.ts';
import type { NameService } from '../../src/caller/name-service.ts';
import { type ConfigProblem, unavailable } from '../../src/domain/errors.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import { configDirectory, must } from '../config/support.ts';

const lab = must(parseGid('2000'));
const bob = { name: 'bob', uid: must(parseUid('1001')), gid: must(parseGid('100')), home: '/home/bob' };
const names: NameService = {
  userById: (uid) => (uid === bob.uid ? bob : undefined),
  userByName: (name) => (name === 'bob' ? bob : undefined),
  groupIdsOf: () => [bob.gid, lab],
  groupNamesOf: (gids) => new Map(gids.filter((gid) => gid === lab).map((gid) => [gid, 'lab'])),
  groupIdsByName: (asked) => new Map(asked.includes('lab') ? [['lab', lab]] : []),
};

function check(files: { readonly [path: string]: string }, service = names) {
  const directory = configDirectory(files);
  const report = checkEverybody(directory, service);
  const told = (list: readonly ConfigProblem[]) =>
    list.map(({ file, line, message }) => `${relative(directory, file)}:${line ?? ''} ${message}`);
  return { files: report.files.length, problems: told(report.problems), warnings: told(report.warnings) };
}

test('nothing to complain about', () => {
  const files = {
    'config.yaml': '',
    'group/config_10_lab.yaml': 'limits: {gpus: 1}',
    'gid/config_10_2000.yaml': 'limits: {gpus: 2}',
    'user/config_bob.yaml': 'limits: {gpus: 3}',
    'uid/config_1001.yaml': 'limits: {gpus: 4}',
  };
  expect(check(files)).toEqual({ files: 5, problems: [], warnings: [] });
});

describe('problems', () => {
  test('each once, of every layer', () => {
    const { problems } = check({
      'config.yaml': 'x: 1',
      'group/config_10_lab.yaml': '\ncaps_add: 5',
      'user/config_bob.yaml': 'log_level: x',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^config\.yaml:1 unknown setting x /),
      expect.stringMatching(/^group\/config_10_lab\.yaml:2 caps_add: /),
      expect.stringMatching(/^user\/config_bob\.yaml:1 log_level: /),
    ]);
  });
  test('what only shows when several layers of one user lie on top of each other', () => {
    const { problems } = check({
      'group/config_10_lab.yaml': 'executors: {special: /usr/bin/docker}\nexecutor_default: special',
      'user/config_bob.yaml': 'executors-: [special]',
    });
    expect(problems).toEqual([expect.stringMatching(/^group\/config_10_lab\.yaml:2 executor_default: /)]);
  });
  test('a mistake is found before there is anybody with it', () => {
    const { problems } = check({ 'user/config_new.yaml': 'executor_default: none' });
    expect(problems).toEqual([expect.stringMatching(/^user\/config_new\.yaml:1 executor_default: /)]);
  });
});

describe('warnings', () => {
  test('settings that amount to root, with their lines, each once', () => {
    const { problems, warnings } = check({
      'config.yaml': '\nno_new_privileges: false',
      'group/config_10_lab.yaml': "volume_mounts:\n  available: ['/run/docker.sock:/s']",
      'user/config_bob.yaml': 'args: {run: {available+: [--privileged]}}',
    });
    expect(problems).toEqual([]);
    expect(warnings.toSorted()).toEqual([
      expect.stringMatching(/^config\.yaml:2 no_new_privileges: /),
      expect.stringMatching(/^group\/config_10_lab\.yaml:2 volume_mounts\.available: /),
      expect.stringMatching(/^user\/config_bob\.yaml:1 args\.run\.available: --privileged: /),
    ]);
  });
  test('files for nobody', () => {
    const { warnings } = check({
      'group/config_10_gone.yaml': '',
      'gid/config_10_9.yaml': '',
      'user/config_carol.yaml': '',
      'uid/config_9.yaml': '',
    });
    expect(warnings).toEqual([
      'group/config_10_gone.yaml: has no effect: there is no group gone',
      'gid/config_10_9.yaml: has no effect: there is no group with gid 9',
      'user/config_carol.yaml: has no effect: there is no user carol',
      'uid/config_9.yaml: has no effect: there is no user with uid 9',
    ]);
  });
});

test('a user whom every call refuses is told, and the file judged all the same', () => {
  const homeless = { ...names, userByName: () => ({ ...bob, home: 'nowhere' }) };
  const { problems, warnings } = check({ 'user/config_bob.yaml': '\nlog_level: x' }, homeless);
  expect(problems).toEqual([expect.stringMatching(/^user\/config_bob\.yaml:2 log_level: /)]);
  expect(warnings).toEqual([
    expect.stringMatching(/^user\/config_bob\.yaml: the home directory of bob can't be used: "nowhere"$/),
  ]);
});

test("everybody's policies: what is wrong is left out, and nobody looked up", () => {
  const directory = configDirectory({
    'config.yaml': 'log_level: debug',
    'group/config_10_lab.yaml': 'log_level: warning',
    'gid/config_10_9.yaml': 'log_level: x',
    'uid/config_9.yaml': 'log_level: error',
  });
  const levels = everybodysPolicies(directory).map(({ policy }) => policy.log_level);
  expect(levels).toEqual(['debug', 'debug', 'warning', 'error']);
});

test('a directory service that is down is not taken for nobody', () => {
  const down: NameService = {
    ...names,
    userByName: () => {
      throw unavailable('down');
    },
  };
  expect(() => check({ 'user/config_bob.yaml': '' }, down)).toThrow('unavailable');
});
