/** Nothing is created as root inside what is mounted: what lies in a mount must be there already (SPEC 4.2). */
import type { Reason } from '../domain/errors.ts';
import type { MountFacts, NestedFact, Selection } from './mount-facts.ts';

/**
 * Links of the image count (`facts.places`), as far as the engine says where the image's layers are.
 *
 * What is left after this: the caller can remove a directory between this look and runc's, and runc then makes it
 * again, as root, empty, where the caller was able to remove it. If the caller puts a link in its place, the empty
 * directory (or file) is made where the link leads *inside the container*: in the image's own layer, which is harmless,
 * or inside another read-write mount of the same run. Nothing foreign can be read, written or removed that way, and a
 * read-only mount is safe: runc gets EROFS. For a container with GPUs the place where something is mounted matters
 * as well, so there a target must not lie in a directory that the caller could swap.
 */
export function judgeNested(selection: Selection, facts: MountFacts, gpuRun: boolean): readonly Reason[] {
  return facts.nested.flatMap((fact) => {
    const { nested } = fact;
    const outer = selection.binds[nested.outer]?.text ?? 'another mount';
    const problem = problemOf(fact, facts);
    if (problem !== undefined) {
      const message = `${nested.what}, ${nested.path}, lies in ${outer} and ${problem}`;
      return [{ rule: 'mounts.nested', message, instead: remedyOf(fact) }];
    }
    if (
      gpuRun &&
      !fact.stable &&
      nested.inner !== undefined &&
      selection.binds[nested.inner]?.from === 'you'
    ) {
      const message = `with GPUs, ${nested.what} must not lie in ${outer}, where it could be swapped for a link`;
      return [{ rule: 'mounts.nested', message, instead: 'a target of its own' }];
    }
    return [];
  });
}

function problemOf({ nested, state }: NestedFact, facts: MountFacts): string | undefined {
  switch (state) {
    case 'absent':
      return 'does not exist there: docker would make it as root';
    case 'unreachable':
      return "can't be looked at there";
    case 'link':
      return 'is reached over a symbolic link there';
    default:
      return wantedType(nested, facts) === state ? undefined : `is not a ${wantedType(nested, facts)} there`;
  }
}

function wantedType({ type, inner }: NestedFact['nested'], facts: MountFacts): 'directory' | 'file' {
  if (type !== 'as-source') return type;
  const source = inner === undefined ? undefined : facts.sources[inner];
  return source?.kind === 'found' && source.type !== 'directory' ? 'file' : 'directory';
}

function remedyOf({ nested, state }: NestedFact): string {
  const canBeMade = state === 'absent' && nested.type !== 'file';
  return canBeMade ? 'make the directory first, or choose another place' : 'choose another place';
}
