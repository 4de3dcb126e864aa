/**
 * In which ways a container goes beyond a policy: a second opinion, over what the engine is asked for (the body of
 * `POST /containers/create`) or has (`GET /containers/ID/json`). It shares no code with the rules that build command lines, and
 * reads no command line: a mistake there shows here.
 *
 * It is an allow list: a setting that is neither empty nor known to one of the judges in src/policy/violations is a violation, so that
 * what docker invents next year is one too, and so is a known one in a form that nobody expects.
 */
import type { Caller } from '../domain/caller.ts';
import { isObject, type JsonObject, objectAt } from '../domain/json.ts';
import type { Policy } from '../domain/policy.ts';
import {
  type ContainerToJudge,
  type Context,
  isEmpty,
  type Judge,
  show,
  type Violation,
} from './violations/common.ts';
import { configJudges } from './violations/config.ts';
import { hostJudges } from './violations/host.ts';
import { judgeEndpoints } from './violations/network.ts';

export type { ContainerToJudge, Violation } from './violations/common.ts';

export function violations(
  policy: Policy,
  caller: Caller,
  container: ContainerToJudge,
): readonly Violation[] {
  const json: JsonObject = isObject(container.json) ? container.json : {};
  const inspected = isObject(json['Config']);
  // A request is the configuration itself, with two more fields.
  const { HostConfig: _host, NetworkingConfig: _networking, ...request } = json;
  const config = inspected ? objectAt(json, 'Config') : request;
  const context: Context = {
    policy,
    caller,
    container,
    inspected,
    config,
    host: objectAt(json, 'HostConfig'),
  };
  return [
    ...judgeAll('', configJudges, context.config, context),
    ...judgeAll('HostConfig.', hostJudges, context.host, context),
    ...judgeNetworks(json, context),
    ...judgeGpuCount(context),
  ];
}

/** Every judge is asked, whether or not its setting is there; what has no judge must be empty. */
function judgeAll(
  prefix: string,
  judges: { readonly [key: string]: Judge },
  given: JsonObject,
  context: Context,
): readonly Violation[] {
  const known = Object.entries(judges).map(([key, judge]) => ({ key, message: judge(given[key], context) }));
  const unknown = Object.entries(given)
    .filter(([key, value]) => !Object.hasOwn(judges, key) && !isEmpty(value))
    .map(([key, value]) => ({ key, message: `is set, and nobody knows what it does: ${show(value)}` }));
  return [...known, ...unknown].flatMap(({ key, message }) => asViolation(`${prefix}${key}`, message));
}

function judgeNetworks(json: JsonObject, context: Context): readonly Violation[] {
  if (context.inspected) {
    const networks = objectAt(json, 'NetworkSettings')['Networks'];
    return asViolation('NetworkSettings.Networks', judgeEndpoints(networks, context));
  }
  const { EndpointsConfig: endpoints, ...others } = objectAt(json, 'NetworkingConfig');
  const unknown = Object.entries(others).find(([, value]) => !isEmpty(value));
  return [
    ...asViolation('NetworkingConfig.EndpointsConfig', judgeEndpoints(endpoints, context)),
    ...asViolation('NetworkingConfig', unknown === undefined ? undefined : `is set: ${show(unknown)}`),
  ];
}

/** Which of them may be given, and to whom else they are, is for the rules of `nvidia` to say. */
function judgeGpuCount({
  policy: { nvidia, limits },
  caller,
  container: { gpus },
}: Context): readonly Violation[] {
  const { allowed_gpus: allowed, max_gpu_count_reservation: most } = nvidia;
  const count = gpus.length;
  const tooMany =
    (most >= 0 && count > most) ||
    (!caller.isRoot && limits.gpus !== undefined && count > limits.gpus) ||
    (allowed !== 'ALL' && allowed.length === 0 && count > 0);
  return asViolation('gpus', tooMany ? `has ${count} GPUs` : undefined);
}

function asViolation(setting: string, message: string | undefined): readonly Violation[] {
  return message === undefined ? [] : [{ setting, message }];
}
