/**
 * Measures userdocker against docker in one run, with an empty and with a full engine, and looks at a session on a
 * terminal. Run by scripts/bench.sh inside the sandbox.
 */
import { rmSync } from 'node:fs';
import { parseUid, type Uid } from '../../src/domain/ids.ts';
import { cidfilePath, newNonce, ownershipDirectory, prepareOwnership } from '../../src/state/ownership.ts';
import { docker, startEngine } from '../../test/e2e/support/engine.ts';
import { importImage } from '../../test/e2e/support/images.ts';
import { installNvidiaSmi } from '../../test/e2e/support/nvidia.ts';
import { requireSandbox } from '../../test/e2e/support/sandbox.ts';
import { mustRoot } from '../../test/e2e/support/users.ts';
import { Contest } from './contest.ts';
import { type Measured, report } from './report.ts';
import { observeSessions } from './session.ts';

const user = 'userdocker-bench';
const containers = 200;

async function main(rounds: number): Promise<void> {
  requireSandbox();
  const { uid, gid } = await prepareMachine();
  const contest = new Contest({ user, uid, gid, rounds });
  const loads = [
    { name: 'none', arrange: async () => undefined },
    { name: `${containers} of somebody else`, arrange: createForeign },
    { name: `${containers} of the caller`, arrange: () => createOwn(contest, uid) },
  ];
  const measured: Measured[] = [];
  for (const { name, arrange } of loads) {
    await emptyEngine(uid);
    await arrange();
    process.stderr.write(`bench: containers on the engine: ${name}\n`);
    measured.push({ load: name, ...contest.measure() });
  }
  await emptyEngine(uid);
  const sessions = await observeSessions(user);
  process.stdout.write(await report({ measured, sessions, rounds, floor: contest.floor() }));
}

/** The policy as shipped, whatever this machine's own is, and a user who may call userdocker. */
async function prepareMachine(): Promise<{ readonly uid: Uid; readonly gid: string }> {
  await startEngine();
  await importImage('box');
  installNvidiaSmi('r550-h100-8');
  await mustRoot('rm -rf /etc/userdocker /var/lib/userdocker /var/log/userdocker');
  await mustRoot('./install.sh --no-build --group users', { cwd: process.cwd() });
  await mustRoot(`useradd --create-home --groups users ${user}`);
  const uid = parseUid((await mustRoot(`id -u ${user}`)).trim());
  if (!uid.ok) throw new Error(uid.error);
  return { uid: uid.value, gid: (await mustRoot(`id -g ${user}`)).trim() };
}

async function emptyEngine(uid: Uid): Promise<void> {
  await mustRoot('docker ps --all --quiet | xargs --no-run-if-empty -n 20 docker rm --force', {
    timeoutMs: 300_000,
  });
  rmSync(ownershipDirectory(uid), { recursive: true, force: true });
  prepareOwnership(uid);
}

function createForeign(): Promise<void> {
  return createAll((number) => ['create', '--name', `somebody_${number}`, 'box', 'true']);
}

/** With the options that userdocker gives, so that they are the user's and carry what the user's carry. */
function createOwn(contest: Contest, uid: Uid): Promise<void> {
  const command = contest.ownCommand();
  return createAll((number) => {
    const nonce = newNonce();
    const [, ...options] = command({ nonce, cidfile: cidfilePath(uid, nonce) });
    return [
      'create',
      ...options.map((word) => (word.startsWith('--name=') ? `--name=${user}_${number}` : word)),
    ];
  });
}

async function createAll(argsOf: (number: number) => readonly string[]): Promise<void> {
  const queue = Array.from({ length: containers }, (_, index) => index + 1);
  const work = async () => {
    for (let number = queue.shift(); number !== undefined; number = queue.shift())
      await docker(argsOf(number));
  };
  await Promise.all([work(), work(), work(), work()]);
}

await main(Number(process.argv[2] ?? 40));
