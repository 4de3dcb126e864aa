/** Published ports: `-p` against `allowed_port_mappings`, `-P` spelled out, both against `limits.ports`. */
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { fullMatchAny, readable } from './full-match.ts';
import { type ExposedPort, exposedPorts } from './images.ts';

export interface PortVerdict {
  /** The `-p` values to hand over, in the user's order, `-P`'s after them. */
  readonly mappings: readonly string[];
  readonly reasons: readonly Reason[];
}

/**
 * @param exposed the image's exposed ports (`8080/tcp`) if the user gave `-P`, else nothing. An image can expose
 *   thousands, and each takes a port of the host and a proxy process: they count like the user's own, and like the user's own
 *   they are held against `allowed_port_mappings`: who makes an image writes that list.
 */
export function judgePorts(
  policy: Policy,
  wanted: readonly string[],
  exposed: readonly string[],
): PortVerdict {
  const published = wanted.map(publishedPorts);
  const image = exposedPorts(exposed);
  const further = (image.ok ? image.value : [])
    // What the user publishes is not published once more.
    .filter((port) => !published.some((range) => range !== undefined && isIn(port, range)))
    .map(({ port, protocol }) => (protocol === 'tcp' ? String(port) : `${port}/${protocol}`));
  const count = published.reduce(
    (sum, range) => sum + (range === undefined ? 0 : sizeOf(range)),
    further.length,
  );
  return {
    mappings: [...wanted, ...further],
    reasons: [
      ...wanted.flatMap((mapping, index) => judgeMapping(policy, mapping, published[index])),
      ...(image.ok ? [] : [{ rule: 'ports', message: image.error }]),
      ...further
        .filter((mapping) => !isAllowed(policy, mapping))
        .map((mapping) => notAllowed(policy, mapping)),
      ...judgeCount(policy, count),
    ],
  };
}

interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** The ports of the container that a mapping publishes; `undefined` where it is none. Grammar: docker run(1), -p. */
export function publishedPorts(mapping: string): PortRange | undefined {
  const match = /^(?:.*:)?([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(mapping);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const isRange = first >= 1 && last <= 65_535 && first <= last;
  return isRange ? { first, last, protocol: match[3] ?? 'tcp' } : undefined;
}

function sizeOf({ first, last }: PortRange): number {
  return last - first + 1;
}

function isIn({ port, protocol }: ExposedPort, range: PortRange): boolean {
  return protocol === range.protocol && port >= range.first && port <= range.last;
}

function isAllowed(policy: Policy, mapping: string): boolean {
  return fullMatchAny(policy.allowed_port_mappings, mapping);
}

function judgeMapping(policy: Policy, mapping: string, range: PortRange | undefined): readonly Reason[] {
  if (range === undefined)
    return [
      {
        rule: 'ports',
        message: `-p ${mapping} is no port mapping`,
        instead: 'write -p PORT, such as -p 8080',
      },
    ];
  return isAllowed(policy, mapping) ? [] : [notAllowed(policy, mapping)];
}

function judgeCount({ limits }: Policy, count: number): readonly Reason[] {
  if (limits.ports === undefined || count <= limits.ports) return [];
  return [
    {
      rule: 'limits.ports',
      message: `${count} published ports (-p, -P) are more than a container may have`,
      instead: `at most ${limits.ports}; name the ones you need with -p`,
    },
  ];
}

function notAllowed(policy: Policy, mapping: string): Reason {
  const allowed = policy.allowed_port_mappings;
  const patterns = allowed.map(readable).join(' or ');
  const near = variants(mapping).find((variant) => isAllowed(policy, variant));
  const matching =
    near === undefined
      ? `a mapping that matches ${patterns}`
      : `-p ${near}: docker chooses a port of the machine, userdocker port shows it`;
  return {
    rule: 'allowed_port_mappings',
    message: `-p ${mapping} is not a port mapping that the policy allows`,
    instead: allowed.length === 0 ? 'no port can be published here' : matching,
  };
}

/** The same port of the container, and docker chooses the machine's: `8080`, `127.0.0.1::8080`. */
function variants(mapping: string): readonly string[] {
  const port = mapping.slice(mapping.lastIndexOf(':') + 1);
  return [port, `127.0.0.1::${port}`];
}
