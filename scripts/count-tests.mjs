// count-tests.mjs DIRECTORY: adds up vitest's JSON reports and prints the closing line `N passed, N failed, N skipped`.
// With USERDOCKER_MUST_WORK set, exits 1 where a test was skipped: a test that does not run proves nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const directory = process.argv[2];
const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
const suites = files.flatMap((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')).testResults);
const tests = suites.flatMap((suite) => suite.assertionResults);

const passed = tests.filter((test) => test.status === 'passed');
// A file that can't be loaded has no tests in it, and fails all the same.
const failed = [
  ...tests.filter((test) => test.status === 'failed'),
  ...suites.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0),
];
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed');

const mustWork = (process.env.USERDOCKER_MUST_WORK ?? '') !== '';
if (mustWork && skipped.length > 0) {
  console.error('These tests were skipped, and all must work here (USERDOCKER_MUST_WORK):');
  for (const test of skipped) console.error(`  ${test.fullName}`);
}
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = mustWork && skipped.length > 0 ? 1 : 0;
