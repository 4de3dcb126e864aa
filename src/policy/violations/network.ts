/** Networks and published ports. */
import { isObject, type JsonObject, textAt } from '../../domain/json.ts';
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
  const isAllowed = (spellings: readonly string[]) =>
    spellings.some((each) => policy.allowed_port_mappings.some((pattern) => matchesWhole(pattern, each)));
  const left = all.filter(([port, host]) => !isObject(host) || !isAllowed(mappingSpellings(port, host)));
  const ranges = left.length === 0 || all.length > mostPorts ? [] : rangesOf(all);
  return firstProblem(left, ([port, host]) => {
    if (!isObject(host)) return `publishes ${port} at ${show(host)}`;
    const isInRange = ranges.some((range) => range.has(port, host) && isAllowed(range.spellings));
    return isInRange ? undefined : `publishes ${mappingSpellings(port, host)[0]}`;
  });
};

interface PortRange {
  readonly spellings: readonly string[];
  has(port: string, host: JsonObject): boolean;
}

/** `-p 8000-8003:80-83` is four mappings by then. Of longer ones, or where there are more, each port must be allowed alone. */
const longestRange = 64;
const mostPorts = 256;

/** Every unbroken row of ports, of the same protocol and address, that the mappings can be written as. */
function rangesOf(all: readonly (readonly [string, unknown])[]): readonly PortRange[] {
  const known = new Set(
    all.map(([port, host]) => JSON.stringify([port, textAt(host, 'HostIp'), textAt(host, 'HostPort')])),
  );
  const ranges: PortRange[] = [];
  for (const [port, host] of all) {
    const [inside = '', protocol = ''] = port.split('/');
    const [ip, outside] = [textAt(host, 'HostIp'), textAt(host, 'HostPort')];
    const member = (step: number) => [
      `${Number(inside) + step}/${protocol}`,
      ip,
      outside === '' || outside === undefined ? outside : String(Number(outside) + step),
    ];
    const members = new Set<string>();
    for (
      let length = 1;
      length <= longestRange && known.has(JSON.stringify(member(length - 1)));
      length += 1
    ) {
      members.add(JSON.stringify(member(length - 1)));
      if (length === 1) continue;
      const span = (first: string) => (first === '' ? '' : `${first}-${Number(first) + length - 1}`);
      const within = new Set(members);
      ranges.push({
        spellings: portSpellings(`${span(inside)}/${protocol}`, ip ?? '', span(outside ?? '')),
        has: (each, at) => within.has(JSON.stringify([each, textAt(at, 'HostIp'), textAt(at, 'HostPort')])),
      });
    }
  }
  return ranges;
}

function mappingSpellings(port: string, host: JsonObject): readonly string[] {
  return portSpellings(port, textAt(host, 'HostIp') ?? '', textAt(host, 'HostPort') ?? '');
}

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
