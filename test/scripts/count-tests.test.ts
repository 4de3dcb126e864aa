import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';

type Suite = {
  readonly status: string;
  readonly assertionResults: readonly { status: string; fullName: string }[];
};

const suite = (...statuses: readonly string[]): Suite => ({
  status: statuses.includes('failed') ? 'failed' : 'passed',
  assertionResults: statuses.map((status, index) => ({ status, fullName: `test ${index} ${status}` })),
});

function count(reports: readonly (readonly Suite[])[], mustWork: string) {
  const directory = mkdtempSync(`${tmpdir()}/reports-`);
  reports.forEach((testResults, index) => {
    writeFileSync(`${directory}/${index}.json`, JSON.stringify({ testResults }));
  });
  const env = { ...process.env, USERDOCKER_MUST_WORK: mustWork };
  const { status, stdout, stderr } = spawnSync('node', ['scripts/count-tests.mjs', directory], {
    env,
    encoding: 'utf8',
  });
  rmSync(directory, { recursive: true });
  return { status, stdout, stderr };
}

test('reports are added up', () => {
  const reports = [
    [suite('passed', 'passed'), suite('failed')],
    [suite('passed', 'pending', 'todo', 'skipped')],
  ];
  expect(count(reports, '')).toEqual({ status: 0, stdout: '3 passed, 1 failed, 3 skipped\n', stderr: '' });
});
test('a file that could not be loaded counts as a failure', () => {
  const broken = { status: 'failed', assertionResults: [] };
  expect(count([[suite('passed'), broken]], '').stdout).toBe('1 passed, 1 failed, 0 skipped\n');
});
test('no report at all', () => {
  expect(count([], '1')).toEqual({ status: 0, stdout: '0 passed, 0 failed, 0 skipped\n', stderr: '' });
});
test.each(['pending', 'todo', 'skipped', 'anything new'])(
  'where all must work, %s fails and is named',
  (status) => {
    const { status: exit, stdout, stderr } = count([[suite('passed', status)]], '1');
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '1 passed, 0 failed, 1 skipped\n' });
    expect(stderr).toContain(`test 1 ${status}`);
  },
);
test('where all must work and does, all is well', () => {
  expect(count([[suite('passed', 'failed')]], '1').status).toBe(0);
});
