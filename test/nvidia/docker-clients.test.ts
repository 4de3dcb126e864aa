/** What docker's own clients make of the four ways to ask for GPUs. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GpuFact, gpuUnits } from '../../src/domain/gpu.ts';
import { isObject, listAt, objectAt, textAt, textsAt } from '../../src/domain/json.ts';
import type { GpuMode } from '../../src/domain/policy.ts';
import { type GpuArguments, gpuArguments } from '../../src/policy/gpu-arguments.ts';
import { type DockerClient, dockerClients, mayLackClients, runClient } from '../support/docker-clients.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

const uuids = ['GPU-a0000000-5326-e718-c682-cd2377bf8d77', 'GPU-a1000000-5326-e718-c682-cd2377bf8d77'];
const gpus: readonly GpuFact[] = uuids.map((uuid, index) => {
  return { index, uuid, name: 'A100', memoryUsedMiB: 0, memoryTotalMiB: 1, migEnabled: false, instances: [] };
});

let directory: string;
let socket: string;
let recorder: Recorder;
beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-gpu-clients-'));
  socket = path.join(directory, 'docker.sock');
  recorder = await startRecorder({ socket, apiVersion: '1.47' });
});
afterAll(async () => {
  await recorder.close();
  fs.rmSync(directory, { recursive: true });
});

function runWords({ words, environment }: GpuArguments): readonly string[] {
  const env = Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`);
  return ['run', ...env, ...words, 'image'];
}

/** The body of the one create request. */
function created(): unknown {
  const bodies = recorder.requests
    .splice(0)
    .filter((request) => request.path.startsWith('/containers/create'));
  expect(bodies).toHaveLength(1);
  return bodies[0]?.body;
}

/** What the container sees: the engine keeps the last of a name. */
function environmentOf(body: unknown): { readonly [name: string]: string } {
  return Object.fromEntries(
    textsAt(body, 'Env').map((entry) => [
      entry.slice(0, entry.indexOf('=')),
      entry.slice(entry.indexOf('=') + 1),
    ]),
  );
}

function summary(body: unknown): object {
  const host = objectAt(body, 'HostConfig');
  return {
    visible: environmentOf(body)['NVIDIA_VISIBLE_DEVICES'],
    runtime: textAt(host, 'Runtime') ?? '',
    // The newer client writes null where the older writes an empty list.
    requests: listAt(host, 'DeviceRequests').map((request) => ({
      driver: textAt(request, 'Driver') ?? '',
      count: isObject(request) ? request['Count'] : undefined,
      ids: textsAt(request, 'DeviceIDs'),
    })),
    devices: listAt(host, 'Devices'),
  };
}

function runToEnd(
  file: string,
  args: readonly string[],
  variables: { readonly [name: string]: string },
): Promise<void> {
  const env = { PATH: '/usr/bin:/bin', DOCKER_CONFIG: '/nonexistent/docker-config', ...variables };
  const child = spawn(file, args, { env, stdio: 'ignore', timeout: 10_000 });
  return new Promise((resolve) => child.once('close', () => resolve()));
}

test.runIf(!mayLackClients)('there is a client to ask', () => {
  expect(dockerClients).not.toEqual([]);
});

describe.each(dockerClients.map((client): [string, DockerClient] => [client.version, client]))(
  'docker %s',
  (version, client) => {
    const ask = async (mode: GpuMode | undefined, count: number): Promise<object> => {
      await runClient(
        client,
        `unix://${socket}`,
        runWords(gpuArguments(mode, gpuUnits(gpus).slice(0, count))),
      );
      return summary(created());
    };
    const nothing = { runtime: '', requests: [], devices: [] };

    test('no GPUs, in every mode', async () => {
      for (const mode of [undefined, 'runtime', 'flag', 'cdi'] as const) {
        expect(await ask(mode, 0)).toMatchObject({ ...nothing, visible: 'void', requests: [], devices: [] });
      }
    });

    test.each([1, 2])('runtime, %i', async (count) => {
      expect(await ask('runtime', count)).toEqual({
        ...nothing,
        runtime: 'nvidia',
        visible: uuids.slice(0, count).join(','),
      });
    });

    test.each([1, 2])('flag, %i', async (count) => {
      const ids = uuids.slice(0, count);
      expect(await ask('flag', count)).toEqual({
        ...nothing,
        visible: ids.join(','),
        requests: [{ driver: '', count: 0, ids }],
      });
    });

    // CDI came with docker 25.0; before, --device takes paths only, and refuses.
    test.each([1, 2])('cdi, %i', async (count) => {
      const ids = uuids.slice(0, count).map((uuid) => `nvidia.com/gpu=${uuid}`);
      if (Number.parseInt(version, 10) >= 25) {
        const requests = [{ driver: 'cdi', count: 0, ids }];
        expect(await ask('cdi', count)).toEqual({ ...nothing, visible: 'void', requests });
      } else {
        const told = gpuArguments('cdi', gpuUnits(gpus).slice(0, count));
        const { output } = await runClient(client, `unix://${socket}`, runWords(told));
        expect(output).toContain('not an absolute path');
        expect(recorder.requests.splice(0)).toEqual([]);
      }
    });

    test.each([0, 1, 2])('nv_gpu, %i', async (count) => {
      const told = gpuArguments('nv_gpu', gpuUnits(gpus).slice(0, count));
      // As nvidia-docker 2 does it: its own options first, ours behind them.
      const wrapper = path.join(directory, 'nvidia-docker');
      fs.writeFileSync(
        wrapper,
        `#!/bin/sh
      [ "$1" = run ] || exit 1
      shift
      exec ${client.path} -H unix://${socket} run --runtime=nvidia \${NV_GPU:+-e} \${NV_GPU:+NVIDIA_VISIBLE_DEVICES=$NV_GPU} "$@"
      `,
        { mode: 0o755 },
      );
      await runToEnd(wrapper, runWords(told), told.dockerEnvironment);
      const visible = count === 0 ? 'void' : uuids.slice(0, count).join(',');
      expect(summary(created())).toEqual({ ...nothing, runtime: 'nvidia', visible });
    });

    test('blank variables reach the container blank', async () => {
      const told = gpuArguments('runtime', gpuUnits(gpus));
      await runClient(client, `unix://${socket}`, runWords(told));
      expect(environmentOf(created())).toEqual(told.environment);
    });
  },
);
