import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grammarOf } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import { readDocument } from '../../src/config/document.ts';
import { loadPolicy } from '../../src/config/load.ts';
import { generateDefaults } from '../../src/config/packed.ts';
import { knownSubcommands, type Subcommand } from '../../src/config/subcommands.ts';
import { validateLayer } from '../../src/config/validate.ts';
import { checkArgumentRules } from '../../src/policy/argument-rules.ts';
import { judgeArguments } from '../../src/policy/arguments.ts';
import { fullMatchAny } from '../../src/policy/full-match.ts';
import { alice, configDirectory, load } from './support.ts';

const text = readFileSync(new URL('../../etc-userdocker/default.yaml', import.meta.url), 'utf8');
const document = readDocument({ layer: 'default', file: 'default.yaml', text });
const { policy } = load('');
const g = 1024 ** 3;

function withoutOrigins(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'origin' ? undefined : part)));
}

describe('the file', () => {
  test('is what the program carries: run scripts/embed-defaults.ts after a change', () => {
    const carried = readFileSync(new URL('../../src/config/defaults.generated.ts', import.meta.url), 'utf8');
    expect(carried).toBe(generateDefaults(document.tree));
  });

  test('has no mistakes', () => {
    expect([...document.mistakes, ...validateLayer(document.tree)]).toEqual([]);
  });

  test('gives the same policy when it is read as YAML', () => {
    const directory = configDirectory();
    const read = loadPolicy({ directory, caller: alice, defaultsText: text });
    const carried = loadPolicy({ directory, caller: alice });
    expect(read.policy).toEqual(carried.policy);
    expect([...read.origins]).toEqual([...carried.origins]);
  });

  test('can be the config.yaml of an admin who copies it', () => {
    expect(withoutOrigins(load(text).policy)).toEqual(withoutOrigins(policy));
  });

  test('explains every setting: a comment stands above it, or above the map it is in', () => {
    const lines = text.split('\n');
    const uncommented = [...document.tree.entries]
      .filter(([, { keyPlace }]) => !/^# /.test(lines[keyPlace.line - 2] ?? ''))
      .map(([name]) => name);
    // These stand right below the one that explains them.
    expect(uncommented).toEqual(['caps_add', 'env_always']);
  });

  test('has examples that can be used as they stand', () => {
    const examples = [...text.matchAll(/^ *# Example, .*:\n((?: *# {5}.*\n)+)/gm)].map((match) =>
      (match[1] ?? '').replaceAll(/^ *# {5}/gm, ''),
    );
    expect(examples).toHaveLength(text.match(/Example/g)?.length ?? 0);
    expect(examples.length).toBeGreaterThan(8);
    for (const example of examples) {
      expect(example, example).not.toBe('');
      expect(load(example).policy).not.toEqual(policy);
    }
  });
});

test('the values are those of the specification', () => {
  expect(policy).toMatchObject({
    log_level: 'info',
    executors: {
      docker: { path: '/usr/bin/docker', gpus: undefined },
      'nvidia-docker': { path: '/usr/bin/docker', gpus: 'runtime' },
    },
    executor_default: 'docker',
    docker_host: 'unix:///var/run/docker.sock',
    docker_config: '/etc/userdocker/docker',
    allowed_subcommands:
      'attach dockviz exec images kill load logs port ps pull restart rm run start stats stop top version wait'.split(
        ' ',
      ),
    volume_mounts: {
      always: [],
      available: [],
      default: [{ host: '/home/alice', target: '/home/alice', readOnly: false, create: false }],
      probe: true,
    },
    images: { allowed: ['^[A-Za-z_].*'], pull: 'default', load_tags: 'localhost/alice/', load_max: 50 * g },
    user_in_container: true,
    groups_in_container: true,
    names_in_container: false,
    no_new_privileges: true,
    caps_drop: ['ALL'],
    caps_add: [],
    allowed_port_mappings: ['^127\\.0\\.0\\.1::[0-9]+$', '^[0-9]+$'],
    env: { HOME: '/home/alice' },
    env_always: {},
    log_driver: { name: 'local', options: { 'max-size': '10m', 'max-file': '3' } },
    sysctls: { 'net.ipv4.ip_unprivileged_port_start': '1024' },
    env_by_executor: { 'nvidia-docker': { NCCL_TOPOLOGY: 'CUBEMESH' } },
    container_names: {
      default: 'alice_',
      default_template: '${user}_',
      allowed: '^[a-zA-Z0-9][a-zA-Z0-9_.-]+$',
    },
    cpus_default: 0,
    limits: { containers: 32, gpus: undefined, memory: undefined, cpus: undefined, pids: 4096, ports: 16 },
    ps_scope: 'own',
    nvidia: {
      smi: '/usr/bin/nvidia-smi',
      allowed_gpus: 'ALL',
      default_gpu_count_reservation: 1,
      max_gpu_count_reservation: -1,
      gpu_unavailable_above_memory_used: 64,
      exclusive_container_gpu_reservation: true,
      allow_own_gpu_reuse: true,
    },
    audit: { file: '/var/log/userdocker/audit.jsonl', syslog: false, required: true },
  });
});

test.each(knownSubcommands)("the arguments of %s fit docker's grammar", (command) => {
  const rules = policy.args[command];
  expect(rules === undefined ? 'missing' : checkArgumentRules(grammarOf(command), rules)).toEqual([]);
});

test('--rm and nothing else is enforced', () => {
  const enforced = Object.entries(policy.args).flatMap(([command, { always, default: defaults }]) =>
    [...always, ...defaults].map(({ flags }) => `${command} ${flags[0]}`),
  );
  expect(enforced).toEqual(['run --rm']);
});

/** What the lists of arguments say to these options; the settings of their own (mounts, ports, ...) are not asked. */
function isOffered(command: Subcommand, ...words: string[]): boolean {
  const grammar = grammarOf(command);
  const operands =
    grammar.operands.min > 0 ? ['x', 'x'].slice(0, grammar.operands.min + grammar.payloadMin) : [];
  const parsed = parseCommand(grammar, [...words, ...operands]);
  if (!parsed.ok) return false;
  const rules = policy.args[command] ?? { always: [], default: [], available: [] };
  const { reasons } = judgeArguments({ grammar, rules, options: parsed.value.options, noDefaults: false });
  return reasons.length === 0;
}

describe('what users may give', () => {
  test.each<[command: Subcommand, words: string]>([
    ['run', '-it'],
    ['run', '-itd'],
    ['run', '--rm'],
    ['run', '--rm=true'],
    ['run', '-e A=b -e C='],
    ['run', '-w /x'],
    ['run', '-l project=x'],
    ['run', '--label done'],
    ['run', '--hostname box-1.lab'],
    ['run', '--name alice_x'],
    ['run', '--entrypoint sh'],
    ['run', '--read-only --init'],
    ['run', '--shm-size 8g'],
    ['run', '-m 64g'],
    ['run', '--memory=500m'],
    ['run', '--cpus 1.5'],
    ['run', '-c 512'],
    ['run', '--cpuset-cpus 0-3,8'],
    ['run', '--network none'],
    ['run', '--net=bridge'],
    ['run', '--tmpfs /tmp'],
    ['run', '--tmpfs /tmp:size=1g,mode=1777,exec'],
    ['run', '--ulimit memlock=-1'],
    ['run', '--ulimit stack=67108864:67108864'],
    ['run', '--ulimit nofile=65536:65536'],
    ['run', '--ulimit core=0'],
    ['run', '-P'],
    ['run', '--pull=never'],
    ['run', '--pull always'],
    ['run', '--platform linux/arm64/v8'],
    ['run', '--stop-signal SIGINT'],
    ['run', '--stop-signal 2'],
    ['run', '--stop-timeout 30'],
    ['run', '--detach-keys ctrl-x'],
    ['run', '--sig-proxy=false'],
    ['run', '-a stdout -a stderr'],
    ['run', '-q'],
    ['run', '--no-healthcheck'],
    ['exec', '-it'],
    ['exec', '-d -e A=b -w /x'],
    ['exec', '--env-file x'],
    ['exec', '--detach-keys=ctrl-x'],
    ['ps', '-aq'],
    ['ps', '-l'],
    ['ps', '-s --no-trunc'],
    ['ps', '-n 5'],
    ['ps', '--format {{.ID}}'],
    ['ps', '-f status=running'],
    ['ps', '--filter name=x'],
    ['logs', '-f'],
    ['logs', '-t --tail 100 --since 5m --until 1m --details'],
    ['logs', '-n5'],
    ['stop', '-t 5'],
    ['stop', '--time=5 -s TERM'],
    ['stop', '-t 0'],
    ['restart', '--timeout 600'],
    ['kill', '-s HUP'],
    ['kill', '--signal=SIGRTMIN+1'],
    ['kill', '-s 9'],
    ['rm', '-fv'],
    ['images', '-aq --digests --no-trunc'],
    ['images', '--format json'],
    ['pull', '-q --platform linux/amd64'],
    ['stats', '--no-stream --no-trunc'],
    ['stats', '--format x'],
    ['inspect', '-f x -s --type container'],
    ['attach', '--no-stdin --sig-proxy=false'],
    ['start', '-ai'],
    ['version', '-f x'],
    ['load', '-q'],
    ['rmi', '--no-prune'],
    ['wait', ''],
    ['port', ''],
    ['top', ''],
    ['dockviz', ''],
  ])('%s %s', (command, words) => {
    expect(isOffered(command, ...words.split(' ').filter((word) => word !== ''))).toBe(true);
  });

  test.each<[command: Subcommand, words: string]>([
    // Root on the host, at once.
    ['run', '--privileged'],
    ['run', '--privileged=true'],
    ['run', '--device /dev/sda'],
    ['run', '--device-cgroup-rule x'],
    ['run', '--pid host'],
    ['run', '--pid=container:x'],
    ['run', '--network host'],
    ['run', '--net=host'],
    ['run', '--network container:x'],
    ['run', '--network none --network bridge'],
    ['run', '--network name=bridge'],
    ['run', '--network='],
    ['run', '--ipc host'],
    ['run', '--ipc container:x'],
    ['run', '--uts host'],
    ['run', '--userns host'],
    ['run', '--cgroupns host'],
    ['run', '--cgroup-parent /'],
    ['run', '--volumes-from x'],
    ['run', '--volume-driver x'],
    ['run', '--runtime runc'],
    ['run', '--annotation a=b'],
    ['run', '--use-api-socket'],
    ['run', '--oom-score-adj -1000'],
    ['run', '--oom-kill-disable'],
    ['run', '--memory-swappiness 100'],
    ['run', '--memory-swap -1'],
    ['run', '--kernel-memory 1g'],
    ['run', '--isolation x'],
    ['run', '--storage-opt size=1t'],
    ['run', '--blkio-weight 1000'],
    ['run', '--device-read-bps /dev/sda:1'],
    // Files as root.
    ['run', '--cidfile /etc/x'],
    ['load', '-i /etc/shadow'],
    ['load', '--input=x'],
    // Other containers, hosts and users.
    ['run', '--link x'],
    ['run', '--ip 172.17.0.2'],
    ['run', '--mac-address 02:42:ac:11:00:02'],
    ['run', '--add-host x:1.2.3.4'],
    ['run', '--dns 1.1.1.1'],
    ['run', '--network-alias x'],
    ['run', '--restart always'],
    ['run', '--health-cmd x'],
    ['run', '--expose 80'],
    ['run', '--disable-content-trust=false'],
    ['run', '-l userdocker.uid=0'],
    ['run', '-l com.docker.compose.project=x'],
    ['run', '-l traefik.enable=true'],
    ['run', '-l =x'],
    ['run', '--label ofelia.job-local.x.command=id'],
    // Values beyond what is offered.
    ['run', '--rm=false'],
    ['run', '--pull missing --pull always'],
    ['run', '--pull x'],
    ['run', '-m 0'],
    ['run', '-m -1'],
    ['run', '-m 17t'],
    ['run', '--memory=1e3'],
    ['run', '--shm-size 257g'],
    ['run', '--shm-size 0'],
    ['run', '--cpus 0'],
    ['run', '--cpus 1025'],
    ['run', '--cpus -1'],
    ['run', '--cpus 1/2'],
    ['run', '-c 1025'],
    ['run', '-c 0'],
    ['run', '--cpuset-cpus x'],
    ['run', '--cpuset-mems 0'],
    ['run', '--stop-timeout 61'],
    ['run', '--stop-timeout -1'],
    ['run', '--stop-signal a;b'],
    ['run', '--ulimit nproc=-1'],
    ['run', '--ulimit core=-1'],
    ['run', '--ulimit core=1'],
    ['run', '--ulimit nice=-20'],
    ['run', '--ulimit rtprio=99'],
    ['run', '--ulimit nofile=-1'],
    ['run', '--ulimit memlock=-1,nproc=5'],
    ['run', '--platform windows/amd64'],
    ['run', '--platform linux/../x'],
    ['run', '--hostname -x'],
    ['run', '--hostname a_b'],
    ['run', '--hostname x.'],
    ['run', '--hostname '.concat('a'.repeat(64))],
    ['run', '-a tty'],
    ['exec', '--privileged'],
    ['ps', '-f since=x'],
    ['ps', '-f before=x'],
    ['ps', '-f volume=x'],
    ['ps', '-f network=x'],
    ['ps', '-f ID=x'],
    ['ps', '-f status'],
    ['ps', '-n -1'],
    ['ps', '-n x'],
    ['images', '-f reference=x'],
    ['images', '--tree'],
    ['pull', '-a'],
    ['pull', '--disable-content-trust'],
    ['stats', '-a'],
    ['rm', '-l'],
    ['rmi', '-f'],
    ['rmi', '--platform x'],
    ['inspect', '--type volume'],
    ['start', '--checkpoint x'],
    ['start', '--checkpoint-dir /x'],
    ['stop', '-t 601'],
    ['stop', '-t -1'],
    ['kill', '-s ;'],
    ['load', '--platform x'],
    ['version', '--kubeconfig /x'],
  ])('not: %s %s', (command, words) => {
    expect(isOffered(command, ...words.split(' '))).toBe(false);
  });
});

describe('ports', () => {
  test.each(['8080', '127.0.0.1::8080'])('%s', (mapping) => {
    expect(fullMatchAny(policy.allowed_port_mappings, mapping)).toBe(true);
  });
  test.each([
    '80:8080',
    '0.0.0.0:80:80',
    '127.0.0.1:80:80',
    '127.0.0.1::80/udp',
    '127x0.0.1::80',
    '8080/tcp',
    '80-90',
    '',
    '8080\n',
    '[::1]::80',
    ' 80',
  ])('not: %j', (mapping) => {
    expect(fullMatchAny(policy.allowed_port_mappings, mapping)).toBe(false);
  });
});
