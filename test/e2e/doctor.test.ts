/**
 * `userdocker-admin doctor` on a real machine: a healthy installation has no fault; a fault is planted, and doctor names
 * exactly that one; the way to mend it that it tells is gone, and so is the finding.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isObject, listAt, textAt } from '../../src/domain/json.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { mountDeadServer, unmountDeadServer } from './support/dead-server.ts';
import { startEngine, stopEngine } from './support/engine.ts';
import { as, asRoot, mustRoot } from './support/users.ts';

interface Told {
  readonly id: string;
  readonly severity: string;
  readonly message: string;
  readonly fix: string;
}

const launcher = '/usr/local/bin/userdocker';
/** Behind userdocker's own: of several Defaults for one command the last one wins. */
const sudoers = '/etc/sudoers.d/zz-planted';
let healthy: readonly Told[] = [];

async function doctor(): Promise<readonly Told[]> {
  const { stdout, status } = await asRoot('userdocker-admin doctor --format json', { timeoutMs: 50_000 });
  const report: unknown = JSON.parse(stdout);
  const findings = listAt(report, 'findings').map((finding) => ({
    id: textAt(finding, 'id') ?? '',
    severity: textAt(finding, 'severity') ?? '',
    message: textAt(finding, 'message') ?? '',
    fix: textAt(finding, 'fix') ?? '',
  }));
  const worst = ['fault', 'warning'].find((severity) =>
    findings.some((finding) => finding.severity === severity),
  );
  expect({ status, isReport: isObject(report) }).toEqual({
    status: worst === 'fault' ? 2 : worst === 'warning' ? 1 : 0,
    isReport: true,
  });
  return findings;
}

/** What is found now and was not in the healthy installation; notes are left out. What one test leaves behind, the next one sees. */
async function news(): Promise<readonly Told[]> {
  const known = new Set(healthy.map(({ id, message }) => `${id} ${message}`));
  return (await doctor()).filter(
    ({ id, message, severity }) => severity !== 'note' && !known.has(`${id} ${message}`),
  );
}

const ids = (findings: readonly Told[]) => findings.map(({ id, severity }) => `${severity} ${id}`);

beforeAll(async () => {
  // What a real machine has, and the machine of the tests may not.
  writeFileSync('/usr/sbin/logrotate', '#!/bin/sh\n', { mode: 0o755 });
  resetConfig();
  healthy = await doctor();
});
afterEach(() => {
  rmSync(sudoers, { force: true });
  resetConfig();
});
afterAll(() => rmSync('/usr/sbin/logrotate'));

describe('a healthy installation', () => {
  test('no fault', () => {
    expect(healthy.filter(({ severity }) => severity === 'fault')).toEqual([]);
    expect(ids(healthy).filter((id) => !/ (?:cve-|kernel-|disk-)/.test(id))).toEqual([]);
  });
  test('nothing is changed by the look', async () => {
    const own = '/var/lib/userdocker /var/log/userdocker /run/userdocker';
    const places = `/etc ${own} /usr/local/bin /usr/local/sbin /usr/local/lib/userdocker /home`;
    const state = () =>
      mustRoot(`find ${places} -xdev -printf '%p %m %U %s %T@ %C@\\n' 2>/dev/null | sort | sha256sum`);
    await as('alice', 'sudo userdocker ps');
    const before = await state();
    await doctor();
    expect(await state()).toBe(before);
  });
  test('for root alone', async () => {
    const { status, stderr } = await as('alice', '/usr/local/sbin/userdocker-admin doctor');
    expect({ status, stderr }).toEqual({ status: 77, stderr: expect.stringContaining('for root') });
    expect((await as('alice', '/usr/local/sbin/userdocker-admin doctor-part files')).status).toBe(77);
    expect((await asRoot('userdocker-admin doctor-part ../x')).status).toBe(64);
  });
  test('as text, and quiet', async () => {
    const { stdout } = await asRoot('userdocker-admin doctor');
    expect(stdout).toMatch(/^0 faults, [0-9]+ warnings?, [0-9]+ notes?$/m);
    expect((await asRoot('userdocker-admin doctor --quiet')).stdout).not.toMatch(/^note:/m);
  });
  test('from a directory that is gone, into a reader that is gone, without standard input', async () => {
    expect(
      (await asRoot('mkdir d; cd d; rmdir ../d; userdocker-admin doctor <&- | true; echo done')).stdout,
    ).toBe('done\n');
  });
});

describe('a planted fault that the told command mends', () => {
  test.each<[string, string, string]>([
    ['a data root open to all', 'chmod o+x /var/lib/docker', 'fault engine-data-root'],
    ['a socket open to all', 'chmod 666 /run/docker.sock', 'fault engine-socket'],
    ['somebody in the group docker', 'usermod --append --groups docker mallory', 'fault accounts-docker'],
    [
      'a program’s directory that a group can write',
      'chmod g+w /usr/local/lib/userdocker',
      'fault files-writable',
    ],
    ['a launcher of somebody else’s', `chown mallory ${launcher}`, 'fault files-owner'],
    ['a setuid program', 'chmod u+s /usr/local/lib/userdocker/userdocker', 'fault files-setuid'],
    ['a launcher that can’t be executed', 'chmod 644 /usr/local/bin/nvidia-userdocker', 'fault files-mode'],
    ['notes that others can read', 'chmod 755 /var/lib/userdocker', 'warning files-open'],
    ['an executor that others can write', 'chmod o+w /usr/bin/docker', 'fault files-writable'],
    ['docker’s settings that others can write', 'chmod g+w /etc/docker/daemon.json', 'fault files-writable'],
    ['docker’s credentials in an open directory', 'chmod 755 /etc/userdocker/docker', 'warning files-open'],
    ['a log that others can write', 'chmod 720 /var/log/userdocker', 'fault audit-writable'],
    ['a log that others can read', 'chmod 755 /var/log/userdocker', 'warning audit-open'],
  ])('%s', async (_name, plant, expected) => {
    await mustRoot(plant);
    const found = await news();
    expect(ids(found)).toEqual([expected]);
    // Behind the first command there may be a word on what else helps.
    await mustRoot(found[0]?.fix.split(';')[0] ?? 'false');
    expect(await news()).toEqual([]);
  });
});

describe('a planted fault in the settings', () => {
  test.each<[string, string, string]>([
    ['a mistake', 'limts: {pids: 3}', 'fault configuration-problem'],
    ['a missing executor', 'executors: {other: /opt/none/docker}', 'fault files-executor'],
    ['a socket on which nobody listens', 'docker_host: unix:///run/none.sock', 'fault engine-silent'],
    ['no limit for processes', 'limits: {pids: null}', 'warning kernel-processes'],
    ['a log that nothing rotates', 'audit: {file: /var/log/userdocker/other.log}', 'warning audit-rotation'],
  ])('%s', async (_name, yaml, expected) => {
    writeConfig(yaml);
    expect(ids(await news())).toContain(expected);
  });
  test('a file that others can write', async () => {
    await mustRoot('chmod o+w /etc/userdocker/config.yaml');
    const found = await news();
    expect(ids(found)).toEqual(['fault configuration-problem']);
    expect(found[0]?.message).toContain('chmod go-w');
    await mustRoot('chmod go-w /etc/userdocker/config.yaml');
    expect(await news()).toEqual([]);
  });
});

describe('a planted rule of sudo', () => {
  test.each<[string, string, string]>([
    ['SETENV', `carol ALL = (root) NOPASSWD: SETENV: ${launcher}`, 'fault sudo-setenv'],
    [
      'SETENV for a group, behind an alias',
      `Cmnd_Alias GATE = ${launcher}\n%students ALL = (root) SETENV: GATE`,
      'fault sudo-setenv',
    ],
    ['docker', 'carol ALL = (root) NOPASSWD: /usr/bin/docker', 'fault sudo-docker'],
    [
      'userdocker-admin',
      'carol ALL = (root) NOPASSWD: /usr/local/sbin/userdocker-admin check',
      'fault sudo-admin',
    ],
    [
      'the program past its launcher',
      'carol ALL = (root) /usr/local/lib/userdocker/userdocker',
      'fault sudo-program',
    ],
    ['a wildcard', 'carol ALL = (root) NOPASSWD: /usr/local/bin/*', 'fault sudo-wildcard'],
    ['a directory', 'carol ALL = (root) NOPASSWD: /usr/local/sbin/', 'fault sudo-wildcard'],
    ['another path', 'carol ALL = (root) NOPASSWD: /opt/old/bin/userdocker', 'warning sudo-other-path'],
    ['another user', `carol ALL = (bob) NOPASSWD: ${launcher}`, 'warning sudo-runas'],
    ['!env_reset', `Defaults!${launcher} !env_reset`, 'fault sudo-env-reset'],
    ['env_keep', `Defaults!${launcher} env_keep += "LD_PRELOAD"`, 'fault sudo-env-keep'],
    ['a syntax error', 'carol ALL = = x', 'fault sudo-syntax'],
  ])('%s', async (_name, text, expected) => {
    writeFileSync(sudoers, `${text}\n`, { mode: 0o440 });
    expect(ids(await news())).toEqual([expected]);
  });
  test('what is no matter', async () => {
    const rules = [
      `carol ALL = (root) NOPASSWD: ${launcher}`,
      'carol ALL = (root) /usr/bin/id, !/usr/bin/docker',
      'carol ALL = (bob) NOPASSWD: ALL',
      'Defaults !env_reset, setenv, env_keep += "LD_PRELOAD"',
    ];
    writeFileSync(sudoers, `${rules.join('\n')}\n`, { mode: 0o440 });
    expect(await news()).toEqual([]);
  });
});

describe('planted elsewhere', () => {
  const toml = '/etc/nvidia-container-runtime/config.toml';
  test.each<[string, string, string, string]>([
    [
      'doas',
      'echo "permit nopass carol cmd userdocker-admin" >/etc/doas.conf',
      'fault doas-root',
      'rm /etc/doas.conf',
    ],
    [
      'the toolkit takes mounts for GPUs',
      `mkdir -p /etc/nvidia-container-runtime; echo accept-nvidia-visible-devices-as-volume-mounts = true >${toml}`,
      'fault nvidia-volume-mounts',
      'rm -r /etc/nvidia-container-runtime',
    ],
    [
      'an old toolkit',
      'printf "#!/bin/sh\\necho NVIDIA Container Toolkit CLI version 1.16.1\\n" >/usr/bin/nvidia-ctk; chmod 755 /usr/bin/nvidia-ctk',
      'fault cve-nvidia-container-toolkit',
      'rm /usr/bin/nvidia-ctk',
    ],
    [
      'a log that can’t be written',
      'mount --bind /var/log/userdocker /var/log/userdocker; mount -o remount,bind,ro /var/log/userdocker',
      'fault audit-unwritable',
      'umount /var/log/userdocker',
    ],
    [
      'a full disk',
      'mount -t tmpfs -o size=8m,mode=700 full /var/lib/userdocker',
      'fault disk-full',
      'umount /var/lib/userdocker',
    ],
    [
      'no rotation',
      'mv /etc/logrotate.d/userdocker /root/rotation',
      'warning audit-rotation',
      'mv /root/rotation /etc/logrotate.d/userdocker',
    ],
    [
      'a part of the installation is gone',
      'mv /usr/local/lib/userdocker/userdocker /root/program',
      'fault files-missing',
      'mv /root/program /usr/local/lib/userdocker/userdocker',
    ],
    [
      'polkit',
      'mkdir -p /etc/polkit-1/rules.d; echo userdocker-admin >/etc/polkit-1/rules.d/x.rules',
      'fault polkit-admin',
      'rm -r /etc/polkit-1/rules.d/x.rules',
    ],
  ])('%s', async (_name, plant, expected, mend) => {
    await mustRoot(plant);
    const found = ids(await news());
    await mustRoot(mend);
    expect(found).toEqual([expected]);
  });
  test('all of it is mended', async () => {
    expect(await news()).toEqual([]);
  });
});

describe('the engine', () => {
  const nvidia = ['--add-runtime', 'nvidia=/usr/sbin/runc'];
  const withEngine = async (args: readonly string[] | undefined, look: () => Promise<void>) => {
    await stopEngine();
    if (args !== undefined) await startEngine([...nvidia, ...args]);
    try {
      await look();
    } finally {
      if (args !== undefined) await stopEngine();
      await startEngine();
    }
  };
  test('it does not run', () =>
    withEngine(undefined, async () => {
      expect(ids(await news())).toEqual(['fault engine-silent']);
    }));
  test('it listens on the network', () =>
    withEngine(
      ['-H', 'unix:///var/run/docker.sock', '-H', 'tcp://127.0.0.1:2375', '--tls=false'],
      async () => {
        expect(ids(await news())).toEqual(['fault engine-network']);
      },
    ));
  test('another storage driver', () =>
    withEngine(['--storage-driver', 'vfs'], async () => {
      // A fault with a runc before 1.3.
      expect(ids(await news())).toEqual([expect.stringMatching(/^(?:warning|fault) engine-storage$/)]);
    }));
  test('it runs as it should again', async () => {
    expect(await news()).toEqual([]);
  });
});

test('a dead file server: the part that meets it is a finding, and all others are looked at', async () => {
  await mountDeadServer();
  try {
    writeConfig('executors: {slow: /srv/dead/x/docker}');
    const found = await news();
    expect(ids(found)).toEqual(['fault files-unanswered']);
  } finally {
    resetConfig();
    await unmountDeadServer();
  }
});
