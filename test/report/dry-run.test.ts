import { beforeEach, describe, expect, test, vi } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { showDryRun } from '../../src/report/dry-run.ts';
import { decisionOn } from '../support/builders.ts';

const written: { fd: number; text: string }[] = [];
let terminal: string | undefined;
let readerIsGone = false;

vi.mock('../../src/report/output.ts', () => ({
  writeAll: (fd: number, text: string) => {
    written.push({ fd, text });
    return !readerIsGone;
  },
}));
vi.mock('../../src/report/terminal.ts', () => ({ terminalOf: () => terminal }));

beforeEach(() => {
  written.length = 0;
  terminal = undefined;
  readerIsGone = false;
});

const red = '\u001b[31m';

describe('-n', () => {
  test('prints the command, quoted, with what it sets in front, and nothing else', () => {
    const ending = showDryRun(decisionOn(['exec', 'mine', 'sh', '-c', "echo 'a b'"]), false);
    expect(ending).toEqual({ kind: 'exited', status: 0 });
    expect(written).toEqual([
      {
        fd: 1,
        text: `DOCKER_HOST=unix:///var/run/docker.sock DOCKER_CONFIG=/etc/userdocker/docker /usr/bin/docker exec --user=1000:100 -- ${'a'.repeat(64)} sh -c 'echo '\\''a b'\\'''\n`,
      },
    ]);
  });
  test('into a pipe byte for byte, on a terminal so that it does nothing there', () => {
    const decision = decisionOn(['exec', 'mine', red]);
    showDryRun(decision, false);
    expect(written.at(-1)?.text).toContain(red);
    terminal = '/dev/pts/0';
    showDryRun(decision, false);
    expect(written.at(-1)?.text).not.toContain('\u001b');
    expect(written.at(-1)?.text).toContain("$'\\033[31m'");
  });
  test('what is denied is denied', () => {
    expect(() => showDryRun(decisionOn('run --privileged debian'), false)).toThrow(UserdockerError);
    expect(written).toEqual([]);
  });
  test('what userdocker does itself is no command of docker', () => {
    showDryRun(decisionOn('load'), true);
    expect(written.map(({ fd }) => fd)).toEqual([2]);
    expect(written[0]?.text).toContain('load');
  });
  test('nobody reads it: that is an error', () => {
    readerIsGone = true;
    expect(showDryRun(decisionOn('ps'), false)).toEqual({ kind: 'exited', status: 74 });
  });
});
