/** The same source, elsewhere, by somebody else: the same bytes. And what is for another processor is for that one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { here, light, packageFile, packages } from './support.ts';

const copy = '/srv/a copy/of the source';

beforeAll(async () => {
  await here(`mkdir -p '${copy}'`);
  await here(`tar -c --exclude=./node_modules --exclude=./dist --exclude=./.git . | tar -x -C '${copy}'
    cd '${copy}'; chmod -R g+w,o-rx .; find . -type f -exec touch -d 2001-01-01 {} +`);
  // Mounted and not linked: with a link the builder would see their old place. These are the real ones: read-only.
  await here(`mkdir '${copy}/node_modules'; mount --bind node_modules '${copy}/node_modules'
    mount -o remount,bind,ro '${copy}/node_modules'`);
});
afterAll(() => here(`umount '${copy}/node_modules'; rm -rf --one-file-system '/srv/a copy' /srv/made*`));

test('the packages, whatever the directory, the umask, the time zone, the language and the modes of a checkout', async () => {
  const build = 'SOURCE_DATE_EPOCH=1700000000 bash scripts/package.sh --programs /srv/programs';
  await here(`cd '${copy}'; umask 077
    TZ=Asia/Tokyo LC_ALL=C LANG=tr_TR.UTF-8 ${build} --output /srv/made-2`);
  const sums = await here(`cat ${light}/SHA256SUMS`);
  expect(sums.trim().split('\n')).toHaveLength(6);
  expect(await here('cat /srv/made-2/SHA256SUMS')).toBe(sums);
  expect(
    await here(
      `${build.replace('1700000000', '1700000001')} --output /srv/made-3 x64; cat /srv/made-3/*SUMS`,
    ),
  ).not.toContain(sums.slice(0, 64));
});

test('the programs', async () => {
  await here(`cd '${copy}'; HOME=/srv TZ=Asia/Tokyo bash scripts/build.sh x64 dist/linux-x64`);
  for (const program of ['userdocker', 'userdocker-admin']) {
    await here(`cmp dist/linux-x64/${program} '${copy}/dist/linux-x64/${program}'`);
  }
});

test('SHA256SUMS names every package, and they are whole', async () => {
  const report = await here(`cd ${packages}; sha256sum --check SHA256SUMS; ls | wc -l`);
  expect(report.trim().split('\n')).toEqual([...Array(6).fill(expect.stringMatching(/: OK$/)), '7']);
});

// e_machine: 62 x86-64, 183 AArch64 (elf.h).
describe.each([
  ['x86_64', '_amd64.deb', 62, '/lib64/ld-linux-x86-64.so.2'],
  ['aarch64', '_arm64.deb', 183, '/lib/ld-linux-aarch64.so.1'],
])('%s', (name, deb, elfMachine, interpreter) => {
  test.each(['userdocker', 'userdocker-admin'])('%s is a program for it', async (program) => {
    const member = `./usr/lib/userdocker/${program}`;
    const unpack = `dpkg-deb --fsys-tarfile ${packageFile(deb)} | tar -x --to-stdout ${member}`;
    const words = await here(
      `${unpack} | head -c 65536 | { head -c 20 | od -An -t u2 -j 16; cat; } | tr '\\0' '\\n' | strings`,
    );
    expect(words).toContain(interpreter);
    expect(words).toMatch(new RegExp(`^ +2 +${elfMachine}\\n`));
  });
  test('the packages say so', async () => {
    const fields = `dpkg-deb --field ${packageFile(deb)} Architecture; rpm --query --package --queryformat '%{ARCH}\\n' `;
    expect(await here(`${fields} ${packageFile(`.${name}.rpm`)}`)).toBe(`${deb.slice(1, -4)}\n${name}\n`);
  });
});
