/** Real shells on a terminal, and somebody who types and presses the tabulator key. */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditRecords } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { mountDeadServer, unmountDeadServer } from './support/dead-server.ts';
import { docker, removeContainers, startEngine, stopEngine } from './support/engine.ts';
import { installNvidiaSmi, removeNvidiaSmi } from './support/nvidia.ts';
import { openTerminal, type Terminal } from './support/terminal.ts';
import { mustUserdocker } from './support/userdocker.ts';
import { as, asRoot, mustAs, mustRoot, type User } from './support/users.ts';

const silent = { status: 0, stdout: '', stderr: '' };
const rules = "volume_mounts: {available: ['/data/**:', '/projects/x:/project']}\n";

beforeAll(async () => {
  await mustRoot(
    'mkdir -p /data/set /data/.hidden "/data/two words" /data/a\\$\\(touch\\ x\\); touch /data/file',
  );
  for (const name of ['alice_web', 'alice_db'])
    await mustUserdocker('alice', `run -d --name ${name} box sleep 600`);
  await mustUserdocker('bob', 'run -d --name bob_web box sleep 600');
  // Says that it is alice's: by labels that anybody's image could carry.
  const uid = (await mustAs('alice', 'id -u')).trim();
  await docker(['run', '-d', '--name=forged', `--label=userdocker.uid=${uid}`, 'box', 'sleep', '600']);
  await docker(['tag', 'box', 'localhost/bob/secret:1']);
  await docker(['tag', 'box', 'localhost/alice/own:1']);
});
afterAll(async () => {
  await removeContainers();
  await docker(['rmi', 'localhost/bob/secret:1', 'localhost/alice/own:1']);
  await mustRoot('rm -r /data');
});
beforeEach(() => {
  resetConfig();
  writeConfig(rules);
});

describe('what userdocker answers', () => {
  const offered = async (user: User, line: string) =>
    (await mustAs(user, `sudo -n userdocker __complete ${line}`))
      .split('\n')
      .slice(0, -1)
      .map((row) => row.split('\t')[0]);

  test.each<readonly [User, string, readonly string[]]>([
    ['alice', 'attach ""', ['alice_db', 'alice_web']],
    ['bob', 'attach ""', ['bob_web']],
    ['carol', 'attach ""', []],
    ['alice', 'stop alice_db ""', ['alice_web']],
    ['alice', 'start ""', []],
    ['alice', 'run lo', ['localhost/alice/own:1']],
    ['bob', 'run lo', ['localhost/bob/secret:1']],
    ['alice', 'run -v ""', ['/data/', '/home/alice:/home/alice', '/projects/x:/project']],
    ['alice', 'run -v /data/', ['/data/set/']],
    ['alice', 'run -v /data/.', ['/data/.hidden/']],
    ['alice', 'run -v /data/../home/', []],
    ['alice', 'run -v /home/', ['/home/alice:/home/alice']],
  ])('%s: %s', async (user, line, words) => {
    expect((await offered(user, line)).toSorted().filter((word) => word !== '/data/')).toEqual(
      words.filter((word) => word !== '/data/'),
    );
  });
  test('root: everybody’s', async () => {
    const { stdout } = await asRoot('/usr/local/bin/userdocker __complete attach ""');
    expect(stdout.split('\n').toSorted().join(' ')).toMatch(/alice_db.* alice_web.* bob_web.* forged/);
  });
  test('GPUs: those that the caller may use', async () => {
    installNvidiaSmi('r550-h100-8');
    writeConfig({ nvidia: { allowed_gpus: ['2', '5'] } });
    const words = await mustAs('alice', 'sudo -n nvidia-userdocker __complete run --gpus ""');
    removeNvidiaSmi();
    expect(words).toBe('all\ndevice=2\ndevice=5\n');
  });
  test('a directory that the caller can not look into', async () => {
    await mustRoot('install -d -m 700 /data/private /data/private/inside');
    const words = await offered('alice', 'run -v /data/private/');
    await mustRoot('rm -r /data/private');
    expect(words).toEqual([]);
  });
  test('leaves no record, and nothing behind', async () => {
    const before = auditRecords().length;
    await mustAs(
      'alice',
      'for word in attach run "run -v" ps; do sudo -n userdocker __complete $word ""; done',
    );
    expect(auditRecords()).toHaveLength(before);
  });
});

describe('in silence', () => {
  test('without sudo nothing is asked, not even for a password', async () => {
    expect(await as('mallory', 'userdocker __complete r')).toMatchObject(silent);
  });
  test('what can’t be read', async () => {
    for (const line of ['--executor=none r', 'run --nonsense ""', 'build ""', '-q --debug ""', ''])
      expect(await as('alice', `sudo -n userdocker __complete ${line}`), line).toMatchObject({ stderr: '' });
  });
  test('an engine that takes its time', async () => {
    // Nobody accepts on this socket; connecting succeeds all the same.
    const listener =
      'perl -MIO::Socket::UNIX -e \'IO::Socket::UNIX->new(Local=>"/run/deaf.sock",Listen=>1); sleep 60\'';
    const pid = (await mustRoot(`(${listener} >/dev/null 2>&1 & echo $!)`)).trim();
    writeConfig(`${rules}docker_host: unix:///run/deaf.sock\n`);
    await sleep(300);
    const late = await as('alice', 'sudo -n userdocker __complete attach ""', { timeoutMs: 10_000 });
    await mustRoot(`kill ${pid}; rm -f /run/deaf.sock`);
    expect(late).toMatchObject(silent);
  });
  test('a file server that is dead', async () => {
    await mountDeadServer();
    writeConfig("volume_mounts: {available: ['/srv/dead/**:']}\n");
    const late = await as('alice', 'sudo -n userdocker __complete run -v /srv/dead/x/', {
      timeoutMs: 10_000,
    });
    await unmountDeadServer();
    expect(late).toMatchObject({ status: 0, stderr: '' });
  });
  test('a configuration with an error', async () => {
    writeConfig('nonsense: 1\n');
    expect((await as('alice', 'sudo -n userdocker __complete r')).stdout).toBe('');
  });
});

/** With nothing of this machine's or this user's in them. */
const shells = {
  bash: `exec bash --noprofile --rcfile /srv/shells/bashrc -i`,
  zsh: `ZDOTDIR=/srv/shells exec zsh -d -i`,
  fish: `exec fish --private --init-command 'source /srv/shells/config.fish'`,
} as const;
const kinds = ['bash', 'zsh', 'fish'] as const;

describe.each(kinds)('%s', (kind) => {
  let terminal: Terminal;

  beforeAll(async () => {
    await mustRoot('mkdir -p /srv/shells');
    const write = (name: string, text: string) => writeFileSync(`/srv/shells/${name}`, text);
    write(
      'bashrc',
      `. /usr/share/bash-completion/bash_completion; PS1='> '
bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set enable-bracketed-paste off'
`,
    );
    write(
      '.zshrc',
      `PS1='> '; autoload -Uz compinit; compinit -u -D; unsetopt list_ambiguous; LISTMAX=1000; unset zle_bracketed_paste\n`,
    );
    write('config.fish', `function fish_prompt; echo '> '; end; function fish_greeting; end\n`);
    // Where this is there, fish does not begin to read all manual pages of the machine.
    await mustAs('alice', 'mkdir -p .local/share/fish/generated_completions');
    terminal = openTerminal('alice', shells[kind], { columns: 150 });
    await terminal.expect(/> /, 20_000);
    await sleep(500);
    // The scripts are read, the caches filled.
    terminal.type('userdocker polic\t\x03');
    await sleep(3000);
  });
  afterAll(async () => {
    terminal.close();
    await mustRoot('rm -r /srv/shells');
  });

  /** Ctrl-C ends a list that is shown, or the line; Ctrl-U empties it. */
  async function discard(): Promise<void> {
    terminal.type('\x03');
    await sleep(300);
    terminal.type('\x15');
    await sleep(200);
  }

  /** Types a line and the key; what has become of it is then printed by the shell itself, as words of echo. */
  async function completed(line: string): Promise<string> {
    terminal.type(`${line}\t`);
    await sleep(200);
    terminal.type(`\x01echo '[[' \x05 ']]'\r`);
    const [, shown = ''] = await terminal.expect(/\[\[ ([^'\r\n]*?) \]\]/);
    return shown.trim();
  }

  test.each([
    ['sudo userdocker polic', 'sudo userdocker policy'],
    ['userdocker polic', 'userdocker policy'],
    ['sudo -u root userdocker run --netw', 'sudo -u root userdocker run --network'],
    ['nvidia-userdocker run --gp', 'nvidia-userdocker run --gpus'],
    ['sudo nvidia-userdocker run --gp', 'sudo nvidia-userdocker run --gpus'],
    ['userdocker run --gp', 'userdocker run --gp'],
    ['userdocker run --network=br', 'userdocker run --network=bridge'],
    ['sudo userdocker run --network br', 'sudo userdocker run --network bridge'],
    ['userdocker run -v /da', 'userdocker run -v /data/'],
    ['userdocker run -v /data/s', 'userdocker run -v /data/set/'],
    ['userdocker run -v /data/a', 'userdocker run -v /data/a'],
    ['userdocker run -v /data/set:/data/set:r', 'userdocker run -v /data/set:/data/set:ro'],
    ['userdocker run --mount type=bind,source=/da', 'userdocker run --mount type=bind,source=/data/'],
    ['sudo userdocker run -it localhost/', 'sudo userdocker run -it localhost/alice/own:1'],
    ['sudo userdocker run localhost/alice/own:', 'sudo userdocker run localhost/alice/own:1'],
    ['userdocker run box echo polic', 'userdocker run box echo polic'],
    ['userdocker attach alice_w', 'userdocker attach alice_web'],
    ['userdocker attach bob_w', 'userdocker attach bob_w'],
    ['sudo userdocker attach forg', 'sudo userdocker attach forg'],
  ])('%s', async (line, whole) => expect(await completed(line)).toBe(whole));

  test.each([
    ['sudo userdocker r', ['run', 'rm', 'restart'], 'rename'],
    ['sudo userdocker run --n', ['--name', '--network', '--no-default-mounts'], '--network-alias'],
    ['sudo userdocker attach ', ['alice_db', 'alice_web'], 'bob_web'],
    ['userdocker run -v ', ['/data/', '/projects/x:', '/home/alice:'], '/etc'],
  ])('%s: there are several', async (line, words, absent) => {
    const from = terminal.output().length;
    // Without colours: what was typed already has another one.
    const shown = () =>
      terminal
        .output()
        .slice(from)
        .replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\(B/g, '');
    terminal.type(`${line}\t`);
    try {
      await expect.poll(() => words.filter((word) => !shown().includes(word)), { timeout: 5000 }).toEqual([]);
      await sleep(300);
      expect(shown()).not.toContain(absent);
    } finally {
      await discard();
    }
  });
  test('nothing of the line is evaluated', async () => {
    const shown = await completed(`userdocker run -e 'A=$(touch evil)' -e 'B=;touch evil' --netw`);
    expect(shown).toContain('--network');
    // Of the word with the cursor zsh itself makes what it stands for (expand-or-complete), whatever the command is.
    for (const word of ['$(touch evil)', '`touch evil`', '"$(touch evil)"']) {
      terminal.type(`userdocker run -e ${word} --netw\t`);
      await sleep(800);
      await discard();
    }
    expect((await as('alice', 'ls')).stdout).not.toContain('evil');
  });
  test('a password is not asked for', async () => {
    renameSync('/etc/sudoers.d/userdocker', '/srv/sudoers');
    const from = terminal.output().length;
    const shown = await completed('sudo userdocker polic').finally(() =>
      renameSync('/srv/sudoers', '/etc/sudoers.d/userdocker'),
    );
    expect(shown).toBe('sudo userdocker polic');
    expect(terminal.output().slice(from)).not.toMatch(/password/i);
  });
});

test.each(kinds)('%s reads the script that `completion` prints', async (shell) => {
  const script = await mustUserdocker('alice', `completion ${shell}`);
  expect(script).toContain('/usr/local/bin/userdocker');
  const line = `cat >script; ${shell} -n script; status=$?; rm script; exit $status`;
  expect(await as('alice', line, { stdin: script })).toMatchObject({ status: 0, stderr: '' });
});
test('of other shells there is none', async () => {
  expect((await as('alice', 'sudo userdocker completion tcsh')).status).toBe(64);
});

// Its containers end with it: the last test.
test('an engine that is down: silence', async () => {
  await stopEngine();
  const down = await as('alice', 'sudo -n userdocker __complete attach ""');
  await startEngine();
  expect(down).toMatchObject(silent);
});
