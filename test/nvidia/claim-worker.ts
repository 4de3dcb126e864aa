/**
 * One user who runs one GPU container after the other, as userdocker and docker's client do it: `RUNTIME SOCKET UID GPUS ROUNDS WANTED GRACE`.
 * Attached runs wait for the container, detached ones end when it is started; the end of a call is played by giving the claim back.
 */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import readline from 'node:readline';
import type { GpuFact } from '../../src/domain/gpu.ts';
import { parseUid } from '../../src/domain/ids.ts';
import { releaseGpus } from '../../src/nvidia/claims.ts';
import { decideAndClaim, gatherGpuFacts } from '../../src/nvidia/reserve.ts';
import { chooseGpus } from '../../src/policy/gpus.ts';
import { currentHolder } from '../../src/state/holder.ts';
import type { EngineRequest } from './fake-engine.ts';

const [runtime = '', socketPath = '', uidText = '', gpuList = '', rounds = '', wanted = '', grace = ''] =
  process.argv.slice(2);
const parsedUid = parseUid(uidText);
if (!parsedUid.ok) throw new Error(parsedUid.error);
const uid = parsedUid.value;
const user = `user${uidText}`;
const gpus: readonly GpuFact[] = gpuList.split(',').map((uuid, index) => {
  return { index, uuid, name: 'GPU', memoryUsedMiB: 0, memoryTotalMiB: 1, migEnabled: false, instances: [] };
});

const socket = net.connect(socketPath);
const replies = readline.createInterface(socket)[Symbol.asyncIterator]();

async function ask(request: EngineRequest): Promise<unknown> {
  socket.write(`${JSON.stringify(request)}\n`);
  const { value, done } = await replies.next();
  if (done === true) process.exit(3);
  return JSON.parse(value);
}

async function listContainers(states: readonly string[] | undefined) {
  const answer = await ask({ do: 'list' });
  if (!Array.isArray(answer)) throw new Error('no list');
  const listed = answer.filter(({ state }) => states?.includes(String(state)) ?? true);
  return listed.map((container) => ({
    id: String(container.id),
    name: String(container.name),
    state: String(container.state),
    owner: { uid: Number(container.uid), user: `user${container.uid}` },
    labels: { 'userdocker.nonce': String(container.nonce), 'userdocker.gpus': container.gpus.join(',') },
    environment: [],
    since: 0,
  }));
}

const nvidia = {
  smi: '',
  allowed_gpus: 'ALL',
  default_gpu_count_reservation: Number(wanted),
  max_gpu_count_reservation: -1,
  gpu_unavailable_above_memory_used: -1,
  exclusive_container_gpu_reservation: true,
  allow_own_gpu_reuse: false,
} as const;

async function stateOf(id: string): Promise<string | undefined> {
  const state = await ask({ do: 'state', id });
  return state === 'gone' ? undefined : String(state);
}

async function round(): Promise<string> {
  const nonce = randomBytes(16).toString('hex');
  const mine = {
    holder: currentHolder(),
    uid,
    user,
    nonce,
    container: undefined,
    created: 0,
    orphanedAt: undefined,
  };
  const choice = await decideAndClaim(
    () => gatherGpuFacts(gpus, listContainers, { stateOf, mark: true, grace: Number(grace), runtime }),
    ({ holds }) => {
      const decision = chooseGpus({ nvidia, limit: undefined, uid, requests: [], gpus, holds, ownGpus: [] });
      return { decision, uuids: decision.ok ? decision.value.units.map((unit) => unit.uuid) : [] };
    },
    mine,
    runtime,
  );
  if (!choice.ok) return 'denied';
  const uuids = choice.value.units.map((unit) => unit.uuid);
  console.log(`claimed ${uuids.join(' ')}`);
  const id = String(await ask({ do: 'create', nonce, uid, gpus: uuids }));
  await ask({ do: 'start', id, lasts: rounds === '1' ? 60_000 : 5 + Math.random() * 60 });
  if (rounds !== '1' && Math.random() < 0.5) await ask({ do: 'wait', id });
  releaseGpus(uuids, mine, runtime);
  return 'ran';
}

console.log('begins');
for (let count = 0; count < Number(rounds); count += 1) console.log(await round());
process.exit(0);
