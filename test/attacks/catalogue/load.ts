/** `load`: what an archive of alice's can do to the images of all. */
import { chownSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { writeConfig } from '../../e2e/support/config.ts';
import { docker, inspect, tryDocker } from '../../e2e/support/engine.ts';
import { importImage } from '../../e2e/support/images.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import { type Entry, sha256, tarOf } from '../../load/fixtures.ts';
import type { Area, Attack } from '../support/attack.ts';
import { byAlice, byDocker, prints } from '../support/ways.ts';

const file = '/home/alice/attack.tar';
const own = 'localhost/alice/attack:1';
const target = 'trusted:latest';

interface Contents {
  readonly tags?: readonly string[];
  /** More keys of the configuration. */
  readonly config?: { readonly [key: string]: unknown };
  /** What the configuration says of the layers; what they are if left out. */
  readonly diffIds?: readonly string[];
  readonly layer?: Buffer;
}

const layerOf = (text: string) => tarOf([{ name: 'file', body: text }]);

/** As `docker save` writes it. */
async function archiveOf({ tags = [own], config = {}, diffIds, layer }: Contents): Promise<readonly Entry[]> {
  const plain = layer ?? (await layerOf('mine'));
  const rootfs = { type: 'layers', diff_ids: diffIds ?? [`sha256:${sha256(plain)}`] };
  const body = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/bin/true'] },
    rootfs,
    ...config,
  });
  const name = `${sha256(body)}.json`;
  return [
    { name, body },
    { name: 'layer.tar', body: plain },
    {
      name: 'manifest.json',
      body: JSON.stringify([{ Config: name, RepoTags: tags, Layers: ['layer.tar'] }]),
    },
  ];
}

async function put(entries: readonly Entry[]): Promise<void> {
  write(await tarOf(entries));
}

function write(archive: Buffer): void {
  writeFileSync(file, archive, { mode: 0o644 });
  chownSync(file, 0, 0);
}

const exists = async (name: string) => (await tryDocker(['image', 'inspect', name])).status === 0;
const idOf = async (name: string): Promise<string> => JSON.parse(await inspect(name, '.Id'));
const isMoved = async () => (await idOf(target)) !== (await idOf('box'));
const isTaken = () => exists(own);

/** By name; the archive is put where alice can read it. */
function loads(
  attack: Pick<Attack, 'id' | 'wants' | 'reached'> &
    Partial<Pick<Attack, 'refused' | 'status' | 'spellings'>> & {
      readonly archive: (spelling: string) => Promise<unknown>;
      readonly settings?: { readonly [key: string]: unknown };
    },
): Attack {
  const { archive, settings = {}, ...rest } = attack;
  return {
    ...rest,
    inOneGo: rest.refused !== undefined,
    who: 'alice',
    control: async (spelling) => {
      await archive(spelling);
      return byDocker(`load <${file}`);
    },
    attack: async (spelling) => {
      await archive(spelling);
      writeConfig(settings);
      return byAlice(`load <${file}`);
    },
    cleanUp: tidy,
  };
}

async function tidy(): Promise<void> {
  await mustRoot(`rm -f ${file}; docker tag box ${target}
    docker images --format '{{.Repository}}:{{.Tag}}' | grep -E '^(localhost|registry|loaded|other|<none>)' | grep -v none | xargs -r docker rmi -f >/dev/null
    docker image prune -f >/dev/null`);
}

const tagged: readonly Attack[] = [
  loads({
    id: 'tag-that-others-trust',
    wants: 'an image of hers under a name that others run',
    spellings: [
      target,
      'trusted',
      'docker.io/library/trusted:latest',
      'index.docker.io/library/trusted:latest',
      'library/trusted:latest',
      'docker.io/trusted',
    ],
    archive: async (tag) => put(await archiveOf({ tags: [tag] })),
    reached: isMoved,
  }),
  loads({
    id: 'tag-in-anothers-tree',
    wants: 'an image of hers among those that bob has loaded',
    spellings: ['localhost/bob/tool:1', 'localhost/bob/../bob/tool:1'],
    archive: async (tag) => put(await archiveOf({ tags: [tag] })),
    reached: () => exists('localhost/bob/tool:1'),
  }),
  loads({
    id: 'tag-of-a-registry',
    wants: 'an image of hers under the name of one of a registry',
    spellings: ['registry.example:5000/base:1', 'registry.example:5000/base:2'],
    archive: async (tag) => put(await archiveOf({ tags: ['registry.example:5000/base:1', tag] })),
    reached: () => exists('registry.example:5000/base:1'),
  }),
  loads({
    id: 'tag-in-a-second-manifest',
    wants: 'a name that others run, by a manifest that a checker does not read',
    spellings: ['manifest.json', './manifest.json', './/manifest.json'],
    archive: async (name) => {
      const good = await archiveOf({ tags: [own] });
      const [bad] = (await archiveOf({ tags: [target] })).slice(-1);
      await put([...good, { name, body: bad?.body ?? '' }]);
    },
    reached: isMoved,
    refused: /two entries|unsafe name/,
    status: 64,
  }),
  loads({
    id: 'tag-by-an-archive-of-old',
    wants: 'a name that others run, by an archive as docker before 1.10 wrote it',
    archive: async () => {
      const id = 'ab'.repeat(32);
      await put([
        { name: `${id}/VERSION`, body: '1.0' },
        {
          name: `${id}/json`,
          body: JSON.stringify({
            id,
            architecture: 'amd64',
            os: 'linux',
            created: '2020-01-01T00:00:00Z',
            config: {},
          }),
        },
        { name: `${id}/layer.tar`, body: await layerOf('old') },
        { name: 'repositories', body: JSON.stringify({ trusted: { latest: id } }) },
      ]);
    },
    reached: isMoved,
    refused: /before 1\.10/,
    status: 64,
  }),
];

const stolen: readonly Attack[] = [
  {
    id: 'layers-of-another-by-digest',
    inOneGo: true,
    who: 'alice',
    wants: 'what is in another’s image, by naming its layers',
    control: async () => {
      await putForeign('rootfs');
      return byDocker(
        `load -q <${file}; docker create --name taken ${own} && docker cp taken:/file - | tar -xO`,
      );
    },
    spellings: ['rootfs', 'RootFS', 'ROOTFS', 'rootf\u017f'],
    attack: async (key) => {
      await putForeign(key);
      return as(
        'alice',
        `sudo userdocker load <${file} && sudo userdocker run --no-default-mounts --entrypoint /bin/cat ${own} /file`,
      );
    },
    reached: prints(/secret/),
    refused: /is not what the image says|has the key/,
    status: 64,
    cleanUp: tidy,
  },
];

/** An image of empty files that says it is made of the layers of root's image. */
async function putForeign(key: string): Promise<void> {
  const foreign: readonly string[] = JSON.parse(await inspect('secrets', '.RootFS.Layers'));
  if (key === 'rootfs') return put(await archiveOf({ diffIds: foreign }));
  return put(await archiveOf({ config: { [key]: { type: 'layers', diff_ids: foreign } } }));
}

const sized: readonly Attack[] = [
  loads({
    id: 'archive-that-swells',
    wants: 'more on the disk than one load may unpack to',
    settings: { images: { load_max: '1m' } },
    spellings: ['the layer', 'the whole'],
    archive: async (which) => {
      const swollen = await tarOf([{ name: 'file', body: Buffer.alloc(8 * 1024 * 1024) }]);
      const entries = await archiveOf({ layer: swollen });
      if (which === 'the whole') return write(gzipSync(await tarOf(entries)));
      return put(
        entries.map((entry) => (entry.name === 'layer.tar' ? { ...entry, body: gzipSync(swollen) } : entry)),
      );
    },
    reached: isTaken,
    refused: /unpacks to more than/,
  }),
  loads({
    id: 'labels-in-everybodys-lists',
    wants: 'megabytes that the engine repeats in each list of images, until those of others fail',
    spellings: ['Labels', 'Env', 'history'],
    archive: async (which) => put(await archiveOf({ config: large(which) })),
    reached: isTaken,
    refused: /configuration .* more than 262144 bytes/,
  }),
  {
    id: 'labels-in-lists-of-containers',
    who: 'alice',
    wants: 'megabytes that the engine repeats in each list of containers',
    prepare: async () => {
      await put(await archiveOf({ config: large('Labels') }));
      await docker(['load', '--quiet', '--input', file]);
    },
    control: () =>
      byDocker(`create --name taken ${own}; docker inspect -f '{{len .Config.Labels.large}}' taken`),
    attack: () => byAlice(`run -d --name taken ${own}`),
    reached: async () => (await tryDocker(['inspect', '--type=container', 'taken'])).status === 0,
    refused: /labels and variables take more/,
    cleanUp: tidy,
  },
  loads({
    id: 'archive-that-breaks-off',
    wants: 'an image of an archive that was not whole',
    archive: async () => {
      const whole = await tarOf(await archiveOf({}));
      // Without the two blocks of zeros that end it.
      write(whole.subarray(0, whole.length - 1024));
    },
    reached: isTaken,
    refused: /ends early/,
    status: 64,
  }),
  loads({
    id: 'special-files-in-an-archive',
    wants: 'device nodes and pipes made by dockerd, as root, where it unpacks',
    spellings: ['character-device', 'block-device', 'fifo'],
    archive: async (type) => {
      const kind = type === 'fifo' || type === 'block-device' ? type : 'character-device';
      await put([{ name: 'node', type: kind }, ...(await archiveOf({}))]);
    },
    reached: isTaken,
    refused: /neither a file nor a directory/,
    status: 64,
  }),
  {
    id: 'archive-that-only-root-can-read',
    inOneGo: true,
    who: 'alice',
    wants: 'an image of root’s, from a file that docker’s client reads as root',
    prepare: async () => {
      await put(await archiveOf({}));
      await mustRoot(`mv ${file} /root/attack.tar; chmod 600 /root/attack.tar`);
    },
    spellings: [
      '-i /root/attack.tar',
      '--input=/root/attack.tar',
      '--input /root/attack.tar',
      '-qi /root/attack.tar',
      '-i=/root/attack.tar',
    ],
    control: (words) => byDocker(`load ${words}`),
    attack: (words) => byAlice(`load ${words}`),
    reached: isTaken,
    refused: /userdocker load </,
    cleanUp: async () => {
      await asRoot('rm -f /root/attack.tar');
      await tidy();
    },
  },
];

function large(which: string): { readonly [key: string]: unknown } {
  const text = 'x'.repeat(300_000);
  if (which === 'history') return { history: [{ created_by: text }] };
  const more = which === 'Env' ? { Env: [`LARGE=${text}`] } : { Labels: { large: text } };
  return { config: { Cmd: ['/bin/true'], ...more } };
}

export const load: Area = {
  title: 'what is loaded',
  before: async () => {
    await importImage('secrets', { prepare: 'echo secret >file' });
    await docker(['tag', 'box', target]);
  },
  after: () => docker(['rmi', 'secrets', target]),
  attacks: [...tagged, ...stolen, ...sized],
};
