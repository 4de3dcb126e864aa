import { describe, expect, test } from 'vitest';
import { type confinementFlags, judgeConfinement } from '../../src/policy/confinement.ts';
import { alice, person, policyOf, root } from '../support/builders.ts';

type Flag = (typeof confinementFlags)[number];

function judge(flag: Flag | undefined, values: readonly string[], yaml = '', caller = alice, safe = true) {
  return judgeConfinement(policyOf(yaml, caller), caller, (asked) => (asked === flag ? values : []), safe);
}
const rules = (flag: Flag, value: string, yaml = '') =>
  judge(flag, [value], yaml).reasons.map(({ rule }) => rule);
const words = (yaml = '', flag?: Flag, ...values: readonly string[]) =>
  judge(flag, values, yaml).parts.flatMap((part) => part.words);

const usual = [
  '--user=1000:100',
  '--group-add=2000',
  '--group-add=3000',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--pids-limit=4096',
];

describe('what is put in', () => {
  const without = (...gone: readonly string[]) =>
    usual.filter((word) => !gone.some((start) => word.startsWith(start)));
  test('by default', () => {
    expect(words()).toEqual(usual);
    expect(judge(undefined, []).parts.every(({ source }) => source === 'enforced')).toBe(true);
  });
  test('no groups where the image would make others of them', () => {
    const { parts, reasons } = judgeConfinement(policyOf(), alice, () => [], false);
    expect(reasons).toEqual([]);
    expect(parts.flatMap((part) => part.words)).toEqual(without('--group-add'));
  });
  test.each([
    [person('big', 2 ** 31, 100), 'user_in_container'],
    [person('big', 1000, 2 ** 31), 'user_in_container'],
    [person('big', 1000, 100, 2 ** 31), 'user_in_container'],
    [person('big', 2 ** 31 - 1, 2 ** 31 - 1), ''],
  ])('ids that the engine does not take (%#)', (caller, rule) => {
    expect(
      judge(undefined, [], '', caller)
        .reasons.map((reason) => reason.rule)
        .join(),
    ).toBe(rule);
    expect(judge(undefined, [], 'user_in_container: false', caller).reasons).toEqual([]);
  });
  test('for root', () => {
    expect(judge(undefined, [], '', root).parts.flatMap((part) => part.words)).toContain('--user=0:0');
  });
  test.each([
    // Without the caller's uid they would be root's helpers.
    ['user_in_container: false', without('--user', '--group-add')],
    ['groups_in_container: false', without('--group-add')],
    ['no_new_privileges: false', without('--security-opt')],
    ['caps_drop: []', without('--cap-drop')],
    ['limits: {pids: null}', without('--pids-limit')],
  ])('%s', (yaml, expected) => expect(words(yaml)).toEqual(expected));
  test('capabilities', () => {
    expect(words('{caps_drop: [CAP_CHOWN, net_raw], caps_add: [SYS_PTRACE]}')).toEqual(
      expect.arrayContaining(['--cap-drop=CHOWN', '--cap-drop=NET_RAW', '--cap-add=SYS_PTRACE']),
    );
  });
});

describe('saying again what is enforced anyway changes nothing', () => {
  test.each<[Flag, string, string?]>([
    ['--user', '1000:100'],
    ['--user', '1000'],
    ['--group-add', '2000'],
    ['--cap-drop', 'ALL'],
    ['--cap-drop', 'all'],
    ['--cap-drop', 'CAP_CHOWN'],
    ['--cap-drop', 'NET_RAW', 'caps_drop: [NET_RAW]'],
    ['--cap-add', 'CAP_SYS_PTRACE', 'caps_add: [SYS_PTRACE]'],
    ['--security-opt', 'no-new-privileges'],
    ['--security-opt', 'no-new-privileges:true'],
    ['--security-opt', 'no-new-privileges=true'],
  ])('%s %s', (flag, value, yaml = '') => {
    expect(rules(flag, value, yaml)).toEqual([]);
    expect(words(yaml, flag, value)).toEqual(words(yaml));
  });
  test('a smaller number of processes', () => {
    expect(words('', '--pids-limit', '100')).toEqual([...usual.slice(0, -1), '--pids-limit=100']);
  });
});

describe('refused', () => {
  const users = [
    '0',
    '0:0',
    'root',
    '1000:0',
    '1000:2000',
    '1001',
    '01000',
    '+1000',
    '1000:0100',
    '',
    '1000:',
    ':100',
    'alice',
    ' 1000',
  ];
  test.each<[Flag, string, string]>([
    ...users.map((user): [Flag, string, string] => ['--user', user, 'user_in_container']),
    ['--group-add', '0', 'groups_in_container'],
    ['--group-add', 'docker', 'groups_in_container'],
    ['--group-add', '02000', 'groups_in_container'],
    ['--group-add', 'lab', 'groups_in_container'],
    ['--cap-add', 'ALL', 'caps_add'],
    ['--cap-add', 'CHOWN', 'caps_add'],
    ['--cap-drop', 'ALL,--privileged', 'caps_drop'],
    ['--cap-drop', '', 'caps_drop'],
    ['--security-opt', 'no-new-privileges:false', 'no_new_privileges'],
    ['--security-opt', 'no-new-privileges=0', 'no_new_privileges'],
    ['--security-opt', 'seccomp=unconfined', 'no_new_privileges'],
    ['--security-opt', 'apparmor=unconfined', 'no_new_privileges'],
    ['--security-opt', 'systempaths=unconfined', 'no_new_privileges'],
    ['--security-opt', 'label=disable', 'no_new_privileges'],
    ['--security-opt', '', 'no_new_privileges'],
    ['--pids-limit', '4097', 'limits.pids'],
    ['--pids-limit', '0', 'limits.pids'],
    ['--pids-limit', '-1', 'limits.pids'],
    ['--pids-limit', '', 'limits.pids'],
    ['--pids-limit', '1e3', 'limits.pids'],
    ['--pids-limit', '0x10', 'limits.pids'],
    ['--pids-limit', '010', 'limits.pids'],
  ])('%s %j', (flag, value, rule) => expect(rules(flag, value)).toEqual([rule]));

  test.each<[Flag, string, string]>([
    ['--user', '1000:100', 'user_in_container: false'],
    ['--group-add', '2000', 'groups_in_container: false'],
    ['--group-add', '2000', 'user_in_container: false'],
    ['--security-opt', 'no-new-privileges', 'no_new_privileges: false'],
    ['--cap-drop', 'NET_RAW', 'caps_drop: [CHOWN]'],
    ['--cap-add', 'SYS_ADMIN', 'caps_add: [SYS_PTRACE]'],
    ['--pids-limit', '-1', 'limits: {pids: null}'],
  ])('%s %s with %s', (flag, value, yaml) => expect(rules(flag, value, yaml)).toHaveLength(1));

  test('each of several', () => {
    expect(judge('--cap-add', ['SYS_ADMIN', 'NET_ADMIN']).reasons).toHaveLength(2);
    expect(judge('--cap-add', ['SYS_ADMIN']).reasons[0]?.instead).toMatch(/^leave it out; .*caps_add/);
  });
});
