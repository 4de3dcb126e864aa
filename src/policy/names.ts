/** Container names: which ones a user may choose, and the one that is taken when the user names none. */
import type { Caller } from '../domain/caller.ts';
import type { Reason } from '../domain/errors.ts';
import { parseContainerName, parseUid, type Uid } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { fullMatch, readable } from './full-match.ts';
import { containerUserComponent } from './image-user.ts';

const rule = 'container_names.allowed';
/** The engine has no bound of its own. */
const longest = 128;

/**
 * @param otherUser the user other than the caller whose default names look like this one, as `ownersOfDefaultName`
 *   found it and the system's database confirmed it
 */
export function judgeName(name: string, policy: Policy, otherUser: string | undefined): readonly Reason[] {
  const reasons: Reason[] = [];
  if (!parseContainerName(name).ok || name.length > longest) {
    reasons.push({
      rule,
      message: `--name ${name} is no container name`,
      instead: `use letters, digits, "_", "." and "-", at least two, a letter or digit first, ${longest} at most`,
    });
  } else if (!fullMatch(policy.container_names.allowed, name)) {
    reasons.push({
      rule,
      message: `--name ${name} is not a name that the policy allows`,
      instead: `a name that matches ${readable(policy.container_names.allowed)}`,
    });
  }
  // docker takes a prefix of an id for the container: a name of that form could shadow somebody's id.
  if (/^[0-9a-f]+$/i.test(name)) {
    reasons.push({
      rule: 'container_names',
      message: `--name ${name} could be taken for a container id`,
      instead: `with another sign in it, such as --name ${policy.container_names.default}${name}`,
    });
  }
  if (otherUser !== undefined) {
    reasons.push({
      rule: 'container_names.default',
      message: `--name ${name} has the form of the names that another user's containers get`,
      instead: 'choose another name, or none',
    });
  }
  return reasons;
}

/** A user whose default names may have the form of a name; whether there is one is for the system's database to say. */
export type PossibleOwner =
  | { readonly by: 'name'; readonly user: string }
  | {
      readonly by: 'uid';
      readonly uid: Uid;
      /** Only if this is what stands for that user in names (image-user.ts): `u1000`. */
      readonly component?: string;
    };

/**
 * Whose default names have the form of this one: `bob_3` under `${user}_` is bob's. Where the name could be taken apart in several
 * ways (`c12` under `c${uid}` is the second container of 1, `pc12` that of a user pc1), each of them counts.
 */
export function ownersOfDefaultName(name: string, policy: Policy, caller: Caller): readonly PossibleOwner[] {
  if (name.length > longest) return [];
  const template = policy.container_names.default_template;
  const digits = /[0-9]+$/.exec(name)?.[0].length ?? 0;
  const stems = Array.from({ length: digits }, (_, index) => name.slice(0, name.length - index - 1));
  const owners = stems.flatMap((stem) => [
    ...ownersByName(stem, template),
    ...captures(stem, template, 'uid', '[0-9]+').flatMap(ownerByUid),
  ]);
  return owners.filter((owner) =>
    owner.by === 'uid' ? owner.uid !== caller.uid : owner.user !== caller.user,
  );
}

/** @param account whom the system's database has under that name or uid */
export function isOwner(
  owner: PossibleOwner,
  account: { readonly name: string; readonly uid: Uid },
): boolean {
  if (owner.by === 'name' || owner.component === undefined) return true;
  return containerUserComponent(account.name, account.uid) === owner.component;
}

/** A name that can be no part of a container's is replaced by `u<uid>` (image-user.ts). */
function ownersByName(stem: string, template: string): readonly PossibleOwner[] {
  return captures(stem, template, 'user', '.+').flatMap((user) => [
    { by: 'name' as const, user },
    ...(/^u[0-9]+$/.test(user) ? ownerByUid(user.slice(1)) : []).map((owner) => ({
      ...owner,
      component: user,
    })),
  ]);
}

function ownerByUid(text: string): readonly { readonly by: 'uid'; readonly uid: Uid }[] {
  const uid = parseUid(text);
  return uid.ok ? [{ by: 'uid' as const, uid: uid.value }] : [];
}

/** What a variable stands for if the template is to give this text. The others may stand for anything. */
function captures(stem: string, template: string, variable: string, form: string): readonly string[] {
  const pieces = template.split(/\$\{([a-z]+)\}/);
  if (!pieces.some((piece, index) => index % 2 === 1 && piece === variable)) return [];
  const pattern = pieces.map((piece, index) => {
    if (index % 2 === 0) return piece.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    return piece === variable ? `(${form})` : '.*';
  });
  const match = new RegExp(`^${pattern.join('')}$`, 's').exec(stem);
  return match?.[1] === undefined ? [] : [match[1]];
}

/** `alice_1`, `alice_2`, ...: the lowest number that no container and no run on its way has. */
export function nextName(policy: Policy, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = `${policy.container_names.default}${number}`;
    if (!taken.has(name)) return name;
  }
}
