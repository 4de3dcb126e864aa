/** `images`: the local images, without the trees that other users have loaded. */
import { grammarOf } from '../args/grammar.ts';
import { listImages } from '../docker/facts.ts';
import { textsAt } from '../domain/json.ts';
import { visibleTags } from '../policy/images.ts';
import type { Command, Session, Verdict } from './command.ts';

/** A name that no image has: one cannot make it with `load`, nor pull it. A filter that matches nothing shows nothing. */
const noImage = 'userdocker.invalid/none:none';

export const images: Command<readonly string[] | 'all'> = {
  grammar: grammarOf('images'),
  gather: (session) => (session.caller.isRoot ? Promise.resolve('all' as const) : visible(session)),
  judge: (_subject, request, tags): Verdict => {
    const wanted = request.operands[0];
    if (tags === 'all') return { reasons: [], parts: [], operands: request.operands, payload: [] };
    const shown = tags.filter((tag) => wanted === undefined || matchesName(wanted, tag));
    // docker shows an image by those of its tags that a filter names, so each is named. The user's own word stays out:
    // docker would show what matches any of them.
    const filters = (shown.length === 0 ? [noImage] : shown).map((tag) => `--filter=reference=${tag}`);
    return {
      reasons: [],
      parts: filters.map((word) => ({ words: [word], source: 'enforced', rule: 'images' })),
      operands: [],
      payload: [],
    };
  },
};

export async function visible(session: Session): Promise<readonly string[]> {
  const all = await listImages(session.engine);
  const tags = all.flatMap((image) => textsAt(image, 'RepoTags'));
  return visibleTags([...new Set(tags)], session.loaded.policy.images, session.caller.isRoot);
}

/** `REPOSITORY`, `REPOSITORY:TAG`, with `*` and `?` as docker takes them (a `*` does not match a slash). */
function matchesName(wanted: string, tag: string): boolean {
  const pattern = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const name = tag.slice(0, tag.lastIndexOf(':'));
  return [tag, name].some((text) => new RegExp(`^${pattern}$`).test(text));
}
