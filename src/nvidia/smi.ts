/**
 * nvidia-smi as a source of facts.
 *
 * One call in the usual case (`--query-gpu`, about 0.1 s on a machine with eight GPUs and the persistence daemon). A driver older than
 * R450 does not know MIG and is asked again without it. Where a GPU is in MIG mode, `-L` (the instances' UUIDs) and `-q -x` (their memory)
 * follow, both at once: neither says it all. `-q -x` alone would do for machines without MIG, but takes seconds there.
 */
import { type UserdockerError, unavailable } from '../domain/errors.ts';
import type { GpuFact } from '../domain/gpu.ts';
import { assertNever } from '../domain/result.ts';
import { ask } from '../exec/ask.ts';
import {
  lacksMigField,
  parseDetails,
  parseList,
  parseQuery,
  queryFields,
  queryFieldsBeforeMig,
  saysNoDevices,
  withInstances,
} from './parse.ts';

/** Milliseconds for all calls together. */
const timeLimit = 10_000;
/** Bytes. `-q -x` prints some 30 KB for each GPU. */
const largestOutput = 16 * 1024 * 1024;
/** nvidia-smi(1): 14, "infoROM is corrupted": a warning, the output is complete. */
const harmlessStatus = new Set([0, 14]);

/**
 * The GPUs of this machine; none where the driver finds none.
 * @param smi absolute path, from the policy
 * @throws unavailable if nvidia-smi is missing, hangs, fails, or prints what is not understood
 */
export async function readGpus(smi: string, limit: number = timeLimit): Promise<readonly GpuFact[]> {
  const deadline = Date.now() + limit;
  const gpus = await queryGpus(smi, deadline);
  if (!gpus.some(({ migEnabled }) => migEnabled)) return gpus;
  const [list, xml] = await Promise.all([
    succeed(smi, ['-L'], deadline),
    succeed(smi, ['-q', '-x'], deadline),
  ]);
  const details = parseDetails(await parseXml(smi, xml));
  if (!details.ok) throw broken(smi, details.error);
  return withInstances(gpus, parseList(list), details.value);
}

async function queryGpus(smi: string, deadline: number): Promise<readonly GpuFact[]> {
  const first = await run(smi, query(queryFields), deadline);
  const knowsMig = !lacksMigField(first.output);
  const answer = knowsMig ? first : await run(smi, query(queryFieldsBeforeMig), deadline);
  if (saysNoDevices(answer.output)) return [];
  if (!harmlessStatus.has(answer.status)) throw failed(smi, answer);
  const gpus = parseQuery(answer.stdout, knowsMig);
  if (!gpus.ok) throw broken(smi, gpus.error);
  return gpus.value;
}

function query(fields: string): readonly string[] {
  return [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'];
}

async function succeed(smi: string, args: readonly string[], deadline: number): Promise<string> {
  const answer = await run(smi, args, deadline);
  if (!harmlessStatus.has(answer.status)) throw failed(smi, answer);
  return answer.stdout;
}

async function parseXml(smi: string, xml: string): Promise<unknown> {
  // 10 ms to load, needed on machines with MIG only.
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    parseTagValue: false,
    processEntities: false,
    isArray: (name: string) => name === 'gpu' || name === 'mig_device',
  });
  try {
    return parser.parse(xml, true);
  } catch {
    throw broken(smi, 'its XML is not well-formed');
  }
}

interface Answer {
  readonly status: number;
  readonly stdout: string;
  /** Both streams: errors are printed on either, depending on the driver. */
  readonly output: string;
}

async function run(smi: string, args: readonly string[], deadline: number): Promise<Answer> {
  const timeout = Math.max(0, deadline - Date.now());
  const answer = await ask({ program: smi, args, timeout, largest: largestOutput });
  switch (answer.end) {
    case 'late':
      throw hangs(smi);
    case 'endless':
      throw broken(smi, 'it prints without end');
    case 'unstartable':
      throw cannotRun(smi, answer.error);
    case 'exited': {
      const stdout = answer.stdout.toString('utf8');
      return { status: answer.status, stdout, output: `${stdout}\n${answer.stderr.toString('utf8')}` };
    }
    default:
      return assertNever(answer);
  }
}

function cannotRun(smi: string, error: NodeJS.ErrnoException): UserdockerError {
  if (error.code !== 'ENOENT')
    return unavailable(`${smi} can't be run: ${error.message}`, 'please tell an admin');
  return unavailable(
    `there is no ${smi}`,
    'has this machine NVIDIA GPUs and their driver? (an admin sets the path in nvidia.smi)',
  );
}

function hangs(smi: string): UserdockerError {
  return unavailable(
    `${smi} does not come to an end, so nothing is known of the GPUs`,
    'please tell an admin: the driver or a GPU hangs',
  );
}

/** "Failed to initialize NVML: Driver/library version mismatch", "Unable to determine the device handle for GPU ...: GPU is lost. ..." */
function failed(smi: string, { status, output }: Answer): UserdockerError {
  const line = output.split('\n').find((candidate) => candidate.trim() !== '');
  return unavailable(
    `${smi} failed: ${line?.trim().slice(0, 300) ?? `status ${status}`}`,
    'please tell an admin',
  );
}

function broken(smi: string, why: string): UserdockerError {
  return unavailable(`the answer of ${smi} makes no sense: ${why}`, 'please tell an admin');
}
