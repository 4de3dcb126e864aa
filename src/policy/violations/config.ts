/** `Config`, or the upper level of a create request: who the process is, its environment, its labels, its network endpoints. */
import { isObject, textAt } from '../../domain/json.ts';
import {
  type Context,
  firstProblem,
  isEmpty,
  isKernels,
  type Judge,
  matchesWhole,
  plainPath,
  show,
  textEntries,
  textList,
} from './common.ts';
import { amount, duration, isListed, judgeOption, type OptionRow, text } from './options.ts';

/** Whatever they say is the user's own affair. */
const free: Judge = () => undefined;
/** An image may say these, too: in an inspected container nobody knows who did. */
const ofImage =
  (judge: Judge): Judge =>
  (value, context) =>
    context.inspected ? undefined : judge(value, context);

export const configJudges: { readonly [key: string]: Judge } = {
  User: judgeUser,
  Env: judgeEnv,
  Labels: judgeLabels,
  WorkingDir: (value) => {
    if (isEmpty(value)) return undefined;
    return typeof value === 'string' && value.startsWith('/') && !isKernels(plainPath(value))
      ? undefined
      : `works in ${show(value)}`;
  },
  Image: judgeImage,
  Hostname: judgeOption({ ...text('--hostname'), isFilledIn: isOwnHostname }),
  Domainname: judgeOption(text('--domainname')),
  MacAddress: judgeOption(text('--mac-address')),
  StopTimeout: ofImage(judgeOption(amount('number', '--stop-timeout'))),
  StopSignal: ofImage(judgeOption(text('--stop-signal'))),
  Healthcheck: ofImage(judgeHealthcheck),
  // `-v /path` without a source: a volume that nobody owns.
  Volumes: ofImage((value) => (isEmpty(value) ? undefined : `has volumes of its own: ${show(value)}`)),
  OnBuild: free,
  ArgsEscaped: free,
  AttachStderr: free,
  AttachStdin: free,
  AttachStdout: free,
  Cmd: free,
  Entrypoint: free,
  ExposedPorts: free,
  NetworkDisabled: free,
  OpenStdin: free,
  Shell: free,
  StdinOnce: free,
  Tty: free,
};

const health: { readonly [key: string]: Judge } = {
  Test: judgeOption(healthCommand()),
  Interval: judgeOption(duration('--health-interval')),
  Timeout: judgeOption(duration('--health-timeout')),
  StartPeriod: judgeOption(duration('--health-start-period')),
  StartInterval: judgeOption(duration('--health-start-interval')),
  Retries: judgeOption(amount('number', '--health-retries')),
};

/** `--no-healthcheck`, which only ever runs less, need not be listed. */
function judgeHealthcheck(value: unknown, context: Context): string | undefined {
  if (!isEmpty(value) && !isObject(value)) return `has a health check that can't be read: ${show(value)}`;
  const given = isObject(value) ? value : {};
  if (textList(given['Test'])?.join() === 'NONE') return undefined;
  const unknown = Object.entries(given).find(([key, each]) => !Object.hasOwn(health, key) && !isEmpty(each));
  if (unknown !== undefined) return `has a health check with ${show(unknown)}`;
  return firstProblem(Object.entries(health), ([key, judge]) => judge(given[key], context));
}

function healthCommand(): OptionRow {
  return {
    names: ['--health-cmd'],
    elements: (value) => {
      if (isEmpty(value)) return [];
      const [kind, command, ...more] = textList(value) ?? [];
      return kind === 'CMD-SHELL' && command !== undefined && more.length === 0
        ? [{ spellings: [command] }]
        : undefined;
    },
  };
}

function judgeUser(value: unknown, { policy, caller, inspected }: Context): string | undefined {
  const own = `${caller.uid}:${caller.gid}`;
  if (policy.user_in_container) return value === own ? undefined : `runs as ${show(value)} and not as ${own}`;
  // Then the image says who; the user still does not.
  return inspected || isEmpty(value) ? undefined : `runs as ${show(value)}`;
}

/** Every value of a name counts: which of two wins depends on who reads them. */
function judgeEnv(value: unknown, context: Context): string | undefined {
  const { policy, caller } = context;
  const words = textList(value);
  if (words === undefined) return `has an environment that can't be read: ${show(value)}`;
  const variables = new Map<string, string[]>();
  for (const word of words) {
    const [name = '', ...rest] = word.split('=');
    variables.set(name, [...(variables.get(name) ?? []), rest.join('=')]);
  }
  const demanded = [
    ...Object.entries(policy.env_always),
    ['USERDOCKER_UID', String(caller.uid)] as const,
    ['USERDOCKER_USER', caller.user] as const,
  ];
  const wrong = demanded.find(([name, text]) => !saysOnly(variables.get(name), [text]));
  if (wrong !== undefined)
    return `has ${wrong[0]}=${show(variables.get(wrong[0])?.join())} and not ${wrong[1]}`;
  return judgeGpuVariables(variables, context);
}

function saysOnly(values: readonly string[] | undefined, allowed: readonly string[]): boolean {
  return values?.every((value) => allowed.includes(value)) === true;
}

/** By these the NVIDIA toolkit gives GPUs, parts of GPUs, and kernel interfaces beside them. */
function judgeGpuVariables(
  variables: ReadonlyMap<string, readonly string[]>,
  { container }: Context,
): string | undefined {
  const granted = [...container.gpus].sort().join(',');
  const named = (text: string) =>
    text
      .split(',')
      .filter((gpu) => gpu !== '')
      .sort()
      .join(',');
  const isRight = (text: string) =>
    text === 'void' || text === 'none' || (granted !== '' && named(text) === granted);
  const visible = variables.get('NVIDIA_VISIBLE_DEVICES') ?? [];
  // Without the variable an old image of CUDA gets all GPUs.
  if (visible.length === 0 || !visible.every(isRight)) return `sees the GPUs ${show(visible.join())}`;
  const resource = variables.get('DOCKER_RESOURCE_GPU') ?? [];
  if (!resource.every((text) => text === '' || isRight(text)))
    return `sees the GPUs ${show(resource.join())}`;
  const others = [...variables].find(
    ([name, texts]) =>
      /^NVIDIA_(?:MIG_.*|IMEX_CHANNELS|MOFED|GDS|GDRCOPY|NVSWITCH)$/s.test(name) &&
      texts.some((each) => each !== ''),
  );
  return others === undefined ? undefined : `has ${others[0]}=${show(others[1].join())}`;
}

const ownLabels = ['uid', 'user', 'version', 'image', 'nonce', 'gpus', 'memory', 'cpus'].map(
  (name) => `userdocker.${name}`,
);

function judgeLabels(value: unknown, context: Context): string | undefined {
  const { caller, container, policy, inspected, host } = context;
  const labels = textEntries(value);
  if (labels === undefined) return `has labels that can't be read: ${show(value)}`;
  const expected: { readonly [name: string]: string } = {
    'userdocker.uid': String(caller.uid),
    'userdocker.user': caller.user,
    'userdocker.gpus': container.gpus.join(','),
    // What it counts for in the limits. Later an admin may have changed it: docker update.
    ...(inspected
      ? {}
      : { 'userdocker.memory': share(host['Memory'], 1), 'userdocker.cpus': share(host['NanoCpus'], 1e9) }),
  };
  const given = new Map(labels);
  const wrong = Object.keys(expected).find((name) => given.get(name) !== expected[name]);
  if (wrong !== undefined) return `has the label ${wrong}=${show(given.get(wrong))}`;
  if (!/^[0-9a-f]{32}$/.test(given.get('userdocker.nonce') ?? '')) return 'has no label userdocker.nonce';
  if (inspected) return undefined;
  return firstProblem(labels, ([name, each]) => {
    const spellings = each === '' ? [name, `${name}=`] : [`${name}=${each}`];
    const isOwn = /^userdocker(?:\.|$)/i.test(name);
    const known = isOwn ? ownLabels.includes(name) : isListed(policy, ['--label', '-l'], { spellings });
    return known ? undefined : `has the label ${name}=${each}`;
  });
}

function share(value: unknown, scale: number): string {
  return typeof value === 'number' && value > 0 ? String(value / scale) : '';
}

/** Docker is given the id of the image that was looked at; its name, which the policy is about, stands in the label. */
function judgeImage(value: unknown, { policy, caller, config }: Context): string | undefined {
  if (caller.isRoot) return undefined;
  const name = textAt(config['Labels'], 'userdocker.image') ?? '';
  const isIt = value === name || (typeof value === 'string' && isImageId(value));
  const { allowed, load_tags: own, load_tags_template: template } = policy.images;
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const trees = template
    .split(/\$\{[a-z]+\}/)
    .map(literal)
    .join('[^/]+');
  const foreign = new RegExp(`^${trees}`).test(name) && !name.startsWith(own);
  const known = !isImageId(name) && allowed.some((pattern) => matchesWhole(pattern, name));
  return isIt && known && !foreign ? undefined : `is made of the image ${show(name)}, ${show(value)}`;
}

function isImageId(text: string): boolean {
  return /^(?:sha(?:256|384|512):|[0-9a-f]{64}$)/.test(text);
}

/** The engine's own choice: the beginning of the id. With the host's network, it is the host's name. */
function isOwnHostname(value: unknown, { inspected, container, host }: Context): boolean {
  if (isEmpty(value)) return true;
  if (!inspected || typeof value !== 'string') return false;
  return host['NetworkMode'] === 'host' || (textAt(container.json, 'Id') ?? '').startsWith(value);
}
