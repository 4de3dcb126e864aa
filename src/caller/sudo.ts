/**
 * `userdocker ps` without sudo: the same again through `sudo -u root`, once. All this runs with the user's own rights;
 * it is a convenience and guards nothing.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { denied, type UserdockerError, unavailable } from '../domain/errors.ts';
import { type Ending, replaceProcess } from '../exec/replace.ts';

/** Fixed places; the user's PATH is no help, and on NixOS the wrapper is the only one that is setuid. */
const sudoPaths = ['/usr/bin/sudo', '/run/wrappers/bin/sudo', '/usr/local/bin/sudo', '/bin/sudo'] as const;

/** Set for sudo: should it come back as somebody else than root (a wrapper, no env_reset), this is not tried again. */
export const throughSudoMarker = 'USERDOCKER_THROUGH_SUDO';

export interface SudoSources {
  readonly env: { readonly [name: string]: string | undefined };
  /** The launcher that sudoers names. */
  readonly launcher: string;
  readonly isExecutable: (path: string) => boolean;
  /** Asks sudo, without a password, whether it would run these words. */
  readonly ask: (sudo: string, words: readonly string[]) => SudoAnswer;
  /** sudo can ask for a password. */
  readonly hasTerminal: () => boolean;
  readonly replace: typeof replaceProcess;
}

export interface SudoAnswer {
  /** `null`: sudo could not be run, or was killed. */
  readonly status: number | null;
  readonly stderr: string;
}

/**
 * Does not return where the runtime has execve.
 * @param args the whole command line after the program's name, byte for byte
 * @throws UserdockerError with a sentence that says how to call userdocker
 */
export function reexecThroughSudo(
  args: readonly string[],
  sources: SudoSources = systemSources(),
): Promise<Ending> {
  const { env, launcher } = sources;
  if (env[throughSudoMarker] !== undefined) {
    throw unavailable(
      'sudo did not make this process root',
      `call it yourself: sudo -u root ${launcher} COMMAND`,
    );
  }
  const sudo = sudoPaths.find(sources.isExecutable);
  if (sudo === undefined) {
    throw unavailable('userdocker works through sudo, and there is no sudo here', 'an admin must install it');
  }
  const words = ['-u', 'root', '--', launcher, ...args];
  const answer = sources.ask(sudo, ['-n', '-l', ...words]);
  if (refuses(answer)) throw notAllowed(launcher, '');
  if (wantsPassword(answer) && !sources.hasTerminal()) {
    throw notAllowed(launcher, ' without a password, and there is no terminal to ask for one');
  }
  const passed = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return sources.replace(
    { executable: sudo, args: words, env: { ...Object.fromEntries(passed), [throughSudoMarker]: '1' } },
    'sudo',
  );
}

function notAllowed(launcher: string, more: string): UserdockerError {
  return denied({
    rule: 'sudoers',
    message: `sudo does not allow you to run ${launcher}${more}`,
    instead: `ask an admin to let you; then "userdocker COMMAND" or "sudo ${launcher} COMMAND" works`,
  });
}

/**
 * `sudo -l COMMAND` says nothing and fails where the rules don't allow the command. Anything else (a password is
 * needed, an sudo of another make does not know -l) is left to sudo itself, which explains itself better.
 */
export function refuses({ status, stderr }: SudoAnswer): boolean {
  return status !== null && status !== 0 && (stderr.trim() === '' || /not allowed|may not run/i.test(stderr));
}

/** Also the answer to somebody who has no rule at all, where sudo tells its rules to nobody without a password. */
export function wantsPassword({ status, stderr }: SudoAnswer): boolean {
  return status !== 0 && /(?:password|authentication) is required/i.test(stderr);
}

/** The program is installed as PREFIX/lib/userdocker/userdocker, its launcher as PREFIX/bin/userdocker. */
export function launcherOf(program: string): string {
  return resolve(dirname(program), '../../bin/userdocker');
}

function systemSources(): SudoSources {
  return {
    env: process.env,
    launcher: launcherOf(process.execPath),
    isExecutable: (path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    },
    ask: (sudo, words) => {
      const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
      const stdio = ['ignore', 'ignore', 'pipe'] as const;
      const { status, stderr } = spawnSync(sudo, words, {
        env,
        stdio: [...stdio],
        encoding: 'utf8',
        timeout: 20_000,
      });
      return { status, stderr: stderr ?? '' };
    },
    hasTerminal: () => {
      try {
        closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY));
        return true;
      } catch {
        return false;
      }
    },
    replace: replaceProcess,
  };
}
