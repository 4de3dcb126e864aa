import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { mustRoot } from './users.ts';

/** A registry (https://distribution.github.io/distribution/spec/api/) with one image, for one user, as far as a pull needs it. */
export interface Registry {
  /** `registry.test:5000`: what the engine has to know as an insecure one. */
  readonly host: string;
  /** `registry.test:5000/team/secret:1` */
  readonly image: string;
  /** Of the image's manifest. */
  readonly digest: string;
  /** Every request: method, path, and who was let in. */
  readonly requests: readonly string[];
  /** From now on it gives the image to anybody, or no longer. */
  open(isOpen: boolean): void;
  close(): Promise<void>;
}

const host = 'registry.test:5000';
const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const digestOf = (data: Buffer | string) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

export async function startRegistry(user: string, password: string): Promise<Registry> {
  await mustRoot('grep -q registry.test /etc/hosts || echo 127.0.0.1 registry.test >>/etc/hosts');
  const { manifest, blobs } = await makeImage();
  const requests: string[] = [];
  const credentials = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  let isOpen = false;
  const server = createServer((request, response) => {
    const hasNamed = request.headers.authorization === credentials;
    const path = request.url ?? '';
    requests.push(`${request.method} ${path} ${hasNamed ? user : 'nobody'}`);
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    if (!hasNamed && !isOpen) {
      response.setHeader('WWW-Authenticate', 'Basic realm="test"');
      response
        .writeHead(401)
        .end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'who are you?' }] }));
      return;
    }
    const asked = path.split('/').at(-1) ?? '';
    if (path === '/v2/') response.writeHead(200).end('{}');
    else if (path.includes('/manifests/') && (asked === '1' || asked === digestOf(manifest)))
      send(response, manifest, manifestType, request.method);
    else if (blobs.has(asked))
      send(response, blobs.get(asked) ?? '', 'application/octet-stream', request.method);
    else response.writeHead(404).end('{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no"}]}');
  });
  await new Promise<void>((resolve) => server.listen(5000, '127.0.0.1', resolve));
  return {
    host,
    image: `${host}/team/secret:1`,
    digest: digestOf(manifest),
    requests,
    open: (toAll) => {
      isOpen = toAll;
    },
    close: () => close(server),
  };
}

function send(
  response: Parameters<NonNullable<Parameters<typeof createServer>[1]>>[1],
  body: Buffer | string,
  type: string,
  method: string | undefined,
): void {
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Docker-Content-Digest': digestOf(body),
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** One layer with a busybox in it. */
async function makeImage(): Promise<{ manifest: string; blobs: ReadonlyMap<string, Buffer | string> }> {
  const busybox = await mustRoot('base64 -w0 "$(readlink -f "$(command -v busybox)")"');
  const archive = pack();
  archive.entry({ name: 'bin/busybox', mode: 0o755 }, Buffer.from(busybox, 'base64'));
  archive.entry({ name: 'bin/cat', type: 'symlink', linkname: 'busybox' });
  archive.entry({ name: 'secret', mode: 0o644 }, 'the secret of the team');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const layer = Buffer.concat(chunks);
  const packed = gzipSync(layer);
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: Buffer.byteLength(config),
      digest: digestOf(config),
    },
    layers: [
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
        size: packed.length,
        digest: digestOf(packed),
      },
    ],
  });
  const blobs = new Map<string, Buffer | string>([
    [digestOf(config), config],
    [digestOf(packed), packed],
  ]);
  return { manifest, blobs };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
