/** userdocker-admin, as it is installed: what it converts is a configuration, and what it replays it only looks at. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { auditRecords } from './support/audit.ts';
import type { Outcome } from './support/command.ts';
import { resetConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { asRoot, mustRoot } from './support/users.ts';

const scratch = '/root/admin-test';
const log = '/var/log/userdocker/audit.jsonl';
const admin = (words: string): Promise<Outcome> => asRoot(`/usr/local/sbin/userdocker-admin ${words}`);

afterEach(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await removeContainers();
  resetConfig();
});

function candidate(yaml: string): string {
  mkdirSync(`${scratch}/candidate`, { recursive: true, mode: 0o755 });
  writeFileSync(`${scratch}/candidate/config.yaml`, yaml, { mode: 0o644 });
  return `${scratch}/candidate`;
}

test('import-config: a site of the Python program goes on as it was', async () => {
  const converted = await admin(
    `import-config ${process.cwd()}/test/fixtures/python/shipped --output ${scratch}`,
  );
  expect(converted).toMatchObject({ status: 0, stdout: expect.stringMatching(/ 0 looser, 0 not known\n$/) });
  await mustRoot(`cp ${scratch}/config.yaml /etc/userdocker/config.yaml`);
  expect(await admin('check')).toMatchObject({ status: 0, stdout: '1 file, 0 problems, 0 warnings\n' });
  expect(await mustUserdocker('alice', 'run -i box sh -c "id -u; pwd; echo \\$HOME"')).toMatch(
    /^[0-9]+\n\/\n\/home\/alice$/,
  );
  expect((await userdocker('alice', 'run -d box true')).status).toBe(77);
  expect((await userdocker('alice', 'exec x true')).status).toBe(77);
});

test('import-config: what is code is not run, and leaves a file that refuses every call', async () => {
  mkdirSync(scratch);
  const code = `import os\nos.system('touch ${scratch}/ran')\nCAPS_DROP = eval('[]')\n`;
  writeFileSync(`${scratch}/config.py`, code);
  const { status, stderr } = await admin(`import-config ${scratch} --output ${scratch}/new`);
  expect({ status, stderr }).toEqual({
    status: 65,
    stderr: expect.stringContaining('config.py:3: a call: eval'),
  });
  expect((await asRoot(`test -e ${scratch}/ran`)).status).toBe(1);
  await mustRoot(`cp ${scratch}/new/config.yaml /etc/userdocker/config.yaml`);
  expect((await admin('check')).status).toBe(78);
  expect((await userdocker('alice', 'ps')).status).toBe(78);
});

test('replay: what a stricter policy would refuse whom', async () => {
  rmSync(log);
  await mustUserdocker('alice', 'run --name kept box true');
  await mustUserdocker('alice', 'run box true');
  await mustUserdocker('bob', 'run box true');
  await userdocker('bob', 'run --privileged box');
  await mustUserdocker('alice', 'ps');
  await userdocker('alice', 'stop nothing');
  await mustUserdocker('alice', 'run -d --name mine box sleep 100');
  await mustUserdocker('alice', 'stop --time 0 mine');
  const state = () =>
    mustRoot('find /run/userdocker /var/lib/userdocker -printf "%p %T@ %s\\n" | sort; docker ps -aq');
  const before = { records: readFileSync(log, 'utf8'), state: await state() };

  const directory = candidate("images: {allowed: ['none']}\nargs: {run: {always: [--rm, --init]}}\n");
  const refused = await admin(`replay --config ${directory}`);
  expect(refused).toMatchObject({ status: 1, stderr: '' });
  expect(refused.stdout).toMatch(
    /^Would be refused:\n {2}alice, last \S+: userdocker run --name kept box true\n {6}images\.allowed: /,
  );
  expect(refused.stdout).toMatch(/^ {2}bob, last \S+: userdocker run box true$/m);
  expect(refused.stdout).toMatch(
    /Could not be judged:\n {2}alice, .*: userdocker stop --time 0 mine\n.* you have no container mine/,
  );
  expect(refused.stdout).toMatch(/8 records: 7 judged, 4 of them would change, 1 could not be judged\n$/);

  const changed = await admin(
    `replay --config ${candidate('args: {run: {always: [--rm, --init]}}\n')} --format json`,
  );
  expect(changed.status).toBe(1);
  expect(JSON.parse(changed.stdout)).toMatchObject({
    changes: expect.arrayContaining([
      expect.objectContaining({ kind: 'command', user: 'bob', added: ['--init'], removed: [] }),
    ]),
  });
  expect(await admin(`replay --config ${candidate('')} ${log}`)).toMatchObject({ status: 0 });

  expect({ records: readFileSync(log, 'utf8'), state: await state() }).toEqual(before);
  expect(auditRecords()[0]).toMatchObject({ user: 'alice', groups: expect.any(Array), env: {} });
});

test('replay: a configuration that others could write, or with a mistake, is refused', async () => {
  await mustUserdocker('alice', 'ps');
  const directory = candidate('');
  await mustRoot(`chmod 777 ${directory}`);
  expect((await admin(`replay --config ${directory}`)).status).toBe(78);
  await mustRoot(`chmod 755 ${directory}; echo 'x: 1' >${directory}/config.yaml`);
  expect(await admin(`replay --config ${directory}`)).toMatchObject({
    status: 78,
    stderr: expect.stringContaining('config.yaml:1'),
  });
  expect((await docker(['ps', '-aq'])).trim()).toBe('');
});

test('show --diff: what two users differ in', async () => {
  await mustRoot(
    "mkdir -p -m 755 /etc/userdocker/user; echo 'limits: {gpus: 2}' >/etc/userdocker/user/config_bob.yaml",
  );
  const { status, stdout } = await admin('show --diff alice bob');
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^limits\.gpus:\n- null +# \S+default\.yaml:[0-9]+\n\+ 2 +# \/etc\/userdocker\/user\/config_bob\.yaml:1$/m,
  );
});
