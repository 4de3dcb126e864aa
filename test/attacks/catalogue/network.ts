import type { Server } from 'node:http';
import { docker, tryDocker } from '../../e2e/support/engine.ts';
import { importImage } from '../../e2e/support/images.ts';
import { userdocker } from '../../e2e/support/userdocker.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area } from '../support/attack.ts';
import { startRegistry } from '../support/registry.ts';

const port = 5000;
let registry: Server | undefined;

export const network: Area = {
  title: 'network',
  before: async () => {
    await importImage('name-server', { changes: ['EXPOSE 53/udp'] });
  },
  after: () => docker(['rmi', 'name-server']),
  attacks: [
    {
      id: 'registry-on-this-machine',
      who: 'alice',
      wants: 'an image of hers under a name that others take for the lab’s',
      prepare: async () => {
        registry = await startRegistry(port);
      },
      control: () => tryDocker(['pull', `localhost:${port}/base:1`]),
      spellings: [
        `pull localhost:${port}/base:1`,
        `pull -q localhost:${port}/base:1`,
        `pull LOCALHOST:${port}/base:1`,
        `pull 127.0.0.1:${port}/base:1`,
        `pull 127.1:${port}/base:1`,
        `pull [::1]:${port}/base:1`,
        `run localhost:${port}/base:1 true`,
        `run --pull=always localhost:${port}/base:1 true`,
        `run --pull=missing localhost:${port}/base true`,
        `-q --debug pull localhost:${port}/base`,
      ],
      attack: (words) => userdocker('alice', words),
      reached: async () =>
        (await docker(['images', '--format', '{{.Repository}}'])).includes(`:${port}/base`),
      cleanUp: async () => {
        registry?.close();
        await mustRoot(
          `docker images --format '{{.Repository}}:{{.Tag}}' | grep :${port}/ | xargs -r docker rmi`,
        );
      },
    },
    {
      id: 'socket-of-the-engine',
      who: 'alice',
      wants: 'the engine’s socket in a container',
      prepare: () => mustRoot('ln -s /run/docker.sock /home/alice/engine'),
      control: () => asRoot('docker run --rm -v /run/docker.sock:/s box sh -c "test -S /s && echo a socket"'),
      spellings: [
        '-v /run/docker.sock:/s',
        '-v /var/run/docker.sock:/s',
        '-v /run/docker.sock:/s:ro',
        '-v /home/alice/engine:/s',
        '--mount type=bind,src=/home/alice/../../run/docker.sock,dst=/s',
        '--mount type=bind,source=/proc/1/root/run/docker.sock,target=/s',
        '-v /run:/run --entrypoint= -w /',
        '-w /home/alice',
      ],
      attack: (words) =>
        userdocker(
          'alice',
          `run ${words} box sh -c 'for s in /s /run/docker.sock /home/alice/engine; do test -S $s && echo a socket; done'`,
        ),
      reached: ({ stdout }) => stdout.includes('a socket'),
      cleanUp: () => mustRoot('rm /home/alice/engine'),
    },
    {
      id: 'ports-of-other-protocols',
      who: 'alice',
      wants: 'a UDP port of the host’s, where the policy lists TCP ports alone',
      control: () => tryDocker(['run', '-d', '-P', 'name-server', 'sleep', '100']),
      spellings: [
        '-P name-server',
        '-p 53/udp box',
        '-p 127.0.0.1::53/udp box',
        '-p 53/sctp box',
        '-p 53/UDP box',
      ],
      attack: (words) => userdocker('alice', `run -d ${words} sleep 100`),
      reached: async () => /->\d+\/(?:udp|sctp)/.test(await docker(['ps', '--format', '{{.Ports}}'])),
      refused: /allowed_port_mappings|is no port mapping/,
    },
    {
      id: 'service-on-an-address-of-the-hosts',
      who: 'alice',
      wants: 'to answer where others look for a service of the host’s',
      control: () => tryDocker(['run', '-d', '-p', '8080:8080', 'box', 'nc', '-l', '-p', '8080']),
      spellings: [
        '-p 8080:8080',
        '-p 0.0.0.0:8080:8080',
        '-p 127.0.0.1:8080:8080',
        '-p [::]:8080:8080',
        '-p 8080-8081:8080-8081',
        '--publish=8080:8080/tcp',
        '-p published=8080,target=8080',
        '-p 127.0.0.1::8080 -p 8080:8080',
        '--expose 8080 -P -p 8080:8080',
      ],
      attack: (words) => userdocker('alice', `run -d ${words} box nc -l -p 8080`),
      reached: async () => (await as('bob', 'busybox nc -w 1 127.0.0.1 8080 </dev/null')).status === 0,
    },
  ],
};
