import { afterEach, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { removeContainers } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

const status = async (words: string) => (await userdocker('alice', words)).status;
/** Every capability set of a process inside, and whether it can gain more. */
const confinement = async (words: string) => {
  const text = await mustUserdocker(
    'alice',
    `run ${words} box grep -E '^(Cap(Eff|Bnd|Prm)|NoNewPrivs)' /proc/self/status`,
  );
  return Object.fromEntries(text.split('\n').map((line) => line.split(':\t', 2)));
};
const none = '0'.repeat(16);

describe('who one is inside', () => {
  test('as shipped: oneself, with one’s groups, nothing to gain', async () => {
    expect(await confinement('')).toEqual({ CapEff: none, CapBnd: none, CapPrm: none, NoNewPrivs: '1' });
    const [ids = ''] = (await mustUserdocker('alice', 'run box id')).split('\n');
    const [uid, gid, groups = ''] = (await mustRoot('id -u alice; id -g alice; id -G alice'))
      .trim()
      .split('\n');
    expect(ids).toMatch(new RegExp(`^uid=${uid} gid=${gid} groups=`));
    expect(ids.split('groups=')[1]?.split(',').sort()).toEqual(groups.split(' ').sort());
  });
  test('user_in_container: false leaves it to the image', async () => {
    writeConfig({ user_in_container: false });
    expect(await mustUserdocker('alice', 'run box id -u')).toBe('0');
    await mustUserdocker('alice', 'run -d --name held box sleep 300');
    expect(await mustUserdocker('alice', 'exec held id -u')).toBe('0');
    expect(await status('run -u 33 box id')).toBe(77);
  });
  test('groups_in_container: false', async () => {
    writeConfig({ groups_in_container: false });
    expect(await mustUserdocker('alice', 'run box id -G')).toBe((await mustRoot('id -g alice')).trim());
  });
  test('no_new_privileges: a setuid program makes nobody root, and does without it', async () => {
    const become = 'run setuid su -c "id -u"';
    for (const settings of [{}, { caps_drop: [] }, { caps_drop: [], caps_add: ['ALL'] }]) {
      writeConfig(settings);
      expect((await userdocker('alice', become)).stdout).toBe('');
    }
    writeConfig({ no_new_privileges: false, caps_drop: [] });
    expect(await mustUserdocker('alice', become)).toBe('0');
    expect(await status('run --security-opt no-new-privileges box true')).toBe(77);
  });
  test('caps_drop and caps_add', async () => {
    writeConfig({ caps_drop: ['NET_RAW', 'cap_chown'], user_in_container: false });
    const bounding = BigInt(`0x${(await confinement('')).CapBnd}`);
    expect(bounding & (1n << 13n)).toBe(0n);
    expect(bounding & 1n).toBe(0n);
    expect(bounding & (1n << 6n)).toBe(1n << 6n);
    writeConfig({ caps_add: ['SYS_PTRACE'] });
    expect((await confinement('')).CapBnd).toBe((1n << 19n).toString(16).padStart(16, '0'));
    expect(await status('-n run --cap-add=SYS_PTRACE box')).toBe(0);
    expect(await status('-n run --cap-add=SYS_ADMIN box')).toBe(77);
  });
  test('sysctls: who is root inside binds no reserved port all the same', async () => {
    const listen = "run box sh -c 'timeout 1 nc -l -p 80 2>&1; true'";
    expect(await mustUserdocker('alice', listen)).toMatch(/permission denied/i);
    writeConfig({ 'sysctls-': ['net.ipv4.ip_unprivileged_port_start'] });
    expect(await mustUserdocker('alice', listen)).not.toMatch(/permission denied/i);
    writeConfig({ sysctls: { 'net.ipv4.ip_default_ttl': 33 } });
    expect(await mustUserdocker('alice', 'run box cat /proc/sys/net/ipv4/ip_default_ttl')).toBe('33');
  });
});
