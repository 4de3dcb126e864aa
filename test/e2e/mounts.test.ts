import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { mountDeadServer, unmountDeadServer } from './support/dead-server.ts';
import { inspect, removeContainers } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustAs, mustRoot, type User } from './support/users.ts';

/** alice may read below /srv/data, nobody but root below /srv/closed. */
beforeAll(() =>
  mustRoot(`
    mkdir -p /srv/data/sets/one /srv/database /srv/closed/inner /srv/work
    echo public >/srv/data/sets/one/file; echo near >/srv/database/file; echo secret >/srv/closed/inner/file
    ln -s /srv/closed /srv/data/out; ln -s sets/one /srv/data/within
    mkdir -m 777 /srv/data/open; chmod 1777 /srv/work; chmod 700 /srv/closed`),
);
afterAll(() => mustRoot('rm -rf /srv/data /srv/database /srv/closed /srv/work'));
afterEach(async () => {
  await removeContainers();
  resetConfig();
  await mustRoot('rm -rf /home/alice/* /srv/data/open/* /srv/work/*');
});

/** `available`: the rules that the caller may use. */
const offer = (...available: readonly unknown[]) =>
  writeConfig({ volume_mounts: { available, default: [] } });
const ownerOf = async (path: string) => (await mustRoot(`stat -c '%U %a' ${path}`)).trim();

async function refused(user: User, words: string, told: RegExp | string): Promise<void> {
  const { status, stdout, stderr } = await userdocker(user, words);
  expect({ status, stdout }, stderr).toEqual({ status: 77, stdout: '' });
  expect(stderr).toMatch(told);
}

describe('the default mount', () => {
  test('is the home, to be written as oneself', async () => {
    await mustUserdocker('alice', 'run box sh -c "echo here >$HOME/made"');
    expect(await ownerOf('/home/alice/made')).toBe('alice 644');
  });
  test('is left out on demand, or read-only', async () => {
    expect((await userdocker('alice', 'run --no-default-mounts box ls /home/alice')).status).not.toBe(0);
    const { status, stderr } = await userdocker('alice', 'run -v $HOME:$HOME:ro box touch $HOME/x');
    expect(status).toBe(1);
    expect(stderr).toContain('Read-only file system');
  });
  test('is nobody else’s: not from a home that is closed, and bob’s no more than an open one', async () => {
    for (const user of ['alice', 'bob', 'carol'] as const)
      for (const other of ['alice', 'bob', 'carol'].filter((name) => name !== user))
        await refused(user, `-n run -v /home/${other}:/x box`, /\/home/);
  });
});

describe('read-only', () => {
  test('a rule’s ro stays, whatever is asked', async () => {
    offer('/srv/work::ro');
    const { stderr } = await userdocker('alice', 'run -v /srv/work:/x box touch /x/y');
    expect(stderr).toContain('Read-only file system');
    await refused('alice', 'run -v /srv/work:/x:rw box true', /may only be mounted read-only/);
    await refused(
      'alice',
      'run --mount type=bind,src=/srv/work,dst=/x,readonly=false box true',
      /read-only|readonly/,
    );
  });
  test('a rule of always can be made read-only and not left out', async () => {
    writeConfig({ volume_mounts: { always: ['/srv/work:/work'], default: [] } });
    await mustUserdocker('alice', 'run --no-default-mounts box touch /work/made');
    const { stderr } = await userdocker('alice', 'run -v /srv/work:/work:ro box touch /work/more');
    expect(stderr).toContain('Read-only file system');
    expect(await ownerOf('/srv/work/made')).toBe('alice 644');
    await refused('alice', 'run --tmpfs /work box true', /work/);
    await refused('alice', 'run -v $HOME:/work box true', /work/);
  });
});

describe('which directory', () => {
  test.each([
    ['/srv/data', 'sets/one/file'],
    ['/srv/data/sets/one', 'file'],
    ['/srv/data/within', 'file'],
    ['/srv/data//sets/../sets/./one/', 'file'],
  ])('%s, which /srv/data/** holds', async (source, file) => {
    offer('/srv/data/**:');
    expect(await mustUserdocker('alice', `run -v ${source}:/anywhere box cat /anywhere/${file}`)).toBe(
      'public',
    );
  });
  test.each([
    '/srv/database',
    '/srv/dat',
    '/srv',
    '/',
    '/srv/data/out',
    '/srv/data/out/inner',
    '/srv/data/../database',
    '/srv/data/..',
    '/srv/data/**',
    '/srv/data/nowhere',
    '/proc/self/root/srv/database',
    '/proc/self/cwd',
    '/dev/fd',
    'data',
    './data',
    '.',
    '~',
    '""',
  ])('not %s', async (source) => {
    offer('/srv/data/**:');
    await refused('alice', `run -v ${source}:/anywhere box cat /anywhere/file`, /^userdocker: denied/);
    expect((await as('alice', 'ls -d /srv/data/nowhere')).status).not.toBe(0);
  });
  test('only to where a rule without freedom says', async () => {
    offer('/srv/data:/data');
    expect(await mustUserdocker('alice', 'run -v /srv/data:/data box cat /data/within/file')).toBe('public');
    for (const target of ['/other', '/data/sub', '/dat', '/'])
      await refused('alice', `run -v /srv/data:${target} box true`, /srv\/data/);
    await refused('alice', 'run -v /srv/data/sets:/data box true', /srv\/data\/sets/);
  });
  test('a plain file', async () => {
    offer('/srv/data/sets/one/file:/etc/motd:ro');
    expect(await mustUserdocker('alice', 'run -v /srv/data/sets/one/file:/etc/motd box cat /etc/motd')).toBe(
      'public',
    );
  });
  test('not with the rights of root: what a rule’s subtree holds must be open to the caller', async () => {
    offer('/srv/**:');
    await refused('alice', 'run -v /srv/closed/inner:/x box cat /x/file', /permission denied/);
    await refused('alice', 'run -v /srv/data/out/inner:/x box cat /x/file', /permission denied/);
    await refused('bob', 'run -v /home/alice:/x box ls /x', /\/home\/alice/);
  });
  test('what the admin names word for word need not be', async () => {
    offer('/srv/closed/inner:/inner:ro');
    expect(await mustUserdocker('alice', 'run -v /srv/closed/inner:/inner box cat /inner/file')).toBe(
      'secret',
    );
    await refused('alice', 'run -v /srv/closed:/inner box true', /srv\/closed/);
  });
});

describe('spellings', () => {
  test.each([
    '-v /srv/data:/x',
    '-v=/srv/data:/x:ro',
    '-v/srv/data:/x:ro',
    '--volume /srv/data:/x:rw',
    '--mount type=bind,source=/srv/data,target=/x',
    '--mount=TYPE=bind,SRC=/srv/data,Dst=/x,RO',
    '--mount type=bind,src=/srv/data,destination=/x,readonly=true',
    `--mount '"type=bind","source=/srv/data","target=/x"'`,
    '-itv/srv/data:/x',
  ])('%s', async (words) => {
    offer('/srv/data:');
    const rendered = await mustUserdocker('alice', `-n run ${words} box`);
    expect(rendered).toMatch(/ --mount=type=bind,source=\/srv\/data,target=\/x(?:,readonly)? /);
    expect(rendered.includes(',readonly')).toBe(/ro\b/i.test(words) || words.includes('readonly'));
  });
  test.each([
    '-v /srv/data',
    '-v /srv/data:/x:z',
    '-v /srv/data:/x:rw,shared',
    '-v /srv/data:/x:ro,rw',
    '-v /srv/data:x',
    '-v data:/x',
    '-v /x',
    '-v /srv/data:/x:ro:ro',
    '--volumes-from other',
    '--volume-driver local',
    '--mount type=volume,source=data,target=/x',
    '--mount source=/srv/data,target=/x',
    '--mount type=bind,source=/srv/data,target=/x,bind-propagation=rshared',
    '--mount type=bind,source=/srv/data,target=/x,bind-nonrecursive',
    '--mount type=bind,source=/srv/data,target=/x,source=/srv/database',
    '--mount type=bind,source=/srv/data,target=/x,consistency=cached',
    '--mount type=image,source=box,target=/x',
    '--mount type=npipe,source=/srv/data,target=/x',
    '--mount type=tmpfs,target=/x,tmpfs-mode=4777',
  ])('not %s', async (words) => {
    offer('/srv/data:');
    await refused('alice', `-n run ${words} box`, /^userdocker: denied/);
  });
  test('a comma or a quote in a name is part of it', async () => {
    offer('/srv/data/**:');
    await mustAs('alice', 'mkdir "/srv/data/open/a,b\\"c d"; echo odd >"/srv/data/open/a,b\\"c d/file"');
    expect(await mustUserdocker('alice', `run -v '/srv/data/open/a,b"c d:/x,y' box cat /x,y/file`)).toBe(
      'odd',
    );
  });
});

describe('targets', () => {
  test.each([
    '/proc',
    '/proc/self',
    '/sys/fs',
    '/dev',
    '/dev/shm',
    '/',
    '/x/../proc',
    '/nvidia-container-devices/all',
  ])('never %s', async (target) => {
    offer('/srv/data:');
    await refused('alice', `-n run -v /srv/data:${target} box`, /target/);
    await refused('alice', `-n run --tmpfs ${target} box`, /target|tmpfs/);
  });
  test.each(['-w /proc/self/fd/8', '-w /sys', '-w relative', '-w /tmp/../proc/self'])(
    'nor to work in: %s',
    async (words) => {
      await refused('alice', `run ${words} box pwd`, /working directory/);
    },
  );
  test('twice is refused', async () => {
    offer('/srv/data:', '/srv/work:');
    await refused('alice', 'run -v /srv/data:/x -v /srv/work:/x box true', /\/x/);
  });
});

describe('nothing is made as root', () => {
  const nested = async (words: string, made: string) => {
    await refused('alice', `run ${words} box true`, /does not exist there: docker would make it as root/);
    expect((await mustRoot(`ls -d ${made} 2>/dev/null || true`)).trim()).toBe('');
  };

  test('not a target inside another mount', async () => {
    writeConfig({ volume_mounts: { 'available+': ['/srv/data:'] } });
    await nested('-v /srv/data:$HOME/missing', '/home/alice/missing');
    await nested('--tmpfs $HOME/missing', '/home/alice/missing');
    await mustAs('alice', 'mkdir there');
    expect(
      await mustUserdocker('alice', 'run -v /srv/data:$HOME/there box cat $HOME/there/within/file'),
    ).toBe('public');
  });
  test('not a working directory', async () => {
    await nested('-w $HOME/missing', '/home/alice/missing');
    await nested('-w $HOME/missing/deeper', '/home/alice/missing');
    await mustAs('alice', 'mkdir there');
    expect(await mustUserdocker('alice', 'run -w $HOME/there box pwd')).toBe('/home/alice/there');
  });
  test('a rule with create makes it, as the caller', async () => {
    offer({ mount: '/srv/work/${user}/deep:/x', create: true });
    await mustUserdocker('alice', 'run -v /srv/work/alice/deep:/x box touch /x/file');
    expect(await ownerOf('/srv/work/alice')).toMatch(/^alice 7[05]0$/);
    expect(await ownerOf('/srv/work/alice/deep')).toMatch(/^alice 7[05]0$/);
    expect(await ownerOf('/srv/work/alice/deep/file')).toBe('alice 644');
  });
  test('and makes nothing where the caller could not', async () => {
    offer({ mount: '/srv/data/new:/x', create: true });
    const { status, stderr } = await userdocker('alice', 'run -v /srv/data/new:/x box true');
    expect([69, 77]).toContain(status);
    expect(stderr).toContain('/srv/data/new');
    expect((await as('alice', 'ls -d /srv/data/new')).status).not.toBe(0);
  });
});

describe('a path that others than root can change', () => {
  test('is mounted by what it was, with nothing of the pin left once the container is gone', async () => {
    offer('${home}/**:');
    await mustAs('alice', 'mkdir -p data; echo mine >data/file');
    await mustUserdocker('alice', 'run -d --name pinned -v $HOME/data:/x box sleep 300');
    expect(await inspect('pinned', '(index .HostConfig.Mounts 0).Source')).toMatch(
      /^"\/run\/userdocker\/pins\//,
    );
    await mustAs('alice', 'mv data moved; mkdir data; echo other >data/file');
    expect(await mustUserdocker('alice', 'exec pinned cat /x/file')).toBe('mine');
    expect((await as('alice', 'ls /run/userdocker')).status).not.toBe(0);
    await mustUserdocker('alice', 'rm -f pinned');
    // As if some time had passed: what a call that has just ended was granted counts for a few seconds more.
    await mustRoot('rm /run/userdocker/users/*/reservations/*');
    await mustUserdocker('alice', 'run --no-default-mounts box true');
    expect(await mustRoot('grep -c /run/userdocker/pins /proc/self/mountinfo || true')).toBe('0\n');
  });
  test('fifty runs against a caller who swaps it for a link all the while', async () => {
    offer('${home}/**:');
    // /srv/closed is not alice's to read; docker, which opens the path as root, could.
    await mustAs('alice', 'mkdir data; echo mine >data/file; ln -s /srv/closed/inner link');
    const swap =
      'end=$(($(date +%s) + 55)); while [ ! -e stop ] && [ $(date +%s) -lt $end ]; do mv data real; mv -T link data; mv -T data link; mv real data; done';
    const swapping = as('alice', swap, { timeoutMs: 60_000 });
    const shown = new Set<string>();
    const lanes = [0, 1].map(async () => {
      for (let round = 0; round < 25; round += 1) {
        const { stdout } = await userdocker('alice', 'run --network=none -v $HOME/data:/x box cat /x/file');
        shown.add(stdout);
      }
    });
    await Promise.all(lanes);
    await as('alice', 'touch stop');
    await swapping;
    expect([...shown].sort()).toEqual(['', 'mine\n']);
  });
});

describe('a file server that does not answer', () => {
  test('is an error within seconds, and no run without it waits', async () => {
    offer('/srv/dead/share:/share', '/srv/data:');
    await mountDeadServer();
    try {
      const start = Date.now();
      await refused(
        'alice',
        'run -v /srv/dead/share:/share box ls /share',
        /file server that does not answer/,
      );
      expect(Date.now() - start).toBeLessThan(15_000);
      expect(await mustUserdocker('alice', 'run -v /srv/data:/x box cat /x/within/file')).toBe('public');
    } finally {
      await unmountDeadServer();
    }
  });
});

describe('tmpfs', () => {
  test('as big as asked, and the caller’s to write', async () => {
    const inside = await mustUserdocker(
      'alice',
      "run --tmpfs /scratch:size=2m,mode=1777 --mount type=tmpfs,target=/more box sh -c 'df -k /scratch /more | tail -n +2; touch /scratch/x && echo written'",
    );
    expect(inside).toMatch(/tmpfs +2048 /);
    expect(inside).toMatch(/written$/);
  });
  test.each(['/x:suid', '/x:dev', '/x:uid=0', '/x:size=1m,exec,suid', 'x', '/x:mpol=bind'])(
    'not %s',
    async (value) => {
      await refused('alice', `-n run --tmpfs ${value} box`, /tmpfs/);
    },
  );
});
