/** userdocker's own words, and userdocker-admin, as they are installed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditRecords } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, asRoot } from './support/users.ts';

beforeEach(resetConfig);
afterEach(removeContainers);

describe('explain', () => {
  test('the words are those of a dry run, and nothing is done', async () => {
    const before = auditRecords().length;
    const json: unknown = JSON.parse(await mustUserdocker('alice', 'explain --format json run -t box id'));
    const dry = await mustUserdocker('alice', '-n run -t box id');
    expect(json).toMatchObject({ decision: 'allow', own: false });
    expect(wordsOf(json).length).toBeGreaterThan(10);
    for (const word of wordsOf(json)) expect(dry).toContain(word);
    expect(auditRecords()).toHaveLength(before);
    expect(await docker(['ps', '--all', '--quiet'])).toBe('');
  });
  test('file and line of what an admin has written, for a user too', async () => {
    writeConfig('\nargs:\n  run:\n    default+: [--network=none]\n');
    const text = await mustUserdocker('alice', 'explain run box id');
    expect(text).toMatch(
      /^ {2}--network=none +default, args\.run\.default \(\/etc\/userdocker\/config\.yaml:4\)$/m,
    );
    expect(text).toMatch(
      /^ {2}--user=[0-9:]+ +enforced, user_in_container \(\/etc\/userdocker\/default\.yaml:[0-9]+\)$/m,
    );
  });
  test('every reason at once, and no line of the configuration', async () => {
    const words = 'run --privileged --pid=host box id';
    const { status, stdout, stderr } = await userdocker('alice', `explain ${words}`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect(stderr.match(/^userdocker: denied: /gm)).toHaveLength(2);
    expect(stderr).not.toContain('.yaml:');
    const asJson = await userdocker('alice', `explain --format json ${words}`);
    expect(asJson).toMatchObject({ status: 77, stderr: '' });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ decision: 'deny', reasons: [{}, {}] });
  });
  test.each([
    ['explain', 64],
    ['explain --format xml ps', 64],
    ['explain explain ps', 64],
    ['explain nonsense', 64],
    ['explain run --nonsense box', 64],
    ['explain build .', 77],
    ['explain run --help', 0],
    ['--help explain', 0],
    ['explain load', 0],
  ])('%s: %i, and no record', async (words, expected) => {
    const before = auditRecords().length;
    expect((await userdocker('alice', words)).status).toBe(expected);
    expect(auditRecords()).toHaveLength(before);
  });
});

describe('policy', () => {
  test('is the caller’s own, whatever commands are allowed', async () => {
    writeConfig({ limits: { gpus: 2 } }, 'user/config_alice');
    writeConfig({ allowed_subcommands: ['ps'] }, 'user/config_bob');
    expect(await mustUserdocker('alice', 'policy')).toMatch(/^ {2}gpus +2$/m);
    expect(await mustUserdocker('bob', 'policy')).not.toMatch(/^Mounts/m);
    expect(JSON.parse(await mustUserdocker('alice', 'policy --format json'))).toMatchObject({
      user: 'alice',
      limits: { gpus: 2 },
    });
  });
});

describe('on a terminal', () => {
  const shown = async (line: string, columns: number) => {
    const terminal = openTerminal('alice', `${line}; echo END`, { columns });
    await terminal.expect(/END\r\n/);
    terminal.close();
    return terminal.output().replaceAll('\r', '').split('\n');
  };
  const lines = [
    'policy',
    'explain run -it box id',
    'run --help',
    '--help',
    'run --privileged --pid=host box',
  ];

  test.each(lines)('sudo userdocker %s fits, and says the same as in a pipe', async (words) => {
    const piped = await userdocker('alice', words);
    const bare = (text: string) => text.replaceAll(/\x1b\[[0-9;]*m/g, '').replaceAll(/\s+/g, ' ');
    for (const columns of [60, 80, 120, 200]) {
      const rows = await shown(`sudo userdocker ${words}`, columns);
      expect(bare(rows.join('\n'))).toContain(bare(piped.stdout + piped.stderr).trim());
      for (const row of rows.map((each) => each.replaceAll(/\x1b\[[0-9;]*m/g, '')))
        if (/\S \S/.test(row.slice(columns / 2))) expect(row.length).toBeLessThanOrEqual(columns);
    }
  });
  test.each([
    ['NO_COLOR=1', false],
    ['TERM=dumb', false],
    ['TERM=xterm', true],
  ])('%s: colour %s', async (variable, colour) => {
    const rows = await shown(`env ${variable} sudo userdocker run --privileged box`, 80);
    expect(rows.join('\n').includes('\x1b[')).toBe(colour);
  });
});

describe('userdocker-admin', () => {
  const admin = (words: string) => asRoot(`/usr/local/sbin/userdocker-admin ${words}`);

  test('check: nothing wrong with what is installed', async () => {
    expect(await admin('check')).toMatchObject({
      status: 0,
      stdout: '1 file, 0 problems, 0 warnings\n',
      stderr: '',
    });
  });
  test('check: every problem with its line, and what amounts to root', async () => {
    writeConfig('no_new_privileges: false\n');
    writeConfig('\nlimitz: {}\n', 'group/config_10_students');
    const { status, stdout } = await admin('check');
    expect(status).toBe(78);
    expect(stdout).toContain('userdocker-admin: /etc/userdocker/group/config_10_students.yaml:2:1: ');
    expect(stdout).toContain('group/config_10_students.yaml:2:1: unknown setting limitz');
    expect(stdout).toMatch(/^ +2 \| limitz: \{\}\n +\| \^$/m);
    expect(stdout).toContain('warning: /etc/userdocker/config.yaml:1: no_new_privileges: ');
  });
  test('show: where a user’s values come from', async () => {
    writeConfig('limits: {gpus: 2}\n', 'group/config_10_students');
    const line = /^ {2}gpus: 2 +# \/etc\/userdocker\/group\/config_10_students\.yaml:1$/m;
    expect((await admin('show --user alice')).stdout).toMatch(line);
    expect((await admin('show --user carol')).stdout).not.toMatch(line);
    expect((await admin('show --user nobody-at-all')).status).toBe(77);
  });
  test('is root’s alone, and SUDO_UID is nobody to it', async () => {
    expect((await as('alice', '/usr/local/sbin/userdocker-admin check')).status).toBe(77);
    expect((await as('alice', 'sudo -n /usr/local/sbin/userdocker-admin check')).status).toBe(1);
    const { status } = await asRoot('/usr/local/sbin/userdocker-admin check', {
      env: { SUDO_UID: '1', SUDO_GID: '1' },
    });
    expect(status).toBe(0);
  });
});

function wordsOf(json: unknown): readonly string[] {
  return JSON.stringify(json)
    .split('"')
    .filter((word) => word.startsWith('--'));
}
