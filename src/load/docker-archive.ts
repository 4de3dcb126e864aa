/** The archives of `docker save` (moby image/spec v1.2): manifest.json says which files make up which image. */
import { z } from 'zod';
import { badArchive } from './failure.ts';
import type { ArchivedImage } from './tags.ts';

/** More keys than these (Parent, LayerSources) are dropped: they link to images and layers outside of the archive. */
const manifestSchema = z
  .array(
    z.object({
      Config: z.string(),
      RepoTags: z.array(z.string()).max(1000).nullish(),
      Layers: z.array(z.string()).max(1000).nullish(),
    }),
  )
  .min(1)
  .max(1000);

export function imagesOfManifest(manifest: unknown): readonly ArchivedImage[] {
  const parsed = manifestSchema.safeParse(manifest);
  if (!parsed.success) throw badArchive('manifest.json is not what "docker save" writes');
  return parsed.data.map(({ Config, RepoTags, Layers }) => ({
    config: Config,
    layers: Layers ?? [],
    tags: RepoTags ?? [],
  }));
}
