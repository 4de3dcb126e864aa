/**
 * Holds an image against what the archive really contains, and writes the manifest.json that the engine reads.
 *
 * Invariant: every layer that an image names is in the archive, byte for byte. An engine that has a layer of the same
 * digest already takes its own and never looks at the archive's: who knows no more than the digests of another
 * user's image could otherwise have its content by loading an image of empty files.
 */
import { z } from 'zod';
import { denied } from '../domain/errors.ts';
import { largestConfiguration } from '../policy/image-size.ts';
import { type Archive, parseJson, type StoredFile } from './archive.ts';
import { badArchive } from './failure.ts';
import type { ArchivedImage, LoadedTag } from './tags.ts';

export interface CheckedImage {
  /** `sha256:` of the configuration: docker's image id. */
  readonly imageId: string;
  readonly tags: readonly string[];
  readonly config: StoredFile;
  readonly layers: readonly StoredFile[];
}

const configSchema = z.object({
  rootfs: z.object({
    type: z.literal('layers'),
    diff_ids: z.array(z.string().regex(/^sha256:[0-9a-f]{64}$/)).default([]),
  }),
});

/** @param zstdLayers whether the engine reads layers compressed with zstd (23.0 and later) */
export function checkImage(archive: Archive, image: ArchivedImage, zstdLayers: boolean): CheckedImage {
  const config = archive.file(image.config);
  const layers = image.layers.map((name) => archive.file(name));
  checkConfigurationSize(config);
  const diffIds = diffIdsOf(parseJson(image.config, config.content.text));
  if (diffIds.length !== layers.length)
    throw badArchive('an image of the archive has more or fewer layers than it says');
  for (const [index, layer] of layers.entries()) {
    checkCompression(layer, zstdLayers);
    if (layer.content.digest !== diffIds[index]) {
      throw badArchive(`layer ${index + 1} of an image of the archive is not what the image says it is`);
    }
  }
  const { digest } = config.content;
  if (digest === undefined) throw badArchive(`${image.config.slice(0, 100)} can't be read`);
  return { imageId: digest, tags: image.tags, config, layers };
}

/** The manifest.json for the engine: one entry an image, with the new tags. */
export function newManifest(images: readonly CheckedImage[], tags: readonly LoadedTag[]): Buffer {
  const byId = new Map(images.map((image) => [image.imageId, image]));
  const entries = [...byId.values()].map(({ imageId, config, layers }) => ({
    Config: config.storedAs,
    RepoTags: tags.filter((tag) => tag.imageId === imageId).map((tag) => tag.to),
    Layers: layers.map((layer) => layer.storedAs),
  }));
  return Buffer.from(`${JSON.stringify(entries)}\n`);
}

function checkConfigurationSize({ content }: StoredFile): void {
  if ((content.text?.length ?? 0) <= largestConfiguration) return;
  throw denied({
    rule: 'load',
    message: `the configuration of an image of the archive has more than ${largestConfiguration} bytes`,
    instead: 'an image with fewer or shorter labels, variables and commands',
  });
}

function diffIdsOf(config: unknown): readonly string[] {
  refuseOtherCase(config, ['rootfs']);
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) throw badArchive('the archive has an image without a valid configuration');
  if (typeof config === 'object' && config !== null && 'rootfs' in config) {
    refuseOtherCase(config.rootfs, ['type', 'diff_ids']);
  }
  return parsed.data.rootfs.diff_ids;
}

/**
 * Go's JSON decoder takes `RootFS` (and, by Unicode's folding, `rootfſ`) for `rootfs`, and the last one wins: the
 * engine would see other layers than we do.
 */
function refuseOtherCase(value: unknown, keys: readonly string[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const folded = key.toUpperCase().toLowerCase();
    if (keys.includes(folded) && !keys.includes(key))
      throw badArchive(`an image's configuration has the key ${key}`);
  }
}

function checkCompression(layer: StoredFile, zstdLayers: boolean): void {
  const { compression, digest } = layer.content;
  if (compression === 'xz' || compression === 'bzip2') {
    throw badArchive(
      `a layer of the image is compressed with ${compression}`,
      'layers may be plain tar or gzip',
    );
  }
  if (compression === 'zstd' && (!zstdLayers || digest === undefined)) {
    throw denied({
      rule: 'load',
      message: 'a layer of the image is compressed with zstd, which this docker engine does not read',
      instead: 'layers that are plain tar or compressed with gzip (skopeo copy --dest-compress-format gzip)',
    });
  }
}
