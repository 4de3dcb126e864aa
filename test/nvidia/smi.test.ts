import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { gpuUnits } from '../../src/domain/gpu.ts';
import { parseList, parseQuery } from '../../src/nvidia/parse.ts';
import { readGpus } from '../../src/nvidia/smi.ts';

const fixtures = path.resolve(import.meta.dirname, '../fixtures/nvidia-smi');
const script = path.resolve(import.meta.dirname, '../support/nvidia-smi');

let directory: string;
let smi: string;
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-smi-'));
  smi = path.join(directory, 'nvidia-smi');
  fs.copyFileSync(script, smi);
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

function use(fixture: string): void {
  fs.writeFileSync(`${smi}.fixture`, `${path.join(fixtures, fixture)}\n`);
}

/** `3 11/16160`, `0:1 3g.20gb gi/ci 12/20096`; `?` for what nvidia-smi does not say. */
async function summary(fixture: string): Promise<readonly string[]> {
  use(fixture);
  return gpuUnits(await readGpus(smi)).map(({ id, instance, memoryUsedMiB, memoryTotalMiB }) => {
    const mig =
      instance === undefined
        ? ''
        : ` ${instance.profile} ${instance.gpuInstance}/${instance.computeInstance}`;
    return `${id}${mig} ${memoryUsedMiB ?? '?'}/${memoryTotalMiB ?? '?'}`;
  });
}

async function failure(program: string, limit?: number): Promise<string> {
  const error = await readGpus(program, limit).then(
    () => undefined,
    (problem: unknown) => problem,
  );
  if (!(error instanceof UserdockerError)) throw new Error(`no UserdockerError, but ${String(error)}`);
  return error.failure.code === 'unavailable' ? error.failure.message : error.failure.code;
}

describe('driver generations', () => {
  test.each<[string, readonly string[]]>([
    ['r390-k80', ['0 0/11441', '1 11018/11441']],
    ['r418-v100', ['0 11/16160', '1 0/16160', '2 15512/16160', '3 0/16160']],
    ['r450-a100-mig', ['0:0 3g.20gb 1/0 11/20096', '0:1 3g.20gb 2/0 13/20096', '1 0/40537']],
    [
      'r535-a100-mig',
      [
        '0 0/81920',
        '1:0 3g.40gb 2/0 37/40192',
        '1:1 2g.20gb 3/0 9801/19968',
        '1:2 1g.10gb+me 9/0 12/9728',
        '3:0 1c.4g.40gb 1/0 12/40192',
        '3:1 3c.4g.40gb 1/1 12/40192',
        '3:2 3g.40gb 2/0 25/40192',
      ],
    ],
    ['r550-h100-8', ['0', '1', '2', '3', '4', '5', '6', '7'].map((index) => `${index} 1/81559`)],
    ['r570-geforce', ['0 343/24564', '1 1/24564']],
    ['r580-h200-mig', ['0:0 3g.71gb 2/0 44/71424']],
    ['r580-gb10', ['0 ?/?']],
    ['inforom', ['0 1/81559', '1 1/81559']],
    ['row-lost', ['0 1/81559', '3 1/81559']],
    ['no-devices', []],
  ])('%s', async (fixture, expected) => {
    expect(await summary(fixture)).toEqual(expected);
  });

  test('UUIDs and names', async () => {
    use('r450-a100-mig');
    const [divided, whole] = await readGpus(smi);
    expect(divided).toMatchObject({ name: 'A100-SXM4-40GB', migEnabled: true });
    expect(divided?.instances.map(({ uuid }) => uuid)).toEqual([
      `MIG-${divided?.uuid}/1/0`,
      `MIG-${divided?.uuid}/2/0`,
    ]);
    expect(whole).toMatchObject({ migEnabled: false, instances: [] });
    use('r535-a100-mig');
    const [, , empty, third] = await readGpus(smi);
    expect(empty).toMatchObject({ migEnabled: true, instances: [] });
    expect(third?.instances[0]?.uuid).toMatch(/^MIG-[0-9a-f]{8}-/);
  });
});

describe('no facts: an error that says why', () => {
  test.each([
    ['version-mismatch', /nvidia-smi failed: Failed to initialize NVML: Driver\/library version mismatch$/],
    ['no-driver', /failed: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver/],
    ['handle-lost', /failed: Unable to determine the device handle for GPU 0000:0B:00\.0: GPU is lost/],
    ['garbage', /makes no sense: it printed a line that is not understood: <html>/],
  ])('%s', async (fixture, message) => {
    use(fixture);
    expect(await failure(smi)).toMatch(message);
  });

  test('missing, and not a program', async () => {
    expect(await failure('/nonexistent/nvidia-smi')).toBe('there is no /nonexistent/nvidia-smi');
    expect(await failure(fixtures)).toMatch(/can't be run/);
  });

  test('hanging: given up, killed', async () => {
    use('hangs');
    const begin = Date.now();
    expect(await failure(smi, 300)).toMatch(/does not come to an end/);
    expect(Date.now() - begin).toBeLessThan(2000);
  });

  test('endless output', async () => {
    const endless = path.join(directory, 'endless');
    fs.writeFileSync(endless, '#!/bin/sh\nexec yes\n', { mode: 0o755 });
    expect(await failure(endless)).toMatch(/prints without end/);
  });

  test('broken XML', async () => {
    const copy = path.join(directory, 'broken');
    fs.cpSync(path.join(fixtures, 'r450-a100-mig'), copy, { recursive: true });
    fs.writeFileSync(`${smi}.fixture`, `${copy}\n`);
    for (const xml of ['<nvidia_smi_log><gpu>', '', '<a/>']) {
      fs.writeFileSync(path.join(copy, 'details.xml'), xml);
      expect(await failure(smi)).toMatch(/makes no sense/);
    }
  });

  test('an instance that only one of the two listings knows has no known memory, or is not there', async () => {
    const copy = path.join(directory, 'half');
    fs.cpSync(path.join(fixtures, 'r450-a100-mig'), copy, { recursive: true });
    fs.writeFileSync(`${smi}.fixture`, `${copy}\n`);
    const xml = fs.readFileSync(path.join(copy, 'details.xml'), 'utf8');
    fs.writeFileSync(path.join(copy, 'details.xml'), xml.replace('<index>1</index>', '<index>7</index>'));
    expect(gpuUnits(await readGpus(smi)).map(({ id, memoryUsedMiB }) => [id, memoryUsedMiB])).toEqual([
      ['0:0', 11],
      ['0:1', undefined],
      ['1', 0],
    ]);
  });
});

describe('rows', () => {
  const uuid = 'GPU-8f1511d6-5326-e718-c682-cd2377bf8d77';
  test.each([
    [`0, ${uuid}, NVIDIA A100, 1, 2, Disabled`, true],
    [`0, ${uuid}, A, B, and C, 1, 2, Enabled`, true],
    [`0, ${uuid}, NVIDIA A100, [Not Supported], [N/A], [Not Supported]`, true],
    [`\n0, ${uuid}, NVIDIA A100, 1, 2, Disabled\r\n\n`, true],
    [`0, ${uuid}, NVIDIA A100, 1, 2`, false],
    [`0, ${uuid}, 1, 2, Disabled`, false],
    [`-1, ${uuid}, NVIDIA A100, 1, 2, Disabled`, false],
    [`0x0, ${uuid}, NVIDIA A100, 1, 2, Disabled`, false],
    [`, ${uuid}, NVIDIA A100, 1, 2, Disabled`, false],
    ['0, 8f1511d6-5326-e718-c682-cd2377bf8d77, NVIDIA A100, 1, 2, Disabled', false],
    ['0, GPU-../../etc, NVIDIA A100, 1, 2, Disabled', false],
    [`0, ${uuid}, NVIDIA A100, 1 MiB, 2 MiB, Disabled`, false],
    [`0, ${uuid}, NVIDIA A100, , 2, Disabled`, false],
    [`0, ${uuid}, NVIDIA A100, 1, 2, Perhaps`, false],
    [`0, ${uuid}, A, 1, 2, Disabled\n0, GPU-77777777-0, A, 1, 2, Disabled`, false],
    [`0, ${uuid}, A, 1, 2, Disabled\n1, ${uuid.toUpperCase()}, A, 1, 2, Disabled`, false],
    [`index, uuid, name, memory.used [MiB], memory.total [MiB], mig.mode.current`, false],
  ])('%j is understood: %s', (text, understood) => {
    expect(parseQuery(text, true).ok).toBe(understood);
  });

  test('an instance without its GPU is nobody’s', () => {
    const line = '  MIG 3g.20gb     Device  0: (UUID: MIG-8f1511d6-5326-e718-c682-cd2377bf8d77)';
    expect(parseList(line)).toEqual([]);
    expect(parseList(`GPU 0: lost\n${line}`)).toEqual([]);
    expect(parseList(`GPU 0: A (UUID: ${uuid})\n${line}`)).toHaveLength(1);
    expect(parseList(`GPU 0: A (UUID: ${uuid})\nGPU 1: Unknown Error\n${line}`)).toEqual([]);
  });
});
