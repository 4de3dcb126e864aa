/**
 * OCI image layouts (github.com/opencontainers/image-spec: image-layout.md, image-index.md, manifest.md). What is
 * found here is written down as a manifest.json, which engines without OCI support read as well.
 */
import { z } from 'zod';
import { parseNormalized } from '../policy/reference.ts';
import type { Archive } from './archive.ts';
import { badArchive } from './failure.ts';
import type { ArchivedImage } from './tags.ts';

const descriptorSchema = z.object({
  mediaType: z.string().nullish(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  platform: z.object({ os: z.string().nullish(), architecture: z.string().nullish() }).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
type Descriptor = z.infer<typeof descriptorSchema>;

const indexSchema = z.object({
  manifests: z.array(descriptorSchema).max(1000),
  // Something that is an index to one reader and a manifest to another (CVE-2021-41190).
  config: z.undefined().optional(),
  layers: z.undefined().optional(),
});
const manifestSchema = z.object({
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(1000),
  manifests: z.undefined().optional(),
});

/** Compressed with zstd may be too new for the engine: src/load/images.ts looks at the layers themselves. */
const layerTypes =
  /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.diff\.tar(?:\.gzip|\.zstd)?)$/;
const deepestIndex = 3;
/** Read in all: an index may name the same index a thousand times, and that one another. */
const mostDescriptors = 2000;

/** @param architecture the engine's, in Go's terms: amd64, arm64 */
export function imagesOfLayout(
  archive: Archive,
  index: unknown,
  architecture: string,
): readonly ArchivedImage[] {
  const groups = new Map<string | undefined, Descriptor[]>();
  const budget = { left: mostDescriptors };
  for (const descriptor of parseIndex('index.json', index).manifests) {
    const name = nameOf(descriptor);
    const group = groups.get(name) ?? [];
    group.push(...manifestsOf(archive, descriptor, deepestIndex, budget));
    groups.set(name, group);
  }
  const images = [...groups].flatMap(([name, manifests]) =>
    choose(manifests, architecture, name).map((manifest) => imageOf(archive, manifest, name)),
  );
  if (images.length === 0) throw badArchive('the archive holds no image');
  return images;
}

/**
 * The image's name is an annotation: containerd's is a whole reference; the standard's may be that, or just a tag,
 * or anything else, and then it is no name.
 */
function nameOf(descriptor: Descriptor): string | undefined {
  const annotations = descriptor.annotations ?? {};
  const standard = annotations['org.opencontainers.image.ref.name'];
  const reference = standard !== undefined && !/[/:]/.test(standard) ? `loaded:${standard}` : standard;
  const name = annotations['io.containerd.image.name'] ?? reference;
  return name !== undefined && parseNormalized(name).ok ? name : undefined;
}

/** The image manifests that a descriptor leads to, as far as the archive holds them. */
function manifestsOf(
  archive: Archive,
  descriptor: Descriptor,
  depth: number,
  budget: { left: number },
): readonly Descriptor[] {
  if (budget.left-- === 0) throw badArchive('the archive names too many images');
  // Provenance and the like hang on images in the form of images (docs of BuildKit, attestation storage).
  const attestation = descriptor.annotations?.['vnd.docker.reference.type'] !== undefined;
  if (attestation || descriptor.platform?.os === 'unknown') return [];
  if (!archive.has(blobName(descriptor))) return [];
  const blob = jsonBlob(archive, descriptor);
  if (!isIndex(blob)) return [descriptor];
  if (depth === 0) throw badArchive('the archive has an index of an index of an index');
  const { manifests } = parseIndex(descriptor.digest, blob);
  return manifests.flatMap((inner) => manifestsOf(archive, inner, depth - 1, budget));
}

/** Of one name the manifest for this machine; of those without a name all that are not for another one. */
function choose(
  manifests: readonly Descriptor[],
  architecture: string,
  name: string | undefined,
): readonly Descriptor[] {
  const fitting = manifests.filter(({ platform }) => {
    const os = platform?.os ?? 'linux';
    return os === 'linux' && (platform?.architecture ?? architecture) === architecture;
  });
  if (fitting.length > 0) return name === undefined ? fitting : fitting.slice(0, 1);
  if (manifests.length <= 1) return manifests;
  const offered = manifests.map(
    ({ platform }) => `${platform?.os ?? 'linux'}/${platform?.architecture ?? '?'}`,
  );
  throw badArchive(
    `the archive holds no image for linux/${architecture}, only for ${offered.slice(0, 10).join(', ')}`,
  );
}

function imageOf(archive: Archive, descriptor: Descriptor, name: string | undefined): ArchivedImage {
  const manifest = manifestSchema.safeParse(jsonBlob(archive, descriptor));
  if (!manifest.success) throw badArchive(`${descriptor.digest} is no image manifest`);
  const { config, layers } = manifest.data;
  jsonBlob(archive, config);
  for (const { mediaType } of layers) {
    if (!layerTypes.test(mediaType ?? '')) {
      throw badArchive(
        `the image has a layer of the type ${(mediaType ?? 'none').slice(0, 100)}`,
        'layers must be in the archive, not encrypted, and plain tar or compressed with gzip or zstd',
      );
    }
  }
  return { config: blobName(config), layers: layers.map(blobName), tags: name === undefined ? [] : [name] };
}

/** Layers are held against the configuration's digests later; what is read here, against the digest that names it. */
function jsonBlob(archive: Archive, descriptor: Descriptor): unknown {
  const name = blobName(descriptor);
  const value = archive.json(name);
  if (archive.file(name).content.digest !== descriptor.digest)
    throw badArchive(`${name} is not what its name says`);
  return value;
}

function blobName(descriptor: Descriptor): string {
  return `blobs/sha256/${descriptor.digest.slice('sha256:'.length)}`;
}

function isIndex(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'manifests' in value;
}

function parseIndex(name: string, value: unknown): z.infer<typeof indexSchema> {
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) throw badArchive(`${name} is no index of an OCI image layout`);
  return parsed.data;
}
