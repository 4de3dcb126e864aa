import { chmodSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { checkConfiguration } from '../../src/config/check.ts';
import type { ConfigProblem } from '../../src/domain/errors.ts';
import { configDirectory } from './support.ts';

function check(files: { readonly [path: string]: string }) {
  const directory = configDirectory(files);
  const { problems, warnings, files: found } = checkConfiguration(directory);
  const told = (list: readonly ConfigProblem[]) =>
    list.map(({ file, line, message }) => `${relative(directory, file)}:${line ?? ''} ${message}`);
  return {
    directory,
    problems: told(problems),
    warnings: told(warnings),
    files: found.map(({ path }) => relative(directory, path)),
  };
}

test('nothing to complain about', () => {
  expect(
    check({
      'config.yaml': 'caps_add: [KILL]',
      'group/config_10_lab.yaml': 'caps_add-: [KILL]',
      'default.yaml': 'not: read',
    }),
  ).toMatchObject({ problems: [], warnings: [], files: ['config.yaml', 'group/config_10_lab.yaml'] });
});

test('mistakes of everybody, also of users who do not exist', () => {
  const { problems } = check({
    'config.yaml': 'x: 1',
    'user/config_nobody-here.yaml': '\nlog_level: x',
    'uid/config_5.json': '[',
    'uid/config_6.yaml': 'nvidia: {allowed_gpus-: [0]}',
  });
  expect(problems).toEqual([
    expect.stringMatching(/^config\.yaml:1 unknown setting x /),
    expect.stringMatching(/^user\/config_nobody-here\.yaml:2 log_level: "x" is not one of /),
    expect.stringMatching(/^uid\/config_5\.json:1 /),
    expect.stringMatching(/^uid\/config_6\.yaml:1 nvidia\.allowed_gpus is not a list here /),
  ]);
});

test('what has no effect', () => {
  const { problems, warnings } = check({
    'config.yaml': 'caps_drop-: [ALL, KILL]\nenv-: [PATH]',
    'config.yaml.bak': '',
    'user/alice.yaml': '',
    'group/config_10_lab.yaml': 'caps_drop-: [ALL]',
  });
  expect(problems).toEqual([]);
  expect(warnings).toEqual([
    'config.yaml.bak: is not read: its name does not end in .yaml, .yml, .json',
    'user/alice.yaml: is not read: its name is not of the form config_USER.yaml',
    'config.yaml:1 caps_drop-: this is not in the inherited list, so nothing is removed',
    'config.yaml:2 env-: this is not in the inherited list, so nothing is removed',
    'group/config_10_lab.yaml:1 caps_drop-: this is not in the inherited list, so nothing is removed',
  ]);
});

test('options that may be typing errors', () => {
  const { problems, warnings } = check({
    'config.yaml':
      'args:\n  run:\n    always+: [--init]\n    available+: [--worrkdir=, [-w, --workdir=], --of-docker-99]\n  ps:\n    available-: [--lattest]\n',
  });
  expect(problems).toEqual([]);
  expect(warnings).toEqual([
    'config.yaml:6 args.ps.available-: this is not in the inherited list, so nothing is removed',
    'config.yaml:6 args.ps: docker ps is not known to have --lattest (did you mean --latest?)',
    'config.yaml:4 args.run: docker run is not known to have --worrkdir (did you mean --workdir?)',
    'config.yaml:4 args.run: docker run is not known to have --of-docker-99',
  ]);
});

test('files that can not be trusted', () => {
  const { directory } = check({ 'config.yaml': '', 'user/config_bob.yaml': '' });
  chmodSync(join(directory, 'user/config_bob.yaml'), 0o666);
  expect(checkConfiguration(directory).problems).toEqual([
    { file: join(directory, 'user/config_bob.yaml'), message: 'is writable by group or others: chmod go-w' },
  ]);
});
