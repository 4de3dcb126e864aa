import { describe, expect, test } from 'vitest';
import { processLimitParts } from '../../src/policy/process-limit.ts';
import { alice, policyOf, root } from '../support/builders.ts';

const words = (yaml = '', machine = 32_768, caller = alice, ulimits: readonly string[] = []) =>
  processLimitParts(policyOf(yaml, caller), caller, machine, ulimits).flatMap((part) => part.words);

describe('all containers of a user together', () => {
  test('have a quarter of the machine’s processes', () => {
    expect(words()).toEqual(['--ulimit=nproc=8192']);
    expect(words('', 4_194_304)).toEqual(['--ulimit=nproc=1048576']);
    expect(words('', 3)).toEqual(['--ulimit=nproc=1']);
  });
  test.each(['nproc=100', 'nproc=100:200'])('an admin’s own %s stays', (ulimit) => {
    expect(words('', 32_768, alice, ['core=0', ulimit])).toEqual([]);
    expect(words('', 32_768, alice, ['core=0'])).not.toEqual([]);
  });
  test.each(['limits: {pids: null}', 'user_in_container: false'])('not with %s', (yaml) => {
    expect(words(yaml)).toEqual([]);
  });
  test('not root’s, whose processes the kernel does not count', () => {
    expect(words('', 32_768, root)).toEqual([]);
  });
});
