import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOptions, killGroup } from './command.ts';
import { home, loginArguments, type User } from './users.ts';

/** A program on a terminal of its own, and somebody who types. */
export interface Terminal {
  /** All that the program has written, as it came (`\r\n` included). */
  readonly output: () => string;
  /** Types; `\x03` is Ctrl-C, `\x10\x11` docker's detach keys. */
  readonly type: (text: string) => void;
  /** Waits until the output (from the last match on) matches; gives the match. */
  readonly expect: (pattern: RegExp, timeoutMs?: number) => Promise<RegExpExecArray>;
  /** The exit status of the line of shell. */
  readonly ended: Promise<number | null>;
  readonly close: () => void;
}

/**
 * Runs a line of shell as that user on a new pseudo-terminal of `columns` x 24. script(1) makes it, in the user's name as
 * after a login. To resize it later, run `stty` on the device that `tty` names, as root.
 */
export function openTerminal(
  user: User,
  line: string,
  { env = {}, cwd = home(user), columns = 80 }: CommandOptions & { readonly columns?: number } = {},
): Terminal {
  const script = `exec script --quiet --return --flush --command "$LINE" /dev/null`;
  const sized = `stty rows 24 cols ${columns}; ${line}`;
  const [program = '', ...args] = loginArguments(user, script, {
    TERM: 'xterm',
    ...env,
    LINE: sized,
    SHELL: '/bin/sh',
  });
  const child = spawn(program, args, { cwd, env: {}, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  let output = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return {
    output: () => output,
    type: (text) => {
      child.stdin.write(text);
    },
    expect: async (pattern, timeoutMs = 10_000) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const match = new RegExp(pattern.source, pattern.flags.replace('g', '')).exec(output.slice(seen));
        if (match !== null) {
          seen += match.index + match[0].length;
          return match;
        }
        if (Date.now() > deadline)
          throw new Error(`no ${pattern} on the terminal: ${JSON.stringify(output.slice(seen))}`);
        await sleep(20);
      }
    },
    ended,
    close: () => killGroup(child),
  };
}
