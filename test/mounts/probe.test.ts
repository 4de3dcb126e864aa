/** What each end of the child means. resolve.test.ts has real ones. */
import { beforeEach, expect, test, vi } from 'vitest';
import { rightsOf } from '../../src/caller/as-user.ts';
import { readAsUser } from '../../src/caller/read-as-user.ts';
import type { Answer, Question } from '../../src/exec/ask.ts';
import { probeDirectory } from '../../src/mounts/probe.ts';
import { person } from '../support/builders.ts';

const { questions, answers } = vi.hoisted(() => {
  const questions: Question[] = [];
  const answers: Answer[] = [];
  return { questions, answers };
});
vi.mock('../../src/exec/ask.ts', () => ({
  ask: async (question: Question) => {
    questions.push(question);
    return answers.pop();
  },
}));
beforeEach(() => {
  questions.length = 0;
});

const rights = rightsOf(person('alice', 54_321, 54_321, 54_400));
const nothing = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
const unstartable: Answer = { end: 'unstartable', error: new Error('EAGAIN'), ...nothing };

test.each<[string, Answer, string]>([
  ['it said nothing in time', { end: 'late', ...nothing }, 'hangs'],
  ['it listed more than was asked for', { end: 'endless', ...nothing }, 'answers'],
  ['it listed all there is', { end: 'exited', status: 0, ...nothing }, 'answers'],
  // Permission denied, no such directory: the server has said so.
  ['it complained', { end: 'exited', status: 2, ...nothing }, 'answers'],
  ['ls is missing', { end: 'exited', status: 127, ...nothing }, 'impossible'],
  ['no process could be started', unstartable, 'impossible'],
])('%s', async (_what, answer, expected) => {
  answers.push(answer);
  expect(await probeDirectory(rights, '/srv/-data', 300)).toBe(expected);
  expect(questions).toMatchObject([{ program: '/usr/bin/setpriv', timeout: 300 }]);
  expect(questions[0]?.args.slice(-4)).toEqual(['/bin/ls', '-U1', '--', '/srv/-data']);
});

test('a file can not be read where no process can be started for it', async () => {
  answers.push(unstartable);
  expect(await readAsUser({ rights, path: 'x', limit: 10 })).toEqual({
    ok: false,
    error: 'no process could be started for it',
  });
});
