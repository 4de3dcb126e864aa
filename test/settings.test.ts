/**
 * Each setting counts: for each there is a row with one change in config.yaml and what comes of a call because of it. A setting without
 * a row fails. What acts outside of a decision (files, time, other programs) is shown by a test that is named here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grammars } from '../src/args/grammar.ts';
import { images } from '../src/commands/images.ts';
import { ps } from '../src/commands/ps.ts';
import { run } from '../src/commands/run.ts';
import { connectEngine } from '../src/docker/engine.ts';
import type { GpuFact } from '../src/domain/gpu.ts';
import { alice, type Call, decisionOn, person, policyOf, verdictOn, wordsOf } from './support/builders.ts';
import { decideFor, quiet, told } from './support/session.ts';

const gpu = (index: number, memoryUsedMiB = 0): GpuFact => ({
  ...{ index, uuid: `GPU-${index}`, name: 'H100', memoryUsedMiB, memoryTotalMiB: 81_559 },
  ...{ migEnabled: false, instances: [] },
});
const two = [gpu(0), gpu(1)];
const hold = (uuid: string, uid: number) => ({
  ...{ uuid, uid, user: 'x', container: { id: 'c'.repeat(64), name: 'x' }, pid: undefined, since: 1 },
});
const container = { name: 'alice_1', memory: 1024 ** 3, cpus: 2, gpus: ['GPU-0'] };
const one: Call = { usage: { shares: [container], gpus: ['GPU-0'] } };
const nvidia = '--executor=nvidia-docker run debian';

interface Row {
  readonly setting: string;
  readonly yaml: string;
  readonly line: string;
  /** Of the outcome without the change, and not of the one with it. */
  readonly before: RegExp;
  /** Of the outcome with the change, and not of the one without it. */
  readonly after: RegExp;
  readonly call?: Call;
  /** config.yaml without the change, where the defaults would not show it. */
  readonly base?: string;
}

const denied = (rule: string) => new RegExp(`^denied: (?:.* )?${rule.replaceAll('.', '\\.')}(?: |$)`);
const allowed = /^(?!denied)/;

const rows: readonly Row[] = [
  {
    setting: 'executors',
    yaml: 'executors: {docker: /opt/docker}',
    line: 'ps',
    before: /^\/usr\/bin\/docker /,
    after: /^\/opt\/docker /,
  },
  {
    setting: 'executors',
    yaml: 'executors: {nvidia-docker: {path: /usr/bin/docker, gpus: flag}}',
    line: nvidia,
    call: { gpus: two },
    before: /--runtime=nvidia/,
    after: /--gpus=device=GPU-0 /,
  },
  {
    setting: 'executors',
    yaml: 'executors: {nvidia-docker: {path: /usr/bin/docker, gpus: cdi}}',
    line: nvidia,
    call: { gpus: two },
    before: /--runtime=nvidia/,
    after: /--device=nvidia\.com\/gpu=GPU-0 /,
  },
  {
    setting: 'executors',
    yaml: 'executors: {nvidia-docker: {path: /usr/bin/docker, gpus: nv_gpu}}',
    line: nvidia,
    call: { gpus: two },
    before: /--runtime=nvidia/,
    after: / NV_GPU=GPU-0$/,
  },
  {
    setting: 'executor_default',
    yaml: 'executor_default: nvidia-docker',
    line: 'run debian',
    call: { gpus: two },
    before: /VISIBLE_DEVICES=void/,
    after: /VISIBLE_DEVICES=GPU-0 /,
  },
  {
    setting: 'docker_host',
    yaml: 'docker_host: unix:///run/other.sock',
    line: 'ps',
    before: /DOCKER_HOST=unix:\/\/\/var\/run\/docker\.sock/,
    after: /DOCKER_HOST=unix:\/\/\/run\/other\.sock/,
  },
  {
    setting: 'docker_config',
    yaml: 'docker_config: /etc/other',
    line: 'ps',
    before: /DOCKER_CONFIG=\/etc\/userdocker\/docker/,
    after: /DOCKER_CONFIG=\/etc\/other/,
  },
  {
    setting: 'allowed_subcommands',
    yaml: 'allowed_subcommands+: [inspect]',
    line: 'inspect mine',
    before: denied('allowed_subcommands'),
    after: allowed,
  },
  {
    setting: 'allowed_subcommands',
    yaml: 'allowed_subcommands: [ps]',
    line: 'run debian',
    before: allowed,
    after: denied('allowed_subcommands'),
  },
  {
    setting: 'volume_mounts.always',
    yaml: "volume_mounts: {always: ['/opt/x:/x:ro']}",
    line: 'run debian',
    before: /^(?!.*\/opt\/x)/,
    after: /source=\/opt\/x,target=\/x,readonly/,
  },
  {
    setting: 'volume_mounts.available',
    yaml: "volume_mounts: {available: ['/data/**:']}",
    line: 'run -v /data/a:/x debian',
    before: denied('volume_mounts.available'),
    after: /source=\/data\/a,target=\/x/,
  },
  {
    setting: 'volume_mounts.default',
    yaml: 'volume_mounts: {default: []}',
    line: 'run debian',
    before: /source=\/home\/alice/,
    after: /^(?!.*--mount)/,
  },
  {
    setting: 'images.allowed',
    yaml: "images: {allowed: ['debian:.*']}",
    line: 'run ubuntu',
    before: allowed,
    after: denied('images.allowed'),
  },
  {
    setting: 'images.allowed',
    yaml: "images: {allowed: ['debian:.*']}",
    line: 'pull ubuntu',
    before: allowed,
    after: denied('images.allowed'),
  },
  {
    setting: 'images.pull',
    yaml: 'images: {pull: never}',
    line: 'pull debian',
    before: allowed,
    after: denied('images.pull'),
  },
  {
    setting: 'images.load_tags',
    yaml: "images: {load_tags: 'lab.example/${user}/'}",
    line: 'rmi lab.example/alice/x:1',
    base: 'allowed_subcommands+: [rmi]',
    before: denied('images.load_tags'),
    after: allowed,
  },
  {
    setting: 'images.load_tags',
    yaml: "images: {load_tags: 'lab.example/${user}/'}",
    line: 'run lab.example/bob/x',
    before: allowed,
    after: denied('images'),
  },
  {
    setting: 'user_in_container',
    yaml: 'user_in_container: false',
    line: 'run debian',
    before: /--user=1000:100/,
    after: /^(?!.*--user=)/,
  },
  {
    setting: 'user_in_container',
    yaml: 'user_in_container: false',
    line: 'exec mine id',
    before: /--user=1000:100/,
    after: /^(?!.*--user=)/,
  },
  {
    setting: 'groups_in_container',
    yaml: 'groups_in_container: false',
    line: 'run debian',
    before: /--group-add=2000 --group-add=3000/,
    after: /^(?!.*--group-add=)/,
  },
  {
    setting: 'no_new_privileges',
    yaml: 'no_new_privileges: false',
    line: 'run debian',
    before: /--security-opt=no-new-privileges/,
    after: /^(?!.*--security-opt=)/,
  },
  {
    setting: 'caps_drop',
    yaml: 'caps_drop: [NET_RAW]',
    line: 'run debian',
    before: /--cap-drop=ALL/,
    after: /--cap-drop=NET_RAW/,
  },
  {
    setting: 'caps_add',
    yaml: 'caps_add: [SYS_PTRACE]',
    line: 'run debian',
    before: /^(?!.*--cap-add)/,
    after: /--cap-add=SYS_PTRACE/,
  },
  {
    setting: 'allowed_port_mappings',
    yaml: "allowed_port_mappings+: ['80:80']",
    line: 'run -p 80:80 debian',
    before: denied('allowed_port_mappings'),
    after: /--publish=80:80/,
  },
  {
    setting: 'allowed_port_mappings',
    yaml: 'allowed_port_mappings: []',
    line: 'run -P debian',
    call: { image: { exposedPorts: ['80/tcp'] } },
    before: /--publish=80 /,
    after: denied('allowed_port_mappings'),
  },
  {
    setting: 'env',
    yaml: 'env: {A: "1"}',
    line: 'run debian',
    before: /^(?!.*--env=A=)/,
    after: /--env=A=1/,
  },
  {
    setting: 'env_always',
    yaml: 'env_always: {A: "1"}',
    line: 'run debian',
    before: /^(?!.*--env=A=)/,
    after: /--env=A=1/,
  },
  {
    setting: 'env_always',
    yaml: 'env_always: {A: "1"}',
    line: 'run -e A=2 debian',
    before: /--env=A=2/,
    after: denied('env_always'),
  },
  {
    setting: 'log_driver.name',
    yaml: 'log_driver: {name: journald}',
    line: 'run debian',
    before: /--log-driver=local/,
    after: /--log-driver=journald/,
  },
  {
    setting: 'log_driver.options',
    yaml: 'log_driver: {options: {max-size: 1m}}',
    line: 'run debian',
    before: /--log-opt=max-size=10m/,
    after: /--log-opt=max-size=1m/,
  },
  {
    setting: 'sysctls',
    yaml: 'sysctls: {net.ipv4.ip_unprivileged_port_start: 0}',
    line: 'run debian',
    before: /--sysctl=net\.ipv4\.ip_unprivileged_port_start=1024/,
    after: /port_start=0/,
  },
  {
    setting: 'env_by_executor',
    yaml: 'env_by_executor: {docker: {A: "1"}}',
    line: 'run debian',
    before: /^(?!.*--env=A=)/,
    after: /--env=A=1/,
  },
  {
    setting: 'env_by_executor',
    yaml: 'env_by_executor: {nvidia-docker: {NCCL_TOPOLOGY: OTHER}}',
    line: nvidia,
    call: { gpus: two },
    before: /NCCL_TOPOLOGY=CUBEMESH/,
    after: /NCCL_TOPOLOGY=OTHER/,
  },
  {
    setting: 'container_names.default',
    yaml: "container_names: {default: 'x-${user}-'}",
    line: 'run debian',
    before: /--name=alice_1/,
    after: /--name=x-alice-1/,
  },
  {
    setting: 'container_names.allowed',
    yaml: "container_names: {allowed: 'lab-.*'}",
    line: 'run --name web debian',
    before: /--name=web/,
    after: denied('container_names.allowed'),
  },
  {
    setting: 'cpus_default',
    yaml: 'cpus_default: 2',
    line: 'run debian',
    before: /^(?!.*--cpus=)/,
    after: /--cpus=2 --cpuset-cpus=0,1/,
  },
  {
    setting: 'limits.containers',
    yaml: 'limits: {containers: 1}',
    line: 'run debian',
    call: one,
    before: allowed,
    after: denied('limits.containers'),
  },
  {
    setting: 'limits.memory',
    yaml: 'limits: {memory: 2g}',
    line: 'run --memory 1.5g debian',
    call: one,
    before: allowed,
    after: denied('limits.memory'),
  },
  {
    setting: 'limits.cpus',
    yaml: 'limits: {cpus: 3}',
    line: 'run --cpus 2 debian',
    call: one,
    before: allowed,
    after: denied('limits.cpus'),
  },
  {
    setting: 'limits.gpus',
    yaml: 'limits: {gpus: 1}',
    line: nvidia,
    call: { ...one, gpus: two, holds: [hold('GPU-0', 1000)] },
    before: /VISIBLE_DEVICES=GPU-1 /,
    after: denied('limits.gpus'),
  },
  {
    setting: 'limits.pids',
    yaml: 'limits: {pids: 64}',
    line: 'run debian',
    before: /--pids-limit=4096/,
    after: /--pids-limit=64/,
  },
  {
    setting: 'limits.pids',
    yaml: 'limits: {pids: 64}',
    line: 'run --pids-limit 100 debian',
    before: /--pids-limit=100/,
    after: denied('limits.pids'),
  },
  {
    setting: 'limits.ports',
    yaml: 'limits: {ports: 1}',
    line: 'run -p 80 -p 81 debian',
    before: allowed,
    after: denied('limits.ports'),
  },
  {
    setting: 'nvidia.allowed_gpus',
    yaml: 'nvidia: {allowed_gpus: [1]}',
    line: nvidia,
    call: { gpus: two },
    before: /VISIBLE_DEVICES=GPU-0 /,
    after: /VISIBLE_DEVICES=GPU-1 /,
  },
  {
    setting: 'nvidia.allowed_gpus',
    yaml: 'nvidia: {allowed_gpus: []}',
    line: nvidia,
    call: { gpus: two, environment: { NV_GPU: '0' } },
    before: allowed,
    after: denied('nvidia.allowed_gpus'),
  },
  {
    setting: 'nvidia.default_gpu_count_reservation',
    yaml: 'nvidia: {default_gpu_count_reservation: 2}',
    line: nvidia,
    call: { gpus: two },
    before: /VISIBLE_DEVICES=GPU-0 /,
    after: /VISIBLE_DEVICES=GPU-0,GPU-1 /,
  },
  {
    setting: 'nvidia.max_gpu_count_reservation',
    yaml: 'nvidia: {max_gpu_count_reservation: 1}',
    line: nvidia,
    call: { gpus: two, environment: { NV_GPU: '0,1' } },
    before: allowed,
    after: denied('nvidia.max_gpu_count_reservation'),
  },
  {
    setting: 'nvidia.gpu_unavailable_above_memory_used',
    yaml: 'nvidia: {gpu_unavailable_above_memory_used: 10}',
    line: nvidia,
    call: { gpus: [gpu(0, 20)] },
    before: allowed,
    after: denied('nvidia.gpu_unavailable_above_memory_used'),
  },
  {
    setting: 'nvidia.exclusive_container_gpu_reservation',
    yaml: 'nvidia: {exclusive_container_gpu_reservation: false}',
    line: nvidia,
    call: { gpus: [gpu(0)], holds: [hold('GPU-0', 1001)] },
    before: denied('nvidia.exclusive_container_gpu_reservation'),
    after: allowed,
  },
  {
    setting: 'nvidia.allow_own_gpu_reuse',
    yaml: 'nvidia: {allow_own_gpu_reuse: false}',
    line: nvidia,
    call: { gpus: [gpu(0)], holds: [hold('GPU-0', 1000)], environment: { NV_GPU: '0' } },
    before: allowed,
    after: denied('nvidia.allow_own_gpu_reuse'),
  },
];

/** The executable, the words and the environment, or what speaks against it. */
function outcome(line: string, call: Call): string {
  const decision = decisionOn(line, call);
  if (decision.kind === 'deny') return told(decision);
  const { executable, env } = decision.plan;
  return [executable, told(decision), ...Object.entries(env).map((entry) => entry.join('='))].join(' ');
}

describe('a change of', () => {
  test.each(rows.map((row) => [row.setting, row.yaml, row.line, row] as const))(
    '%s: %s: %s',
    (_setting, yaml, line, { before, after, call = {}, base = '' }) => {
      const without = outcome(line, { ...call, yaml: base });
      const with_ = outcome(line, { ...call, yaml: base === '' ? yaml : `${base}\n${yaml}` });
      expect(without).toMatch(before);
      expect(without).not.toMatch(after);
      expect(with_).toMatch(after);
      expect(with_).not.toMatch(before);
    },
  );
});

describe.each(grammars.map(({ command }) => command))('args.%s', (command) => {
  const lines: { readonly [command: string]: string } = {
    ...{ dockviz: '', images: '', load: '', ps: '', version: '', stats: 'mine' },
    ...{ pull: 'debian', rmi: 'localhost/alice/x:1', run: 'debian', exec: 'mine id', cp: 'mine:/x .' },
  };
  const rest = lines[command] ?? 'mine';
  const all = 'allowed_subcommands+: [cp, inspect, rmi]';
  // Any option will do: the lists are one mechanism for all commands.
  const set = (list: string) => ({ yaml: `${all}\nargs: {${command}: {${list}+: ['--example=1']}}` });

  test('always: put in, and nothing else for it', () => {
    expect(wordsOf(`${command} ${rest}`, { yaml: all })).not.toContain('--example=1');
    expect(wordsOf(`${command} ${rest}`, set('always'))).toContain('--example=1');
    expect(wordsOf(`--no-default-args ${command} ${rest}`, set('always'))).toContain('--example=1');
    expect(verdictOn(`${command} --example=2 ${rest}`, set('always'))).toBe(`denied: args.${command}.always`);
  });
  test('default: put in, unless the user says otherwise', () => {
    expect(wordsOf(`${command} ${rest}`, set('default'))).toContain('--example=1');
    expect(wordsOf(`--no-default-args ${command} ${rest}`, set('default'))).not.toContain('--example=1');
  });
  test('available: what the user may give', () => {
    expect(() => verdictOn(`${command} --example=1 ${rest}`, { yaml: all })).toThrow('unknown-flag');
    expect(wordsOf(`${command} --example=1 ${rest}`, set('available'))).toContain('--example=1');
    expect(wordsOf(`${command} ${rest}`, set('available'))).not.toContain('--example=1');
    expect(verdictOn(`${command} --example=2 ${rest}`, set('available'))).toBe(
      `denied: args.${command}.available`,
    );
  });
});

/** Facts that the program gathers by itself. */
describe('with the facts of an engine', () => {
  const line = 'run --no-default-mounts debian';
  test('docker_host: where it is', () => {
    expect(connectEngine(policyOf().docker_host).socketPath).toBe('/var/run/docker.sock');
    expect(connectEngine(policyOf('docker_host: unix:///run/x.sock').docker_host).socketPath).toBe(
      '/run/x.sock',
    );
  });
  test('ps_scope: whose containers are shown', async () => {
    expect(told((await decideFor(ps, 'ps', quiet)).decision)).toMatch(/^ps .*--filter=id=[0-9a-f]{64}/);
    expect(told((await decideFor(ps, 'ps', quiet, { yaml: 'ps_scope: all' })).decision)).not.toContain(
      '--filter',
    );
  });
  test('images.allowed and images.pull, of a run', async () => {
    const outcomeOf = async (yaml: string, words = line) =>
      (await decideFor(run, words, quiet, { yaml })).decision;
    expect(told(await outcomeOf(''))).toMatch(/^run /);
    expect(told(await outcomeOf("images: {allowed: ['ubuntu.*']}"))).toBe('denied: images.allowed');
    const missing = 'run --no-default-mounts ubuntu';
    const fetches = async (yaml: string, words: string) =>
      (await decideFor(run, words, quiet, { yaml })).facts.image.fetch;
    expect(await fetches('', missing)).toBe(true);
    expect(await fetches('images: {pull: never}', missing)).toBe(false);
    expect(told(await outcomeOf('images: {pull: never}', missing))).toBe('denied: images');
    expect(await fetches('', line)).toBe(false);
    expect(await fetches('images: {pull: always}', line)).toBe(true);
  });
  test('images.load_tags: whose images are shown', async () => {
    const shown = async (yaml: string) => told((await decideFor(images, 'images', quiet, { yaml })).decision);
    expect(await shown('')).toBe(
      'images --filter=reference=debian:latest --filter=reference=localhost/alice/x:1',
    );
    expect(await shown("images: {load_tags: 'lab.example/${user}/'}")).toContain('localhost/bob/x:1');
  });
  test('container_names.default: which names are taken, and whose', async () => {
    const taken = { ...quiet, '/containers/json': [{ Id: 'c'.repeat(64), Names: ['/alice_1'], Labels: {} }] };
    const { decision, asked } = await decideFor(run, line, taken);
    expect(told(decision)).toContain('--name=alice_2');
    expect(asked.some((path) => path.includes('^/?alice_[0-9]+$'))).toBe(true);
    // There is a user called root on every machine.
    const named = 'run --no-default-mounts --name root_1 debian';
    expect(told((await decideFor(run, named)).decision)).toBe('denied: container_names.default');
    const yaml = "container_names: {default: 'x-${user}-'}";
    expect(told((await decideFor(run, named, quiet, { yaml })).decision)).toMatch(/^run /);
  });
});

/** What no decision shows: the file, and what the name of the test begins with. */
const elsewhere: { readonly [setting: string]: readonly [file: string, name: string] } = {
  log_level: ['test/e2e/settings.test.ts', 'log_level: what one is told'],
  'volume_mounts.probe': ['test/e2e/settings.test.ts', 'volume_mounts.probe: '],
  names_in_container: ['test/e2e/names.test.ts', 'names_in_container: programs find'],
  'images.load_max': ['test/e2e/settings.test.ts', 'load_max: more is not unpacked'],
  'nvidia.smi': ['test/e2e/gpus.test.ts', 'where nvidia-smi is missing: 69'],
  'audit.file': ['test/e2e/audit.test.ts', 'file: where it goes, made where it is missing'],
  'audit.syslog': ['test/e2e/audit.test.ts', 'audit.syslog hands the record to syslog as well'],
  'audit.required': ['test/e2e/audit.test.ts', 'false: it is done nevertheless'],
};
const gathered = ['ps_scope'];

describe('no setting is forgotten', () => {
  /** Maps whose names the admin chooses are one setting each. */
  const open = /^(?:executors|env|env_always|env_by_executor|sysctls|log_driver\.options)$/;
  /** The same settings as they were written, for those who must recognise other users' names. */
  const derived = /_template$/;

  function settingsOf(value: unknown, path: string): readonly string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || open.test(path)) return [path];
    return Object.entries(value).flatMap(([name, each]) =>
      settingsOf(each, path === '' ? name : `${path}.${name}`),
    );
  }
  const settings = settingsOf(policyOf(), '').filter((setting) => !derived.test(setting));
  const isArgument = (setting: string) => /^args\.[a-z]+\.(?:always|default|available)$/.test(setting);

  test('of those of a policy', () => {
    expect(settings.length).toBeGreaterThan(100);
    const shown = new Set([...rows.map(({ setting }) => setting), ...Object.keys(elsewhere), ...gathered]);
    expect(settings.filter((setting) => !shown.has(setting) && !isArgument(setting))).toEqual([]);
    expect([...shown].filter((setting) => !settings.includes(setting))).toEqual([]);
    expect(settings.filter(isArgument)).toHaveLength(grammars.length * 3);
  });
  test.each(Object.entries(elsewhere))('%s is shown elsewhere', (_setting, [file, name]) => {
    expect(existsSync(file), file).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(`test('${name}`);
  });
});

test('what depends on the caller is the caller’s', () => {
  const carol = person('carol', 4242, '77:staff');
  const words = wordsOf('run debian', { caller: carol });
  expect(words).toEqual(
    expect.arrayContaining(['--user=4242:77', '--name=carol_1', '--env=HOME=/home/carol']),
  );
  expect(words).not.toContain(`--user=${alice.uid}:${alice.gid}`);
});
