/** `userdocker-admin log` over what userdocker itself has written, rotated as logrotate does it. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resetConfig } from './support/config.ts';
import { userdocker } from './support/userdocker.ts';
import { as, asRoot, mustRoot } from './support/users.ts';

const log = '/var/log/userdocker/audit.jsonl';
const admin = (words: string) => mustRoot(`userdocker-admin log ${words}`);

beforeAll(async () => {
  resetConfig();
  rmSync('/var/log/userdocker', { recursive: true, force: true });
  await userdocker('alice', 'ps');
  await userdocker('bob', 'run --privileged box id');
  await mustRoot(`gzip -c ${log} >${log}.2.gz; rm ${log}`);
  await userdocker('alice', "run --rm -e SECRET=hunter2 box sh -c 'echo hi'");
  await mustRoot(`mv ${log} ${log}.1`);
  await userdocker('bob', 'build .');
  await userdocker('alice', '$(printf "ps\\033[2J")');
});
afterAll(() => rmSync('/var/log/userdocker', { recursive: true, force: true }));

test('everything, the oldest first', async () => {
  const lines = (await admin('')).trimEnd().split('\n');
  const rows = lines.slice(1).map((line) => line.slice(21).replace(/ +/g, ' '));
  expect(rows).toEqual([
    'alice allow ps',
    expect.stringMatching(/^bob deny \[args\.run\.available\] run --privileged box id$/),
    expect.stringMatching(/^alice allow run --rm -e '?SECRET=[^h]*'? box sh -c 'echo hi'$/),
    expect.stringMatching(/^bob deny \[[a-z_.]+\] build \.$/),
    expect.stringMatching(/^alice deny \[[a-z_.]+\] /),
  ]);
  expect(lines.join('')).not.toContain('\u001b');
});
test('filters and counts', async () => {
  expect((await admin('--denied --user bob')).match(/ bob +deny /g)).toHaveLength(2);
  expect((await admin('--since 1h --allowed')).match(/ allow /g)).toHaveLength(2);
  expect(await admin('--until yesterday')).toMatch(/^TIME [^\n]*\n$/);
  expect(await admin('--by user')).toMatch(/^USER +ALLOWED +DENIED +LAST\nalice +2 +1 .*\nbob +0 +2 /);
  expect(await admin('--by rule --user bob')).toMatch(/^args\.run\.available +1 +1 /m);
});
test('as JSON, each record as it is', async () => {
  const all = (await admin('--format json')).trimEnd().split('\n');
  const written = await mustRoot(`zcat ${log}.2.gz; cat ${log}.1 ${log}`);
  expect(all).toEqual(written.trimEnd().split('\n'));
});
test('files that are named, and standard input', async () => {
  expect((await admin(`--format json ${log}.2.gz`)).match(/\n/g)).toHaveLength(2);
  expect(
    (
      await mustRoot(`cd /var/log/userdocker; cat audit.jsonl.1 | userdocker-admin log --format json -`)
    ).match(/\n/g),
  ).toHaveLength(1);
  expect(await asRoot('userdocker-admin log /nonexistent')).toMatchObject({ status: 69, stdout: '' });
  expect(await asRoot('userdocker-admin log --since never')).toMatchObject({ status: 64, stdout: '' });
});
test('a reader that has seen enough is no error, a full disk is', async () => {
  await mustRoot(
    `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do cat ${log} ${log} >/root/more; cat /root/more >>${log}; done`,
  );
  const piped = await asRoot(`bash -c 'userdocker-admin log | head -n 1; echo \${PIPESTATUS[0]}'`);
  expect(piped).toMatchObject({ stdout: expect.stringMatching(/^TIME.*\n0\n$/), stderr: '' });
  expect((await asRoot('userdocker-admin log >/dev/full')).status).toBe(74);
});
test('a line that is no record is told', async () => {
  await mustRoot(`echo nonsense >>${log}`);
  expect(await asRoot('userdocker-admin log --by user')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('has a line that is no record'),
  });
});
test('for root alone', async () => {
  expect((await as('alice', '/usr/local/sbin/userdocker-admin log')).status).toBe(77);
});
