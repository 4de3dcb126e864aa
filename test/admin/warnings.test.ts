import { expect, test } from 'vitest';
import { warningsOf } from '../../src/admin/warnings.ts';
import type { LoadedPolicy } from '../../src/domain/policy.ts';
import { policyOf } from '../support/builders.ts';

const nowhere: Pick<LoadedPolicy, 'origins' | 'files'> = { origins: new Map(), files: [] };
const warnings = (yaml: string) =>
  warningsOf({ policy: policyOf(yaml), ...nowhere }).map(({ setting, message }) => `${setting}: ${message}`);
const mount = (rule: string) => `volume_mounts: {available: ['${rule}']}`;
const option = (entry: string) => `args: {run: {available: [${entry}]}}`;

test('the shipped policy has none', () => {
  expect(warnings('')).toEqual([]);
});

test.each([
  [mount('/var/run/docker.sock:/s'), /^volume_mounts\.available: .* gives \/run\/docker\.sock: .*root/],
  [mount('/run/docker.sock:/s:ro'), /docker\.sock/],
  [mount('/run:/run:ro'), /docker\.sock/],
  [mount('/var/run/**:'), /docker\.sock/],
  [mount('/:/host:ro'), /docker\.sock/],
  [mount('/**:'), /docker\.sock/],
  [
    'docker_host: unix:///srv/d.sock\nvolume_mounts: {default: [/srv:/srv]}',
    /default: .* gives \/srv\/d\.sock/,
  ],
  [mount('/run/containerd:/c'), /containerd/],
  [mount('/etc:/etc'), /accounts/],
  [mount('/etc/cron.d:/c'), /accounts/],
  [mount('/root/data:/d:ro'), /root's own files/],
  [mount('/dev/sda:/sda'), /device/],
  [mount('/usr/local/bin:/b'), /programs/],
  [mount('/var/lib/docker/volumes:/v:ro'), /everybody's containers/],
  [mount('/home:/home'), /homes of others/],
  [mount('/home/**:'), /homes of others/],
  ['volume_mounts: {always: [/etc:/etc]}', /^volume_mounts\.always/],
  [option('--privileged'), /^args\.run\.available: --privileged: .*every right of root/],
  [option('--device='), /--device: a device/],
  [option('--device=/dev/fuse'), /--device/],
  [option('--network='), /--network=host: /],
  [option('--network=host'), /--network=host/],
  [option('[--network=none, =bridge, =host]'), /--network=host/],
  [option("{flag: --network, pattern: 'h.*|none'}"), /--network=host/],
  [option('--net=container:db'), /--network=container:other/],
  [option('--pid=host'), /--pid=host: all processes/],
  [option('--ipc=host'), /--ipc=host/],
  [option('--userns=host'), /--userns=host/],
  [option('--uts='), /--uts=host/],
  [option('--runtime='), /--runtime/],
  [option('--volumes-from='), /--volumes-from/],
  [option('--cgroup-parent='), /--cgroup-parent/],
  ['args: {run: {always: [--privileged]}}', /^args\.run\.always: --privileged/],
  ['args: {run: {default: [--pid=host]}}', /^args\.run\.default: --pid=host/],
  ['args: {exec: {available: [--privileged]}}', /^args\.exec\.available: --privileged/],
  ['no_new_privileges: false', /^no_new_privileges: .*setuid/],
  ['user_in_container: false', /^user_in_container: .*root/],
  ['audit: {required: false}', /^audit\.required: /],
  ['caps_add: [SYS_ADMIN]', /^caps_add: SYS_ADMIN: it mounts/],
  ['caps_add: [CAP_DAC_OVERRIDE]', /^caps_add: .*DAC_OVERRIDE: /],
  ['caps_add: [ALL]', /every right/],
  ['sysctls: {net.ipv4.ip_unprivileged_port_start: 0}', /^sysctls: .*reserved ports/],
  ['sysctls-: [net.ipv4.ip_unprivileged_port_start]', /^sysctls: /],
  ['limits: {pids: null}', /^limits\.pids: /],
  ["allowed_port_mappings: ['[0-9]+:[0-9]+']", /^allowed_port_mappings: /],
])('%s', (yaml, expected) => {
  const found = warnings(yaml);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});

/** Near misses. */
test.each([
  mount('/etc/localtime:/etc/localtime:ro'),
  mount('/usr/share/data:/data:ro'),
  mount('/etcetera:/x'),
  mount('/data/**:'),
  mount('/run/user/1000:/r'),
  mount('/home/alice/data:/data'),
  mount('/var/lib/data:/data'),
  option('--privileged=false'),
  option('[--network=none, =bridge]'),
  option("{flag: --network, pattern: 'lab-.*'}"),
  option('--pid=private'),
  option('--ipc=none'),
  'caps_add: [SYS_PTRACE, KILL]',
  'sysctls: {net.ipv4.ip_unprivileged_port_start: 2000}',
  "allowed_port_mappings: ['8[0-9]{3}:[0-9]+']",
  'limits: {pids: 100}',
])('nothing to warn of: %s', (yaml) => {
  expect(warnings(yaml)).toEqual([]);
});
