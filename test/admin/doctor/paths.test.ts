/** Who could change a file: real trees, made wrong in one place each. */
import { chmodSync, linkSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/admin/doctor/finding.ts';
import { gatherFiles } from '../../../src/admin/doctor/gather/files.ts';
import { inspectPath } from '../../../src/admin/doctor/gather/paths.ts';
import { judgeFiles, placesOf } from '../../../src/admin/doctor/judge/files.ts';
import { judgePlaces, type Place } from '../../../src/admin/doctor/judge/paths.ts';
import { assertRootsAlone } from '../../../src/exec/trusted.ts';
import { makeTree, removeTree, type Entry as TreeEntry } from '../../support/tree.ts';
import { installation, settingsWith } from './support.ts';

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) removeTree(folder);
});

const healthy: { readonly [path: string]: TreeEntry } = {
  bin: {},
  'bin/program': { text: '#!/bin/sh\n', mode: 0o755 },
  link: { link: 'HERE/bin' },
};

function tree(more: { readonly [path: string]: TreeEntry } = {}): string {
  const folder = makeTree({ ...healthy, ...more });
  made.push(folder);
  return folder;
}

function judge(path: string, more: Partial<Place> = {}): readonly Finding[] {
  const place: Place = { what: 'the program', path, kind: 'file', executable: true, ...more };
  return judgePlaces([{ ...place, fact: inspectPath(path) }]);
}

describe('one place', () => {
  test('a healthy one, through a link too', () => {
    const folder = tree();
    expect(judge(`${folder}/bin/program`)).toEqual([]);
    expect(judge(`${folder}/link/../bin/./program`)).toEqual([]);
    expect(inspectPath(`${folder}/link/program`).end?.path).toBe(`${folder}/bin/program`);
  });
  test.each<[string, { readonly [path: string]: TreeEntry }, string, string]>([
    [
      'a program that others can write',
      { 'bin/program': { text: '', mode: 0o777 } },
      'files-writable',
      'chmod go-w HERE/bin/program',
    ],
    [
      'a directory that its group can write',
      { bin: { mode: 0o775 } },
      'files-writable',
      'chmod go-w HERE/bin',
    ],
    ['a sticky directory', { bin: { mode: 0o1777 } }, 'files-writable', 'chmod go-w HERE/bin'],
    [
      'a program of somebody else’s',
      { 'bin/program': { text: '', mode: 0o755, uid: 1234 } },
      'files-owner',
      'chown -h root HERE/bin/program',
    ],
    ['a directory of somebody else’s', { bin: { uid: 1234 } }, 'files-owner', 'chown -h root HERE/bin'],
    [
      'a setuid program',
      { 'bin/program': { text: '', mode: 0o4755 } },
      'files-setuid',
      'chmod ug-s HERE/bin/program',
    ],
    [
      'a program that is none',
      { 'bin/program': { text: '', mode: 0o644 } },
      'files-mode',
      'chmod 755 HERE/bin/program',
    ],
  ])('%s', (_name, planted, id, fix) => {
    const folder = tree(planted);
    const found = judge(`${folder}/link/program`);
    expect(found.map((finding) => finding.id)).toEqual([id]);
    expect(found[0]?.fix).toBe(fix.replace('HERE', folder));
    expect(found[0]?.severity).toBe('fault');
  });
  test('what it finds the program itself refuses', () => {
    for (const mode of [0o755, 0o775, 0o757]) {
      const folder = tree({ bin: { mode } });
      const refused = (() => {
        try {
          assertRootsAlone(`${folder}/bin/program`);
          return false;
        } catch {
          return true;
        }
      })();
      expect(judge(`${folder}/bin/program`).length > 0).toBe(refused);
    }
  });
  test('the fix that is named helps', () => {
    const folder = tree({ bin: { mode: 0o775 } });
    expect(judge(`${folder}/bin/program`)).toHaveLength(1);
    chmodSync(`${folder}/bin`, 0o755);
    expect(judge(`${folder}/bin/program`)).toEqual([]);
  });
  test('a name that would be a command is quoted', () => {
    const folder = tree({ 'bin/x; rm -rf $HOME': { text: '', mode: 0o777 } });
    const found = judge(`${folder}/bin/x; rm -rf $HOME`);
    expect(found[0]?.fix).toBe(`chmod go-w '${folder}/bin/x; rm -rf $HOME'`);
  });
  test('missing', () => {
    const folder = tree();
    const missing = (message: string): Finding => ({ id: 'x', severity: 'fault', message, fix: '' });
    expect(judge(`${folder}/bin/other`)).toEqual([]);
    expect(judge(`${folder}/bin/other`, { missing })).toMatchObject([
      { id: 'x', message: `the program, ${folder}/bin/other, is missing` },
    ]);
    expect(judge(`${folder}/no/other`, { missing })).toHaveLength(1);
  });
  test('links that lead in a circle, and a directory in a program’s place', () => {
    const folder = tree({ one: { link: 'HERE/two' }, two: { link: 'one' } });
    expect(judge(`${folder}/one`)).toMatchObject([{ id: 'files-unreadable', severity: 'fault' }]);
    expect(judge(`${folder}/bin`)).toMatchObject([{ id: 'files-kind' }]);
    expect(judge(`${folder}/bin/program/x`)).toMatchObject([{ id: 'files-unreadable' }]);
  });
  test('secrets', () => {
    const folder = tree({ secret: { text: '', mode: 0o640 } });
    const found = (secret: Place['secret']) =>
      judgePlaces([
        {
          what: 'x',
          path: `${folder}/secret`,
          kind: 'file',
          fact: inspectPath(`${folder}/secret`),
          ...(secret === undefined ? {} : { secret }),
        },
      ]);
    expect(found('warning')).toMatchObject([
      { id: 'files-open', severity: 'warning', fix: `chmod go-rwx ${folder}/secret` },
    ]);
    expect(found('fault')).toMatchObject([{ severity: 'fault' }]);
    expect(found(undefined)).toEqual([]);
  });
  test('a directory on which much hangs is told once', () => {
    const folder = tree({ bin: { mode: 0o775 }, 'bin/second': { text: '', mode: 0o755 } });
    const place = (name: string): Place => ({ what: name, path: `${folder}/bin/${name}`, kind: 'file' });
    const places = ['program', 'second'].map((name) => ({
      ...place(name),
      fact: inspectPath(`${folder}/bin/${name}`),
    }));
    expect(judgePlaces(places).map(({ message }) => message)).toEqual([
      expect.stringContaining('program and second'),
    ]);
  });
});

describe('docker’s client configuration', () => {
  const config = (json: object, mode: { readonly directory: number; readonly file: number }) => {
    const folder = tree({
      docker: { mode: mode.directory },
      'docker/config.json': { text: JSON.stringify(json), mode: mode.file },
    });
    const settings = {
      ...settingsWith(),
      executors: [],
      smis: [],
      dockerHosts: [],
      dockerConfigs: [`${folder}/docker`],
    };
    const nowhere = {
      ...installation,
      prefix: '/nonexistent',
      state: `${folder}/bin`,
      runtime: '/nonexistent',
      configuration: folder,
    };
    const found = judgeFiles(gatherFiles(nowhere, settings));
    return found
      .filter(({ id, message }) => id !== 'files-missing' && message.includes('docker'))
      .map(({ id, severity }) => `${severity} ${id}`);
  };
  test.each([
    ['closed', 0o700, 0o600, []],
    ['a closed directory is enough', 0o700, 0o644, []],
    ['an open directory', 0o755, 0o600, ['warning files-open']],
    ['both open: everybody reads the credentials', 0o755, 0o644, ['warning files-open', 'fault files-open']],
  ])('%s', (_name, directory, file, expected) => {
    expect(config({}, { directory, file })).toEqual(expected);
  });
  test('a helper that is nowhere, and one whose name is a path', () => {
    expect(
      config({ credHelpers: { 'x.example': 'no-such-helper' } }, { directory: 0o700, file: 0o600 }),
    ).toEqual(['warning files-helper']);
    expect(config({ credsStore: '../../tmp/x' }, { directory: 0o700, file: 0o600 })).toEqual([]);
  });
});

test('each part of the installation is looked at', () => {
  const paths = placesOf(installation, settingsWith()).map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      '/usr/local/bin/userdocker',
      '/usr/local/lib/userdocker/userdocker',
      '/usr/local/sbin/userdocker-admin',
      '/etc/userdocker',
      '/etc/userdocker/docker/config.json',
      '/var/lib/userdocker',
      '/run/userdocker',
      '/usr/bin/docker',
      '/usr/bin/nvidia-smi',
      '/var/run/docker.sock',
      '/etc/logrotate.d/userdocker',
    ]),
  );
});

test('a second name of a file changes nothing', () => {
  const folder = tree();
  linkSync(`${folder}/bin/program`, `${folder}/bin/again`);
  expect(judge(`${folder}/bin/again`)).toEqual([]);
});
