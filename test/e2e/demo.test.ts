/** The README's first command, on a machine where docker is installed but does not run, and where it does. */
import { afterAll, expect, test } from 'vitest';
import { mustRun, run } from './support/command.ts';
import { docker, removeContainers, startEngine, stopEngine } from './support/engine.ts';
import { asRoot } from './support/users.ts';

const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
const install = (...args: readonly string[]) => ['./install.sh', '--no-build', '--group', 'users', ...args];
const demo = () => run({ argv: install('--demo'), env, cwd: process.cwd(), timeoutMs: 50_000 });

afterAll(async () => {
  await stopEngine();
  await startEngine();
  await mustRun({ argv: install(), env, cwd: process.cwd() });
});

test.each([
  ['docker does not run', stopEngine, 'Started dockerd'],
  ['docker runs', async () => undefined, 'One answers'],
])('%s', async (_name, arrange, told) => {
  await arrange();
  const { status, stdout, stderr } = await demo();
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain(told);
  expect(stdout).toMatch(/^CapEff:\t0{16}$/m);
  expect(stdout).toMatch(/^userdocker: .*--privileged/m);
  expect((await asRoot('id userdocker-demo; ls /home')).stdout).not.toContain('userdocker-demo');
  expect(await docker(['images', '--quiet', 'userdocker-demo'])).toBe('');
});

test('it fails where the container would have rights', async () => {
  await removeContainers();
  const weak = 'caps_drop: []\nno_new_privileges: false\n';
  const { stdout } = await asRoot('cat /etc/userdocker/config.yaml');
  await asRoot('cat >/etc/userdocker/config.yaml', { stdin: weak });
  const { status, stderr } = await demo();
  await asRoot('cat >/etc/userdocker/config.yaml', { stdin: stdout });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^demo: the container can get/m);
  expect((await asRoot('id userdocker-demo')).status).toBe(1);
});
