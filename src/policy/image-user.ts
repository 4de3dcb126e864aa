/**
 * A user's name as a part of other names. `${user}` may hold what an image's path or a container's name can't: capitals,
 * `@`, `\`, spaces (names from a directory service). The number stands in for such a name.
 */
import type { Uid } from '../domain/ids.ts';

/** One component of an image's path (github.com/distribution/reference, path-component). */
const imageComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
/** Longer names leave no room for the image's own within the 255 characters of a reference. */
const longest = 64;

/**
 * What `${user}` stands for in `images.load_tags`. Two users never get the same component: a name of the form `u1000`
 * is itself replaced by its number, or the user called `u1000` would own the images of the user with uid 1000.
 */
export function imageUserComponent(user: string, uid: Uid): string {
  const usable = imageComponent.test(user) && user.length <= longest && !/^u[0-9]+$/.test(user);
  return usable ? user : `u${uid}`;
}

/** What `${user}` stands for in `container_names.default`. A name gives no rights, so it need not be unique. */
export function containerUserComponent(user: string, uid: Uid): string {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(user) && user.length <= longest ? user : `u${uid}`;
}
