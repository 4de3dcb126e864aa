/** What speaks against what a client asked for: the second opinion, and whatever else the client should not have done. */
import type { Caller } from '../../src/domain/caller.ts';
import type { GpuHold } from '../../src/domain/gpu.ts';
import { isObject } from '../../src/domain/json.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { violations } from '../../src/policy/violations.ts';
import type { Heard, Speaker } from './clients.ts';
import type { Granted } from './compile.ts';
import { specOf } from './spelling.ts';
import { gpus as machine } from './worlds.ts';

export type Judgement =
  | { readonly kind: 'good'; readonly body: unknown }
  /** Docker's client refused it for a reason of its own. */
  | { readonly kind: 'refused'; readonly output: string }
  | { readonly kind: 'bad'; readonly problems: readonly string[]; readonly body: unknown };

export function judge(
  policy: Policy,
  caller: Caller,
  granted: Granted,
  { requests, output }: Heard,
  speaker: Speaker,
): Judgement {
  const [created, ...others] = requests;
  if (created === undefined) return refusal(granted, output, speaker);
  const { gpus, pins, hosts, name, request } = granted;
  const fields = new Map(Object.entries(isObject(created.body) ? created.body : {}));
  const path = new URL(created.path, 'http://docker');
  const problems = [
    ...violations(policy, caller, { json: created.body, gpus, pins, hosts }).map(
      ({ setting, message }) => `${setting}: it ${message}`,
    ),
    ...gpuProblems(policy, caller, granted),
    ...others.map((other) => `the client also asks for ${other.method} ${other.path}`),
    ...expected('the request', [created.method, path.pathname], ['POST', '/containers/create']),
    ...expected('the name', path.searchParams.getAll('name'), [name]),
    ...expected('further parameters', unknownParameters(path), []),
    ...expected('the payload', fields.get('Cmd') ?? [], request.payload),
    ...expected('the terminal', fields.get('Tty'), isOn(granted, '--tty')),
  ];
  return problems.length === 0
    ? { kind: 'good', body: created.body }
    : { kind: 'bad', problems, body: created.body };
}

/** Which GPUs may be given is not for the second opinion to say: here it is, once more and by itself. */
function gpuProblems({ nvidia }: Policy, caller: Caller, { gpus, holds }: Granted): readonly string[] {
  return gpus.flatMap((uuid) => {
    const gpu = machine.find((each) => each.uuid === uuid);
    if (gpu === undefined) return [`there is no GPU ${uuid}`];
    const { allowed_gpus: allowed, exclusive_container_gpu_reservation: exclusive } = nvidia;
    const isListed = allowed === 'ALL' || allowed.includes(uuid) || allowed.includes(String(gpu.index));
    const isOwn = (hold: GpuHold) => hold.uid === caller.uid && nvidia.allow_own_gpu_reuse;
    const here = holds.filter((hold) => hold.uuid === uuid);
    const isBusy = (gpu.memoryUsedMiB ?? 0) > nvidia.gpu_unavailable_above_memory_used && !here.some(isOwn);
    return [
      ...(isListed ? [] : [`GPU ${gpu.index} is not among allowed_gpus`]),
      ...(exclusive && !here.every(isOwn) ? [`GPU ${gpu.index} is somebody else's`] : []),
      ...(isBusy ? [`GPU ${gpu.index} is at work`] : []),
    ];
  });
}

/** It may not like a value, or not know an option that its newer sister knows. It must not stumble over the words. */
function refusal({ request }: Granted, output: string, { version }: Speaker): Judgement {
  const isOlder = Number.parseInt(version, 10) < 25;
  const isNew = request.options.some(({ flag }) => specOf(flag).since !== undefined);
  const stumbles =
    /unknown (shorthand )?flag|bad flag syntax|flag needs an argument|requires at least|ParseBool|accepts no arg/.test(
      output,
    );
  return stumbles && !(isOlder && isNew)
    ? { kind: 'bad', problems: [`the client can't read the line: ${output}`], body: undefined }
    : { kind: 'refused', output };
}

function unknownParameters(path: URL): readonly string[] {
  return [...path.searchParams.keys()].filter((key) => key !== 'name' && key !== 'platform');
}

function isOn({ request }: Granted, flag: string): boolean {
  return request.options.some((option) => option.flag === flag && option.value === true);
}

function expected(what: string, given: unknown, wanted: unknown): readonly string[] {
  const [one, other] = [JSON.stringify(given), JSON.stringify(wanted)];
  return one === other ? [] : [`${what}: ${one}, expected ${other}`];
}
