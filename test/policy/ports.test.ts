import { describe, expect, test } from 'vitest';
import { judgePorts, publishedPorts } from '../../src/policy/ports.ts';
import { policyOf } from '../support/builders.ts';

const judge = (wanted: readonly string[], exposed: readonly string[] = [], yaml = '') => {
  const { mappings, reasons } = judgePorts(policyOf(yaml), wanted, exposed);
  return reasons.length === 0 ? mappings : reasons.map(({ rule }) => rule);
};
const refused = ['allowed_port_mappings'];

describe('-p under the default policy', () => {
  test.each(['80', '8888', '65535', '127.0.0.1::80'])('allowed: %s', (mapping) =>
    expect(judge([mapping])).toEqual([mapping]),
  );
  test.each([
    ...['80:80', '0.0.0.0::80', '127.0.0.1:80:80', '127.0.0.2::80', '127.0.0.1::80/udp', '80/udp', '80/tcp'],
    ...['[::1]::80', '::80', ':80', '80-90', '127.0.0.1::80-90', '127x0.0.1::80'],
  ])('refused: %s', (mapping) => expect(judge([mapping])).toEqual(refused));
  test.each(['80\n', ' 80', '80 ', '', 'http', '-1', '127.0.0.1::80\n', '0x50'])(
    'no mapping: %j',
    (mapping) => expect(judge([mapping])).toContain('ports'),
  );
  test.each(['0', '65536', '99999'])('no port: %s', (mapping) => expect(judge([mapping])).toEqual(['ports']));
});

test('what the policy allows instead is said', () => {
  const [reason] = judgePorts(policyOf(), ['80:80'], []).reasons;
  expect(reason?.instead).toMatch(/^-p 80: /);
  const [other] = judgePorts(policyOf("allowed_port_mappings: ['^8[0-9]{3}:80$']"), ['80:80'], []).reasons;
  expect(other?.instead).toBe('a mapping that matches 8[0-9]{3}:80');
  const [none] = judgePorts(policyOf('allowed_port_mappings: []'), ['80'], []).reasons;
  expect(none?.instead).toBe('no port can be published here');
  const two = judgePorts(policyOf("allowed_port_mappings: ['1:1', '2:2']"), ['3'], []).reasons[0];
  expect(two?.instead).toBe('a mapping that matches 1:1 or 2:2');
  const local = judgePorts(policyOf("allowed_port_mappings: ['127[.]0[.]0[.]1::80']"), ['80'], []).reasons[0];
  expect(local?.instead).toMatch(/^-p 127\.0\.0\.1::80: /);
});

describe('the number of ports', () => {
  const any = (most: number | null) => `{allowed_port_mappings: ['.*'], limits: {ports: ${most}}}`;
  test.each([
    ['80', 1],
    ['8000-8009', 10],
    ['9000-9009:8000-8009', 10],
    ['127.0.0.1:9000-9009:80', 1],
    ['[::1]:80:80', 1],
    ['80/udp', 1],
    ['1-65535', 65_535],
  ])('%s counts as %i', (mapping, count) => {
    expect(judge([mapping], [], any(count))).toEqual([mapping]);
    expect(judge([mapping], [], any(count - 1))).toEqual(['limits.ports']);
    expect(judge([mapping], [], any(null))).toEqual([mapping]);
  });
  test('all mappings count, the image’s too', () => {
    expect(judge(['80', '81'], ['82/tcp'], any(3))).toEqual(['80', '81', '82']);
    expect(judge(['80', '81'], ['82/tcp', '83/tcp'], any(3))).toEqual(['limits.ports']);
  });
  test.each(['9-8', '1-65536', '0-1', '80-', '-80', '80/icmp', '80/TCP', '80:'])('%s is none', (mapping) => {
    expect(publishedPorts(mapping)).toBeUndefined();
  });
});

describe('-P', () => {
  test('is spelled out, in order, each as -p would be written', () => {
    expect(judge([], ['8080/tcp', '80'])).toEqual(['80', '8080']);
    expect(judge([], ['53/udp'], "allowed_port_mappings+: ['53/udp']")).toEqual(['53/udp']);
  });
  test('publishes nothing that -p could not', () => {
    const loopback = "allowed_port_mappings: ['127\\.0\\.0\\.1::[0-9]+']";
    expect(judge(['127.0.0.1::80'], [], loopback)).toEqual(['127.0.0.1::80']);
    expect(judge([], ['80/tcp'], loopback)).toEqual(refused);
    expect(judge([], ['53/udp'])).toEqual(refused);
    expect(judge([], ['80/tcp'], 'allowed_port_mappings: []')).toEqual(refused);
  });
  test('leaves alone what -p publishes', () => {
    expect(judge(['127.0.0.1::80'], ['80/tcp', '81/tcp'])).toEqual(['127.0.0.1::80', '81']);
    const yaml = "allowed_port_mappings+: ['[0-9-]+']";
    expect(judge(['80-90'], ['85/tcp', '91/tcp'], yaml)).toEqual(['80-90', '91']);
    expect(judge(['80-90'], ['79/tcp', '80/tcp', '90/tcp'], yaml)).toEqual(['80-90', '79']);
    expect(judge(['http'], ['80/tcp'], yaml)).toEqual(['ports']);
    expect(judge(['80'], ['80/udp'], "allowed_port_mappings+: ['80/udp']")).toEqual(['80', '80/udp']);
  });
  test.each(['80-90/tcp', '80/tcp\n', 'http', '0/tcp', '--privileged', '80 --privileged'])(
    'takes no %j from an image',
    (key) => expect(judge([], [key])).toEqual(['ports']),
  );
});
