import { tryDocker } from '../../e2e/support/engine.ts';
import { as, asRoot, mustRoot } from '../../e2e/support/users.ts';
import type { Area } from '../support/attack.ts';

const loot = '/home/alice/loot';
const openLoot = () => mustRoot(`mkdir -p ${loot} && chown alice: ${loot} && chmod 777 ${loot}`);
const removeLoot = () => mustRoot(`rm -rf ${loot}`);

export const images: Area = {
  title: 'what an image brings along',
  attacks: [
    {
      id: 'setuid-program-of-an-image',
      who: 'alice',
      wants: 'a set-user-ID program of root’s on the host',
      prepare: openLoot,
      control: () =>
        tryDocker([
          'run',
          '--rm',
          `--volume=${loot}:/loot`,
          `--user=1000:1000`,
          'setuid',
          ...['su', '-c', 'cp /bin/busybox /loot/sh && chmod 4755 /loot/sh'],
        ]),
      attack: () =>
        as('alice', `sudo userdocker run setuid su -c 'cp /bin/busybox ${loot}/sh && chmod 4755 ${loot}/sh'`),
      reached: async () => (await asRoot(`test -u ${loot}/sh && test -O ${loot}/sh`)).status === 0,
      cleanUp: removeLoot,
    },
  ],
};
