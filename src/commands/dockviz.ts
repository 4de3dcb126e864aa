/** `dockviz`: the tree of the local images, drawn here. No container is started and nobody is handed docker's socket for it. */
import { grammarOf } from '../args/grammar.ts';
import { inspectImage, listImages } from '../docker/facts.ts';
import { numberAt, textAt, textsAt } from '../domain/json.ts';
import { drawImageTree, type ImageNode } from '../policy/dockviz.ts';
import { visibleTags } from '../policy/images.ts';
import type { Command, Session } from './command.ts';

export const dockviz: Command<undefined> = {
  grammar: grammarOf('dockviz'),
  gather: async () => undefined,
  judge: () => ({ reasons: [], parts: [], operands: [], payload: [] }),
  own: {
    applies: () => true,
    perform: async (session) => {
      const lines = drawImageTree(await visibleImages(session));
      session.print(lines.map((line) => `${line}\n`).join(''));
      return 0;
    },
  },
};

/** Images without a tag that the caller may see are somebody else's business, unless the caller is root. */
async function visibleImages({ caller, loaded, engine }: Session): Promise<readonly ImageNode[]> {
  const images = (await listImages(engine)).map((raw) => ({
    id: textAt(raw, 'Id') ?? '',
    parentId: textAt(raw, 'ParentId'),
    tags: visibleTags(textsAt(raw, 'RepoTags'), loaded.policy.images, caller.isRoot),
    size: numberAt(raw, 'Size') ?? 0,
  }));
  const seen = images.filter(({ tags }) => caller.isRoot || tags.length > 0);
  return Promise.all(
    seen.map(async (image) => ({ ...image, layers: (await inspectImage(engine, image.id))?.layers ?? [] })),
  );
}
