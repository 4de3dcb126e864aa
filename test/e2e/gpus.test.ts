import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lastAuditRecord } from './support/audit.ts';
import type { Outcome } from './support/command.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { installNvidiaSmi, removeNvidiaSmi, uuidsOf } from './support/nvidia.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustAs, mustRoot, type User } from './support/users.ts';

const eight = 'r550-h100-8';
const uuid = (...indices: readonly number[]) => indices.map((index) => uuidsOf(eight)[index]).join(',');

/** The variables of a call: `NV_GPU`, or several. */
type Variables = string | { readonly [name: string]: string };
const environment = (variables: Variables) =>
  typeof variables === 'string' ? { NV_GPU: variables } : variables;

/** Through sudo; what sudo lets through of the environment is part of it. */
function nvidia(user: User, words: string, variables: Variables = {}): Promise<Outcome> {
  return as(user, `sudo nvidia-userdocker ${words}`, { env: environment(variables) });
}
async function mustNvidia(user: User, words: string, variables: Variables = {}): Promise<string> {
  return (await mustAs(user, `sudo nvidia-userdocker ${words}`, { env: environment(variables) })).trimEnd();
}
const free = async (user: User = 'alice') =>
  (await mustUserdocker(user, 'ps --gpu-free')).split('\n').join('');
const label = (container: string) => inspect(container, '(index .Config.Labels "userdocker.gpus")');

/** `gives 0 3`, or `STATUS: ` and the messages, of a dry run. */
async function answer(user: User, words: string, variables: Variables = {}): Promise<string> {
  const { status, stdout, stderr } = await nvidia(user, `-n run ${words}`, variables);
  if (status !== 0) return `${status}: ${stderr}`;
  const given = /--label=userdocker\.gpus=(\S*)/.exec(stdout)?.[1] ?? 'nothing';
  const indices = given.split(',').map((each) => uuidsOf(eight).indexOf(each));
  return given === '' ? 'gives none' : `gives ${indices.join(' ')}`;
}

beforeAll(() => installNvidiaSmi(eight));
afterAll(async () => {
  await removeContainers();
  removeNvidiaSmi();
  resetConfig();
});

describe('how docker is told', () => {
  const wrapper = '/usr/local/bin/nvidia-docker';
  afterEach(async () => {
    resetConfig();
    await removeContainers();
  });

  test.each([
    ['runtime', ['--runtime=nvidia'], uuid(0, 3)],
    ['flag', [`'--gpus="device=${uuid(0, 3)}"'`], uuid(0, 3)],
    ['cdi', [0, 3].map((index) => `--device=nvidia.com/gpu=${uuid(index)}`), 'void'],
    ['nv_gpu', [], uuid(0, 3)],
  ])('%s: the exact difference to a run without GPUs', async (gpus, words, visible) => {
    writeConfig({
      executors: { 'nvidia-docker': { path: '/usr/bin/docker', gpus } },
      'env_by_executor-': ['nvidia-docker'],
    });
    const plain = (await mustUserdocker('alice', '-n run --name one box id')).split(' ');
    const line = (await mustNvidia('alice', '-n run --name one box id', '3,0,GPU-97774587')).split(' ');
    expect(plain.filter((word) => !line.includes(word))).toEqual([
      ...(visible === 'void' ? [] : ['--env=NVIDIA_VISIBLE_DEVICES=void', '--env=DOCKER_RESOURCE_GPU=void']),
      '--label=userdocker.gpus=',
      ...(gpus === 'nv_gpu' ? ['--'] : []),
    ]);
    expect(line.filter((word) => !plain.includes(word))).toEqual([
      ...(gpus === 'nv_gpu' ? [`NV_GPU=${uuid(0, 3)}`] : []),
      ...(visible === 'void'
        ? []
        : [`--env=NVIDIA_VISIBLE_DEVICES=${visible}`, `--env=DOCKER_RESOURCE_GPU=${visible}`]),
      ...words,
      `--label=userdocker.gpus=${uuid(0, 3)}`,
    ]);
    const blank = ['NVIDIA_MIG_CONFIG_DEVICES', 'NVIDIA_IMEX_CHANNELS', 'NVIDIA_GDS', 'USERDOCKER_NV_GPU'];
    expect(line).toEqual(expect.arrayContaining(blank.map((name) => `--env=${name}=`)));
  });
  test('runtime: what the engine was asked for, and what is seen inside', async () => {
    const inside = await mustNvidia('alice', "run box sh -c 'env; sleep 0'", '3,GPU-ECF5912F');
    expect(inside).toContain(`\nNVIDIA_VISIBLE_DEVICES=${uuid(3, 6)}\n`);
    await mustNvidia('alice', 'run -d --name with-gpus box sleep 300', { NVIDIA_VISIBLE_DEVICES: '1' });
    expect(await inspect('with-gpus', '.HostConfig.Runtime')).toBe('"nvidia"');
    expect(await label('with-gpus')).toBe(`"${uuid(1)}"`);
    expect(lastAuditRecord()).toMatchObject({ user: 'alice', decision: 'allow' });
  });
  test('without sudo in front, and by --gpus', async () => {
    const line = "nvidia-userdocker run --gpus device=5 box sh -c 'echo $NVIDIA_VISIBLE_DEVICES'";
    expect(await mustAs('alice', line)).toBe(`${uuid(5)}\n`);
    const two = await mustNvidia('alice', "run --gpus 2 box sh -c 'echo $NVIDIA_VISIBLE_DEVICES'");
    expect(two).toBe(uuid(0, 1));
  });
  test('a run without GPUs gets void', async () => {
    const words = "box sh -c 'echo $NVIDIA_VISIBLE_DEVICES$DOCKER_RESOURCE_GPU'";
    expect(await mustUserdocker('alice', `run ${words}`, { env: { NV_GPU: '0' } })).toBe('voidvoid');
    expect(await mustNvidia('alice', `run ${words}`, 'none')).toBe('voidvoid');
    writeConfig({ nvidia: { default_gpu_count_reservation: 0 } });
    expect(await mustNvidia('alice', `run ${words}`)).toBe('voidvoid');
  });
  test('one instance of a divided GPU', async () => {
    installNvidiaSmi('r535-a100-mig');
    const words = "run box sh -c 'echo $NVIDIA_VISIBLE_DEVICES'";
    expect(await mustNvidia('alice', words, '1:2')).toBe('MIG-96445613-4fbd-1687-a47b-b8735ee1f1c0');
    expect((await nvidia('alice', words, '1')).stderr).toContain('GPU 1 is in MIG mode');
    installNvidiaSmi(eight);
  });
  test('nv_gpu: a real nvidia-docker gets the runs, and nothing else', async () => {
    // Version 2 in short. It hands on what stands before "run" without quotes.
    const script = `#!/bin/bash
echo "$*" >>/run/nvidia-docker.log
ARGS=
while [ $# -gt 0 ]; do ARGS="$ARGS $1"; shift; case $ARGS in *' run') break ;; esac; done
case $ARGS in *' run') ARGS="$ARGS --runtime=nvidia \${NV_GPU:+-e NVIDIA_VISIBLE_DEVICES=$NV_GPU}" ;; esac
exec docker $ARGS "$@"
`;
    writeFileSync(wrapper, script, { mode: 0o755 });
    rmSync('/run/nvidia-docker.log', { force: true });
    writeConfig({ executors: { 'nvidia-docker': wrapper } });
    await mustNvidia('alice', 'run -d --name old-way box sleep 300', '4');
    expect(await inspect('old-way', '.HostConfig.Runtime')).toBe('"nvidia"');
    expect(await mustNvidia('alice', "exec old-way sh -c 'echo $NVIDIA_VISIBLE_DEVICES'")).toBe(uuid(4));
    // Through the wrapper this would be root.
    const split = await nvidia('alice', "exec -w '/ --user=0' old-way id -u");
    expect(split.stdout).not.toBe('0\n');
    expect(await mustNvidia('alice', "ps --format '{{.Names}} is {{.State}}'")).toBe('old-way is running');
    expect(await mustRoot('cut -d" " -f1 /run/nvidia-docker.log')).toBe('run\n');
    rmSync(wrapper);
  });
});

describe('who gets what', () => {
  /** bob has GPU 0, alice 1; somebody works on 5 outside of userdocker. */
  beforeAll(async () => {
    await removeContainers();
    installNvidiaSmi(eight, { 4: 33, 5: 500 });
    await mustNvidia('bob', 'run -d --name bobs box sleep 1000', '0');
    await mustNvidia('alice', 'run -d --name hers box sleep 1000', '1');
  });
  afterEach(resetConfig);
  afterAll(async () => {
    await removeContainers();
    installNvidiaSmi(eight);
  });
  const seeFree = '  Instead: see what is free: userdocker ps --gpu-free\n';
  const exclusive = '  Rule: nvidia.exclusive_container_gpu_reservation\n';

  test.each<[string, object, Variables, string, string | RegExp]>([
    ['the default: one, the least used', {}, {}, '', 'gives 2'],
    ['empty is unset', {}, '', '', 'gives 2'],
    ['more by default', { default_gpu_count_reservation: 3 }, {}, '', 'gives 2 3 6'],
    [
      'least used first, busy ones not at all',
      { default_gpu_count_reservation: 5 },
      {},
      '',
      'gives 2 3 4 6 7',
    ],
    [
      'more than are free',
      { default_gpu_count_reservation: 6 },
      {},
      '',
      /^77: .*6 GPUs asked for, 5 are free/,
    ],
    ['named', {}, '7,2', '', 'gives 2 7'],
    ['twice', {}, '2,2', '', 'gives 2'],
    ['in two variables', {}, { NV_GPU: '3', NVIDIA_VISIBLE_DEVICES: uuid(3) }, '', 'gives 3'],
    [
      'differently',
      {},
      { NV_GPU: '3', NVIDIA_VISIBLE_DEVICES: '2' },
      '',
      /^77: .*NV_GPU and NVIDIA_VISIBLE_DEVICES ask for different GPUs/,
    ],
    ['by variable and option', {}, '3', '--gpus device=2', /^77: .*NV_GPU and --gpus ask for different GPUs/],
    ['by number', {}, {}, '--gpus 2', 'gives 2 3'],
    ['all', {}, 'all', '', /^77: .*GPU 0 is held by bob[\s\S]*GPU 5 is busy/],
    ['nonsense', {}, '$(id)', '', /^64: .*NV_GPU: "\$\(id\)" is no index/],
    ['a line end', {}, '2\n3', '', /^64: .*NV_GPU/],
    ['spaces', {}, '2, 3', '', /^64: .*has a space in it; write 0,1/],
    ['one that there is not', {}, '8', '', /^77: .*there is no GPU "8"[\s\S]*there are: 0, 1, 2/],
    [
      "bob's",
      {},
      '0',
      '',
      `77: userdocker: denied: GPU 0 is held by bob (container bobs)\n${exclusive}${seeFree}`,
    ],
    ["bob's, where GPUs are shared", { exclusive_container_gpu_reservation: false }, '0', '', 'gives 0'],
    ["alice's own, by name", {}, '1', '', 'gives 1'],
    [
      "alice's own, where that is not allowed",
      { allow_own_gpu_reuse: false },
      '1',
      '',
      /^77: .*GPU 1 is held by alice \(container hers\)\n {2}Rule: nvidia.allow_own_gpu_reuse/,
    ],
    [
      'busy',
      {},
      '5',
      '',
      /^77: .*GPU 5 is busy: 500 MiB .*\n {2}Rule: nvidia.gpu_unavailable_above_memory_used/,
    ],
    ['busy, but not too busy', { gpu_unavailable_above_memory_used: 500 }, '5', '', 'gives 5'],
    ['allowed', { allowed_gpus: [6, uuid(7)] }, '7', '', 'gives 7'],
    ['the first that is allowed', { allowed_gpus: [6, uuid(7)] }, {}, '', 'gives 6'],
    [
      'not allowed',
      { allowed_gpus: [6, uuid(7)] },
      '2',
      '',
      /^77: .*GPU 2 is not among those .*\n {2}Rule: nvidia.allowed_gpus\n {2}Instead: you may use 6, 7/,
    ],
    ['none are allowed', { allowed_gpus: [] }, {}, '', /^77: .*nvidia.allowed_gpus/s],
    ['as many as may be', { max_gpu_count_reservation: 2 }, '2,3', '', 'gives 2 3'],
    [
      'one more',
      { max_gpu_count_reservation: 2 },
      '2,3,4',
      '',
      /^77: .*3 GPUs asked for, a container may have 2\n {2}Rule: nvidia.max_gpu_count_reservation/,
    ],
  ])('%s', async (_title, settings, variables, words, expected) => {
    writeConfig({ nvidia: settings });
    const given = await answer('alice', `${words} box`, variables);
    if (typeof expected === 'string') expect(given).toBe(expected);
    else expect(given).toMatch(expected);
  });
  test('limits.gpus is for all containers together, and an own GPU counts once', async () => {
    writeConfig({ limits: { gpus: 2 } });
    expect(await answer('alice', 'box', '2')).toBe('gives 2');
    expect(await answer('alice', 'box', '1,2')).toBe('gives 1 2');
    expect(await answer('alice', 'box', '2,3')).toMatch(
      /^77: .*2 GPUs asked for, of at most 2 for all your containers together; you have GPU 1\n {2}Rule: limits.gpus/,
    );
  });
  test('--gpus goes with an executor that has GPUs', async () => {
    const { status, stderr } = await userdocker('alice', '-n run --gpus all box');
    expect(status).toBe(77);
    expect(stderr).toContain('nvidia-userdocker run');
  });
  test('a wrong NV_GPU is on record, too', async () => {
    await nvidia('alice', 'run box', 'GPU 1');
    expect(lastAuditRecord()).toMatchObject({ user: 'alice', decision: 'deny' });
  });

  describe('ps shows it', () => {
    test('off a terminal', async () => {
      expect(await mustUserdocker('alice', 'ps --gpu-free')).toBe('2\n3\n6\n7\n4');
      expect(await mustUserdocker('alice', 'ps --gpu-used-mine')).toBe('1');
      expect(await mustUserdocker('carol', 'ps --gpu-used-mine')).toBe('');
      expect((await mustUserdocker('alice', 'ps --gpu-used')).split('\n').map((line) => line.trim())).toEqual(
        [
          expect.stringMatching(/^GPU +UUID +NAME +MEMORY \(MiB\) +CONTAINER +USER +SINCE$/),
          expect.stringMatching(
            /^0 +GPU-55c4c5fd +NVIDIA H100 80GB HBM3 +1 \/ 81559 +bobs +bob +\d+ (s|min)/,
          ),
          expect.stringMatching(
            /^1 +GPU-a21d6c7c +NVIDIA H100 80GB HBM3 +1 \/ 81559 +hers +alice +\d+ (s|min)/,
          ),
        ],
      );
    });
    test('on a terminal', async () => {
      const terminal = openTerminal('alice', 'sudo userdocker ps --gpu-free', { columns: 120 });
      await terminal.expect(/GPU +UUID +NAME +MEMORY/);
      await terminal.expect(/\n4 +GPU-f4360a97 .* 33 \/ 81559\r\n/);
      expect(await terminal.ended).toBe(0);
    });
    test('as JSON', async () => {
      const used: unknown = JSON.parse(await mustUserdocker('alice', 'ps --gpu-used --format json'));
      expect(used).toMatchObject([
        { index: '0', uuid: uuid(0), memory_used_mib: 1, container: 'bobs', user: 'bob' },
        { index: '1', uuid: uuid(1), container: 'hers', user: 'alice' },
      ]);
      const mine: unknown = JSON.parse(await mustUserdocker('bob', 'ps --gpu-used-mine --format json'));
      expect(mine).toMatchObject([{ index: '0', container: 'bobs' }]);
      const left: unknown = JSON.parse(await mustUserdocker('bob', 'ps --gpu-free --format json'));
      expect(left).toMatchObject(['2', '3', '6', '7', '4'].map((index) => ({ index })));
    });
    test('only what may be had is free', async () => {
      writeConfig({ nvidia: { allowed_gpus: [0, 6] } });
      expect(await mustUserdocker('alice', 'ps --gpu-free')).toBe('6');
    });
    test('one list at a time', async () => {
      expect((await userdocker('alice', 'ps --gpu-free --gpu-used')).status).toBe(64);
      expect((await userdocker('alice', 'ps --gpu-free --format yaml')).status).toBe(64);
    });
  });
});

describe('containers of the Python program', () => {
  afterEach(removeContainers);
  const start = (name: string, ...variables: readonly string[]) =>
    docker(['run', '-d', '--name', name, ...variables.map((text) => `--env=${text}`), 'box', 'sleep', '300']);

  test('hold what their environment says, until they end', async () => {
    await start(
      'python',
      'USERDOCKER=2.1',
      'USERDOCKER_USER=bob',
      'USERDOCKER_UID=7',
      'USERDOCKER_NV_GPU=0,5',
    );
    await start('fork', `USERDOCKER_NV_VISIBLE_DEVICES=${uuid(6)}`);
    expect(await free()).toBe('12347');
    expect(await answer('alice', 'box', '5')).toContain('GPU 5 is held by bob (container python)');
    expect(await answer('alice', 'box', '6')).toContain('GPU 6 is held by somebody (container fork)');
    await docker(['stop', '--time', '0', 'python', 'fork']);
    expect(await free()).toBe('01234567');
  });
  test('are not imitated by a label, by an image, or by a user', async () => {
    await docker(['run', '-d', '--label', 'userdocker.gpus=all', 'forged', 'sleep', '300']);
    expect((await userdocker('alice', 'run -d -e USERDOCKER_NV_GPU=all box sleep 300')).status).toBe(77);
    expect(await free()).toBe('01234567');
  });
});

describe('a container that is started again', () => {
  beforeAll(() => writeConfig({ args: { run: { 'always-': ['--rm'] } } }));
  afterAll(resetConfig);
  afterEach(async () => {
    await removeContainers();
    installNvidiaSmi(eight);
  });

  test('has its GPU only if nobody else has it by now', async () => {
    await mustNvidia('alice', 'run -d --name hers box sleep 300', '0');
    await mustUserdocker('alice', 'stop -t 0 hers');
    expect(await free('bob')).toBe('01234567');
    await mustNvidia('bob', 'run -d --name bobs box sleep 300', '0');
    for (const command of ['start', 'restart']) {
      const { status, stderr } = await userdocker('alice', `${command} hers`);
      expect(status).toBe(77);
      expect(stderr).toContain('GPU 0 is held by bob (container bobs)');
    }
    await mustUserdocker('bob', 'rm -f bobs');
    await mustUserdocker('alice', 'start hers');
    expect(await answer('bob', 'box', '0')).toContain('GPU 0 is held by alice (container hers');
  });
  test('may use all of its own memory, when it is restarted', async () => {
    await mustNvidia('alice', 'run -d --name hers box sleep 300', '0');
    installNvidiaSmi(eight, { 0: 70_000 });
    await mustUserdocker('alice', 'restart -t 0 hers');
    await mustUserdocker('alice', 'stop -t 0 hers');
    expect((await userdocker('alice', 'start hers')).stderr).toContain('GPU 0 is busy');
  });
  test('is held against the rules of today', async () => {
    await mustNvidia('alice', 'run -d --name hers box sleep 300', '0');
    await mustUserdocker('alice', 'stop -t 0 hers');
    writeConfig({ args: { run: { 'always-': ['--rm'] } }, nvidia: { allowed_gpus: [1] } });
    expect((await userdocker('alice', 'start hers')).stderr).toContain('GPU 0 is not among those');
  });
});

describe('nothing stays reserved', () => {
  afterEach(async () => {
    resetConfig();
    await removeContainers();
    installNvidiaSmi(eight);
  });

  test.each([
    ['a run that ends', 'run box true', 0],
    ['a run whose command is not there', 'run box nosuch', 127],
    ['a detached one', 'run -d box nosuch', 127],
    ['a run of no image', 'run --pull=never nosuch true', 77],
    ['a run with a wrong option', 'run --privileged box true', 77],
    ['a dry run', '-n run box true', 0],
  ])('by %s', async (_title, words, status) => {
    expect((await nvidia('alice', words, 'all')).status).toBe(status);
    expect(await free('bob')).toBe('01234567');
  });
  test('by a detached run that has ended', async () => {
    await mustNvidia('alice', 'run -d box sleep 0.5', 'all');
    await expect.poll(() => free('bob'), { timeout: 5000 }).toBe('01234567');
  });
  test('by a container that was made and could not be started', { timeout: 30_000 }, async () => {
    writeConfig({ args: { run: { 'always-': ['--rm'] } } });
    expect((await nvidia('alice', 'run --name made box nosuch', '0')).status).toBe(127);
    expect(await inspect('made', '.State.Status')).toBe('"created"');
    // The engine might be starting it: its client is dead, and did not say.
    await nvidia('bob', 'run box true', '0');
    await expect
      .poll(() => nvidia('bob', 'run box true', '0').then(({ status }) => status), {
        timeout: 15_000,
        interval: 1000,
      })
      .toBe(0);
  });

  const reserved = () =>
    readdirSync('/run/userdocker', { recursive: true }).filter((path) =>
      /gpus\/|reservations\//.test(String(path)),
    );
  test('where nvidia-smi is missing: 69', async () => {
    await mustNvidia('alice', 'run -d --name hers box sleep 300', '0');
    removeNvidiaSmi();
    const before = reserved();
    for (const words of ['run box true', 'ps --gpu-free', 'ps --gpu-used', 'restart hers']) {
      const { status, stdout, stderr } = await nvidia('alice', words);
      expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
      expect(stderr).toMatch(
        /^userdocker: there is no \/usr\/bin\/nvidia-smi\n {2}Hint: has this machine NVIDIA GPUs/,
      );
    }
    expect(reserved()).toEqual(before);
    expect(await mustUserdocker('alice', 'run box echo runs')).toBe('runs');
  });
  test.each([
    ['version-mismatch', /Driver\/library version mismatch/],
    ['garbage', /makes no sense/],
    ['handle-lost', /Unable to determine the device handle/],
  ])('where it says %s: 69', async (fixture, told) => {
    installNvidiaSmi(fixture);
    const { status, stdout, stderr } = await nvidia('alice', 'run box true');
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toMatch(told);
  });
  test('where there are no GPUs: a sentence', async () => {
    installNvidiaSmi('no-devices');
    expect(await answer('alice', 'box')).toMatch(/^77: userdocker: denied: this machine has no GPUs\n/);
    expect(await mustUserdocker('alice', 'ps --gpu-used')).toBe('nvidia-smi finds no GPUs on this machine.');
    expect(await mustUserdocker('alice', 'ps --gpu-free --format json')).toBe('[]');
  });
});
