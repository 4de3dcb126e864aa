/**
 * A password: from standard input, or typed on a terminal, where it is not shown. It stays in this process.
 *
 * The terminal's echo is switched off by stty(1) on our own standard input, and on again whatever happens but SIGKILL.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { unavailable, usage } from '../domain/errors.ts';
import { writeAll } from '../report/output.ts';
import { terminalOf } from '../report/terminal.ts';

/** Bytes. Tokens of registries have up to some thousand. */
const longest = 16 * 1024;

/** @param prompt shown on stderr where somebody types */
export async function readPassword(prompt: string): Promise<string> {
  const password = terminalOf(0) === undefined ? await readInput(false) : await typed(prompt);
  if (password === '')
    throw usage('there is no password', 'type it, or: userdocker pull --login USER IMAGE < FILE');
  if (/\p{Cc}/u.test(password)) throw usage('the password has a control character in it');
  return password;
}

async function typed(prompt: string): Promise<string> {
  const before = stty('-g').trim();
  const restore = (): void => {
    stty(before);
    writeAll(2, '\n');
  };
  const interrupted = (): void => {
    restore();
    process.exit(130);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupted);
  try {
    stty('-echo');
    writeAll(2, prompt);
    return await readInput(true);
  } finally {
    restore();
    for (const signal of signals) process.off(signal, interrupted);
  }
}

function stty(...words: readonly string[]): string {
  const { status, stdout } = spawnSync('/bin/stty', [...words], {
    stdio: [0, 'pipe', 'ignore'],
    encoding: 'utf8',
    cwd: '/',
    env: { LC_ALL: 'C' },
  });
  if (status !== 0)
    throw unavailable('the terminal would show the password', 'give it on standard input: < FILE');
  return stdout;
}

/** @param aLine end with the first one: a terminal has no other end */
async function readInput(aLine: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Not process.stdin: it would leave O_NONBLOCK on a pipe that others hold too.
  const input = createReadStream('', { fd: 0, autoClose: false, highWaterMark: 4096 });
  for await (const chunk of input) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    length += chunk.length;
    if (length > longest) throw usage(`the password has more than ${longest} bytes`);
    if (aLine && chunk.includes(0x0a)) break;
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
