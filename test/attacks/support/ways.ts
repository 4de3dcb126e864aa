/** What most attacks are made of: a way by docker, the same way by userdocker, and a look at what came of it. */
import type { CommandOptions, Outcome } from '../../e2e/support/command.ts';
import { tryDocker } from '../../e2e/support/engine.ts';
import { userdocker } from '../../e2e/support/userdocker.ts';
import { asRoot } from '../../e2e/support/users.ts';
import type { Attack } from './attack.ts';

/** For docker: alice's numbers, so that a control run gets no more than the option in question gives. */
export const asAlice = '--user=$(id -u alice):$(id -g alice)';

/** A line of shell in which docker is root's: the undefended way. */
export function byDocker(words: string, options: CommandOptions = {}): Promise<Outcome> {
  return asRoot(`/usr/bin/docker ${words}`, options);
}

export function byAlice(words: string, options: CommandOptions = {}): Promise<Outcome> {
  return userdocker('alice', words, options);
}

export function byBob(words: string, options: CommandOptions = {}): Promise<Outcome> {
  return userdocker('bob', words, options);
}

export function prints(pattern: RegExp): (last: Outcome) => boolean {
  return ({ stdout }) => pattern.test(stdout);
}

/** `onHost('-e /made')`: what test(1) says, as root. */
export function onHost(condition: string): () => Promise<boolean> {
  return async () => (await asRoot(`test ${condition}`)).status === 0;
}

/** What the engine says of a container, as JSON; of none: nothing matches. */
export function engineSays(container: string, path: string, pattern: RegExp): () => Promise<boolean> {
  return async () => {
    const { status, stdout } = await tryDocker(['inspect', '--format', `{{json ${path}}}`, container]);
    return status === 0 && pattern.test(stdout.trim());
  };
}

type Common = Pick<Attack, 'id' | 'wants'> &
  Partial<Pick<Attack, 'prepare' | 'cleanUp' | 'refused' | 'status'>> & {
    /** Options of run. The control run takes the first. */
    readonly spellings: readonly string[];
  };

/** A goal that options of `run` reach by themselves, seen by what a command inside prints. */
export function seenInside({
  see,
  shows,
  image = 'box',
  ...attack
}: Common & { readonly see: string; readonly shows: RegExp; readonly image?: string }): Attack {
  return {
    inOneGo: attack.refused !== undefined,
    ...attack,
    who: 'alice',
    control: (words) => byDocker(`run --rm ${asAlice} ${words} ${image} ${see}`),
    attack: (words) => byAlice(`run ${words} ${image} ${see}`),
    reached: prints(shows),
  };
}

/** A goal that options of `run` reach by themselves, seen in what the engine has noted of the container. */
export function seenByEngine({
  path,
  is,
  image = 'box',
  ...attack
}: Common & { readonly path: string; readonly is: RegExp; readonly image?: string }): Attack {
  return {
    inOneGo: attack.refused !== undefined,
    ...attack,
    who: 'alice',
    control: (words) => byDocker(`run --detach --name taken ${asAlice} ${words} ${image} sleep 300`),
    attack: (words) => byAlice(`run --detach --name taken ${words} ${image} sleep 300`),
    reached: engineSays('taken', path, is),
  };
}
