import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { sha256, tarOf } from '../../load/fixtures.ts';

const types = 'application/vnd.docker';

/**
 * A registry as any user of the machine can start one: it has one image under whatever name it is asked for
 * (Docker Registry HTTP API V2). docker takes localhost for an insecure one, and asks for no certificate.
 */
export async function startRegistry(port: number): Promise<Server> {
  const layer = await tarOf([{ name: 'motd', body: 'alice was here' }]);
  const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
  const packed = gzipSync(layer);
  const describe = (mediaType: string, body: Buffer) => ({
    mediaType,
    size: body.length,
    digest: `sha256:${sha256(body)}`,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${types}.distribution.manifest.v2+json`,
      config: describe(`${types}.container.image.v1+json`, config),
      layers: [describe(`${types}.image.rootfs.diff.tar.gzip`, packed)],
    }),
  );
  const server = createServer(({ method, url = '' }, response) => {
    const blob = [config, packed].find((body) => url.endsWith(sha256(body)));
    const isManifest = url.includes('/manifests/');
    const body = url.includes('/blobs/') ? blob : isManifest ? manifest : Buffer.from('{}');
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Length': body.length,
      'Content-Type': isManifest ? `${types}.distribution.manifest.v2+json` : 'application/octet-stream',
      ...(isManifest ? { 'Docker-Content-Digest': `sha256:${sha256(manifest)}` } : {}),
    });
    return response.end(method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
