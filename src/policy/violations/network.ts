/** Networks and published ports. */
import { isObject, textAt } from '../../domain/json.ts';
import { type Context, firstProblem, isEmpty, type Judge, matchesWhole, show } from './common.ts';
import { type Element, isListed, judgeOption, list, type OptionRow, text } from './options.ts';

const names = ['--network', '--net'];
const standard = ['', 'default', 'bridge'];

/** Docker's own network, or none, need not be listed: they are what `run` without the option has, and less. */
export const networkMode: OptionRow = {
  names,
  elements: (value) => {
    if (!isEmpty(value) && typeof value !== 'string') return undefined;
    const mode = typeof value === 'string' ? value : '';
    return [{ spellings: standard.includes(mode) ? ['bridge', 'default'] : [mode] }];
  },
  isFilledIn: (value) => isEmpty(value) || value === 'none' || standard.includes(String(value)),
};

/** `NetworkingConfig.EndpointsConfig` of a request, `NetworkSettings.Networks` of a container: each must be one that may be joined. */
export function judgeEndpoints(value: unknown, context: Context): string | undefined {
  if (isEmpty(value)) return undefined;
  if (!isObject(value)) return `has networks that can't be read: ${show(value)}`;
  const mode = String(context.host['NetworkMode'] ?? '');
  const own = standard.includes(mode) ? standard : [mode];
  return firstProblem(Object.entries(value), ([name, endpoint]) => {
    const element: Element = { spellings: [name] };
    // A second network beside --network=none would be a way around it.
    if (!own.includes(name)) return `is in the network ${name}, too`;
    if (!standard.includes(name) && name !== 'none' && !isListed(context.policy, names, element))
      return `is in the network ${name}`;
    return judgeEndpoint(name, endpoint, context);
  });
}

const aliases = judgeOption(list(['--network-alias', '--net-alias']));
const address = judgeOption(text('--ip'));
const address6 = judgeOption(text('--ip6'));
const links = judgeOption(list(['--link']));
const hardware = judgeOption(text('--mac-address'));

/** What the engine tells of an endpoint that is there. A request can't choose it. */
const told =
  /^(?:NetworkID|EndpointID|Gateway|IPAddress|IPPrefixLen|IPv6Gateway|GlobalIPv6Address|GlobalIPv6PrefixLen|DNSNames)$/;

function judgeEndpoint(network: string, endpoint: unknown, context: Context): string | undefined {
  if (isEmpty(endpoint)) return undefined;
  if (!isObject(endpoint)) return `has an endpoint that can't be read: ${show(endpoint)}`;
  return firstProblem(Object.entries(endpoint), ([key, value]) => {
    if (isEmpty(value) || (context.inspected && told.test(key))) return undefined;
    switch (key) {
      case 'IPAMConfig':
        return judgeAddresses(value, context);
      // In networks of an admin's the engine gives each container the beginning of its id as an alias, and draws the address.
      case 'Aliases':
        return context.inspected ? undefined : aliases(value, context);
      case 'MacAddress':
        return context.inspected ? undefined : hardware(value, context);
      case 'Links':
        return links(value, context);
      default:
        return `asks for ${key} in the network ${network}: ${show(value)}`;
    }
  });
}

function judgeAddresses(value: unknown, context: Context): string | undefined {
  const entries: readonly (readonly [string, unknown])[] = isObject(value)
    ? Object.entries(value)
    : [['IPAMConfig', value]];
  return firstProblem(entries, ([key, each]) => {
    if (isEmpty(each)) return undefined;
    if (key === 'IPv4Address') return address(each, context);
    return key === 'IPv6Address' ? address6(each, context) : `asks for the address ${show(value)}`;
  });
}

export const judgePorts: Judge = (value, { policy }) => {
  if (isEmpty(value)) return undefined;
  if (!isObject(value)) return `publishes what can't be read: ${show(value)}`;
  // An empty list is taken for one random port (daemon, backfillEmptyPBs).
  const all = Object.entries(value).flatMap(([port, hosts]): readonly (readonly [string, unknown])[] => {
    if (isEmpty(hosts)) return [[port, {}]];
    return Array.isArray(hosts) ? hosts.map((host) => [port, host] as const) : [[port, hosts]];
  });
  if (policy.limits.ports !== undefined && all.length > policy.limits.ports)
    return `publishes ${all.length} ports`;
  return firstProblem(all, ([port, host]) => {
    if (!isObject(host)) return `publishes ${port} at ${show(host)}`;
    const spellings = portSpellings(port, textAt(host, 'HostIp') ?? '', textAt(host, 'HostPort') ?? '');
    const allowed = policy.allowed_port_mappings;
    return spellings.some((spelling) => allowed.some((pattern) => matchesWhole(pattern, spelling)))
      ? undefined
      : `publishes ${spellings[0]}`;
  });
};

/** All ways of writing the mapping for `-p`. */
function portSpellings(port: string, ip: string, hostPort: string): readonly string[] {
  const bare = port.replace(/\/tcp$/, '');
  return [...new Set([bare, port])].flatMap((inside) => {
    if (ip !== '') return [`${ip}:${hostPort}:${inside}`, `[${ip}]:${hostPort}:${inside}`];
    return hostPort === ''
      ? [inside, `:${inside}`, `::${inside}`]
      : [`${hostPort}:${inside}`, `:${hostPort}:${inside}`];
  });
}
