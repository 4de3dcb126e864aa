import { describe, expect, test } from 'vitest';
import { type GpuWords, parseGpuRequest } from '../../src/policy/gpu-request.ts';

/** What is said, shortened: `names 0 1`, `count 2`, `all`, `none`; empty: the default. */
function shortly(words: GpuWords): string {
  const result = parseGpuRequest(words);
  if (!result.ok) return `error ${result.error}`;
  return result.value
    .map((request) => {
      if (request.kind === 'names') return `names ${request.names.join(' ')}`;
      return request.kind === 'count' ? `count ${request.count}` : request.kind;
    })
    .join(' & ');
}

const uuid = 'GPU-8f1511d6-5326-e718-c682-cd2377bf8d77';

describe('NV_GPU and NVIDIA_VISIBLE_DEVICES', () => {
  test.each([
    ['', ''],
    ['0', 'names 0'],
    ['10', 'names 10'],
    ['0,1,7', 'names 0 1 7'],
    ['0,0', 'names 0 0'],
    ['0:1', 'names 0:1'],
    ['10:0', 'names 10:0'],
    ['99999999999999999999', 'names 99999999999999999999'],
    [uuid, `names ${uuid}`],
    [uuid.toUpperCase(), `names ${uuid.toUpperCase()}`],
    ['GPU-8f15', 'names GPU-8f15'],
    ['GPU-', 'error'],
    ['MIG-8f1511d6', 'names MIG-8f1511d6'],
    [`MIG-${uuid}/3/0`, `names MIG-${uuid}/3/0`],
    [`MIG-${uuid}/3`, 'error'],
    [`0,${uuid}`, `names 0 ${uuid}`],
    ['all', 'all'],
    ['none', 'none'],
    ['void', 'none'],
    ['ALL', 'error stands alone'],
    ['all,0', 'error stands alone'],
    ['none,0', 'error stands alone'],
    ['0,all', 'error stands alone'],
    ['alle', 'error'],
    ['00', 'error leading zero'],
    ['01', 'error leading zero'],
    ['0:01', 'error leading zero'],
    ['00:1', 'error leading zero'],
    ['-1', 'error indices begin with 0'],
    ['+1', 'error'],
    ['0x1', 'error'],
    ['1e0', 'error'],
    ['1.0', 'error'],
    ['0-3', 'error'],
    ['٣', 'error'],
    [' ', 'error space'],
    ['0 1', 'error space'],
    ['0, 1', 'error space'],
    [' 0', 'error space'],
    ['0\t', 'error space'],
    ['0\n', 'error space'],
    ['0\n1', 'error space'],
    ['0\u00a01', 'error space'],
    ['0,', 'error nothing between'],
    [',0', 'error nothing between'],
    ['0,,1', 'error nothing between'],
    [',', 'error nothing between'],
    ['0;id', 'error'],
    ['0;reboot', 'error'],
    ['$(id)', 'error'],
    ['`id`', 'error'],
    ['*', 'error'],
    ['0|1', 'error'],
    ["'0'", 'error'],
    ['"0"', 'error'],
    ['\u001b[31m0', 'error'],
    [uuid.slice(4), 'error'],
    ['GPU-8f15;id', 'error'],
    ['GPU-xyz', 'error'],
    ['0000:0b:00.0', 'error'],
    ['nvidia.com/gpu=0', 'error'],
    ['--privileged', 'error'],
  ])('%j means %s', (text, expected) => {
    for (const name of ['NV_GPU', 'NVIDIA_VISIBLE_DEVICES'] as const) {
      const actual = shortly({ [name]: text });
      if (expected.startsWith('error')) {
        expect(actual).toMatch(/^error NV/);
        expect(actual).toContain(expected.slice('error '.length));
        expect(actual).toContain(name);
      } else expect(actual).toBe(expected);
    }
  });

  test('a list has an end', () => {
    expect(shortly({ NV_GPU: Array(128).fill('0').join(',') })).toMatch(/^names/);
    expect(shortly({ NV_GPU: Array(129).fill('0').join(',') })).toMatch(/^error NV_GPU names more than 128/);
  });

  test('unset is the default, and each source speaks for itself', () => {
    expect(shortly({})).toBe('');
    expect(shortly({ NV_GPU: undefined, NVIDIA_VISIBLE_DEVICES: '', option: undefined })).toBe('');
    expect(shortly({ NV_GPU: '0', NVIDIA_VISIBLE_DEVICES: 'all', option: '2' })).toBe(
      'names 0 & all & count 2',
    );
  });
});

describe('--gpus', () => {
  test.each([
    ['all', 'all'],
    ['1', 'count 1'],
    ['8', 'count 8'],
    ['count=2', 'count 2'],
    ['count=all', 'all'],
    ['driver=nvidia', 'count 1'],
    ['driver=nvidia,count=2', 'count 2'],
    ['device=0', 'names 0'],
    ['"device=0"', 'names 0'],
    ['"device=0,1"', 'names 0 1'],
    ['device=0,1', 'names 0 1'],
    ['"device=0,1",driver=nvidia', 'names 0 1'],
    ['device=GPU-8f15', 'names GPU-8f15'],
    ['"device=GPU-8f15,MIG-77"', 'names GPU-8f15 MIG-77'],
    ['', 'error'],
    ['0', 'error is no number'],
    ['-1', 'error is no number'],
    ['+1', 'error is no number'],
    ['02', 'error is no number'],
    ['1000', 'error is no number'],
    ['1e1', 'error is no number'],
    ['ALL', 'error is no number'],
    ['none', 'error is no number'],
    ['count=', 'error is no number'],
    ['count=0', 'error is no number'],
    ['1,2', 'error given twice'],
    ['count=1,count=1', 'error given twice'],
    ['device=0,device=1', 'error given twice'],
    ['count=1,device=0', 'error not both'],
    ['"device=0",count=1', 'error not both'],
    ['1,device=0', 'error not both'],
    ['device=', 'error nothing between'],
    ['device=all', 'error stands alone'],
    ['device=0 1', 'error space'],
    ['device=00', 'error leading zero'],
    ['device="0,1"', 'error quotation mark'],
    ['"device=0', 'error quotation mark'],
    ['"device=0"1', 'error quotation mark'],
    ['device=0\n', 'error line end'],
    ['1\ncount=2', 'error line end'],
    ['capabilities=utility', 'error NVIDIA_DRIVER_CAPABILITIES'],
    ['all,capabilities=utility', 'error NVIDIA_DRIVER_CAPABILITIES'],
    ['options=a=b', 'error NVIDIA_DRIVER_CAPABILITIES'],
    ['driver=amd', 'error not understood'],
    ['Device=0', 'error not understood'],
    ['DEVICE=0', 'error not understood'],
    ['=0', 'error not understood'],
    ['gpu=0', 'error not understood'],
  ])('%j means %s', (option, expected) => {
    const actual = shortly({ option });
    if (expected.startsWith('error')) {
      expect(actual).toMatch(/^error --gpus: /);
      expect(actual).toContain(expected.slice('error '.length));
    } else expect(actual).toBe(expected);
  });
});
