/** docs/cluster.md: what is to be copied from it works. Templates are filled in from its own variables. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkEverybody } from '../../src/admin/check.ts';
import { adminCommand } from '../../src/admin/command-line.ts';
import type { NameService } from '../../src/caller/name-service.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import { isObject } from '../../src/domain/json.ts';
import { configDirectory, must } from '../config/support.ts';

const text = readFileSync(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
const shippedRule = readFileSync(new URL('../../etc-userdocker/sudoers', import.meta.url), 'utf8');

/** The blocks that come after a paragraph with a file name in it, by the last such name. */
const files: ReadonlyMap<string, string> = new Map(
  [...text.matchAll(/`([\w/.-]+\.(?:j2|ya?ml))`:[^`]*\n\n```[a-z]+\n(.*?)^```$/gms)].map(
    ([, name = '', content = '']) => [name, content] as const,
  ),
);
const file = (name: string): string => files.get(name) ?? `${name} is missing`;
const variables: unknown = parse(file('group_vars/gpu_nodes.yml'));
const playbook: unknown = parse(file('userdocker.yml'));

function filledIn(template: string): string {
  return template.replace(/\{\{ (\w+) \}\}/g, (_all, name: string) => {
    const value = isObject(variables) ? variables[name] : undefined;
    if (value === undefined) throw new Error(`no variable ${name}`);
    return String(value);
  });
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const tasks = list(playbook).flatMap((play) => (isObject(play) ? list(play['tasks']) : []));

test('there are templates, layers, variables and a playbook', () => {
  expect([...files.keys()].sort()).toEqual([
    'files/group/config_10_students.yaml',
    'files/user/config_carol.yaml',
    'group_vars/gpu_nodes.yml',
    'templates/config.yaml.j2',
    'templates/sudoers.j2',
    'userdocker.yml',
  ]);
});

test('the configuration passes userdocker-admin check, with no warning', () => {
  const students = must(parseGid('3000'));
  const carol = { name: 'carol', uid: must(parseUid('1003')), gid: students, home: '/home/carol' };
  const names: NameService = {
    userById: () => undefined,
    userByName: (name) => (name === 'carol' ? carol : undefined),
    groupIdsOf: () => [students],
    groupNamesOf: () => new Map([[students, 'students']]),
    groupIdsByName: () => new Map([['students', students]]),
  };
  const layers = [...files].filter(([name]) => name.startsWith('files/'));
  const directory = configDirectory({
    'config.yaml': filledIn(file('templates/config.yaml.j2')),
    ...Object.fromEntries(layers.map(([name, content]) => [name.slice('files/'.length), content])),
  });
  const report = checkEverybody(directory, names);
  expect(report.files).toHaveLength(3);
  expect(report.problems).toEqual([]);
  expect(report.warnings).toEqual([]);
});

describe('the sudoers file', () => {
  const rule = filledIn(file('templates/sudoers.j2'));
  const withoutComments = (lines: string) => lines.split('\n').filter((line) => /^[^#]/.test(line));

  test('is the shipped one, for a package, with hosts', () => {
    const shipped = shippedRule
      .replaceAll('@PREFIX@', '/usr')
      .replace('@GROUP@', 'userdocker')
      .replace('@HOSTS@', 'gpu01, gpu02, gpu03');
    expect(withoutComments(rule)).toEqual(withoutComments(shipped));
  });
  const visudo = spawnSync('visudo', ['--version']).error === undefined;
  test.skipIf(!visudo)('visudo accepts it', () => {
    const { status, stderr } = spawnSync('visudo', ['--check', '--file=-'], {
      input: rule,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the playbook', () => {
  const known = new Set(['name', 'loop', 'register', 'changed_when', 'failed_when']);
  const modules = tasks.map((task) => {
    const [name, ...more] = isObject(task) ? Object.keys(task).filter((key) => !known.has(key)) : [];
    return { name: name ?? '', more, value: isObject(task) && name !== undefined ? task[name] : undefined };
  });

  test('each task has a name and one module', () => {
    expect(tasks.length).toBeGreaterThan(5);
    expect(tasks.filter((task) => !isObject(task) || typeof task['name'] !== 'string')).toEqual([]);
    expect(
      modules.filter(({ name, more }) => !name.startsWith('ansible.builtin.') || more.length > 0),
    ).toEqual([]);
  });
  test('what it copies is root’s, with a mode that only root may write (a string: YAML would read 0644 as 644)', () => {
    const copies = modules.filter(({ name }) => /\.(?:copy|template)$/.test(name)).map(({ value }) => value);
    expect(copies).toHaveLength(3);
    for (const copy of copies) {
      expect(copy).toMatchObject({
        owner: 'root',
        group: 'root',
        mode: expect.stringMatching(/^0[46]4[04]$/),
      });
    }
  });
  test('its templates and layers are there, its variables have values', () => {
    const sources = modules.flatMap(({ value }) => (isObject(value) ? [value['src']] : []));
    const templates = sources.filter((source) => typeof source === 'string' && source.endsWith('.j2'));
    for (const source of templates) expect([...files.keys()]).toContain(`templates/${source}`);
    expect(() => filledIn(file('userdocker.yml').replaceAll('{{ item }}', ''))).not.toThrow();
    const loops = tasks.flatMap((task) => (isObject(task) ? list(task['loop']) : []));
    const layers = [...files.keys()].flatMap((name) => /^files\/(\w+)\//.exec(name)?.[1] ?? []);
    expect(layers).toEqual(loops);
  });
});

test('the commands of userdocker-admin exist', () => {
  const mentioned = [...text.matchAll(/userdocker-admin ([a-z-]+)/g)].map((match) => match[1] ?? '');
  // What the contract names and a release may still lack.
  const known = [...adminCommand().commands.map((command) => command.name()), 'replay'];
  expect(mentioned.length).toBeGreaterThan(5);
  expect(mentioned.filter((word) => !known.includes(word))).toEqual([]);
});
