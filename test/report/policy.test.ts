import { describe, expect, test } from 'vitest';
import { ownWords } from '../../src/commands/own-words.ts';
import { findCommand } from '../../src/commands/registry.ts';
import { commandHelp, generalHelp } from '../../src/report/help.ts';
import { policyJson, policyText } from '../../src/report/policy.ts';
import { alice, policyOf } from '../support/builders.ts';

const textOf = (yaml: string) => policyText(policyOf(yaml), alice);
const jsonOf = (yaml: string): unknown => JSON.parse(policyJson(policyOf(yaml), alice));

describe('in words', () => {
  test.each([
    ['', /^What alice \(1000:100\) may do on this machine\.$/m],
    ['allowed_subcommands: [ps]', /^ {2}ps {2}list containers/m],
    ['', /^ {2}-t, --tty$/m],
    ['args: {run: {default+: [--init]}}', /unless you say otherwise.*\n {2}--init$/m],
    ['', /^Always given to run:\n {2}--rm$/m],
    ["volume_mounts: {available: ['/data/**:']}", /^ {2}\/data\/\*\* +available$/m],
    ["images: {allowed: ['debian:.*']}", /^ {2}debian:\.\*$/m],
    ['images: {pull: never}', /nothing is pulled/],
    ["allowed_port_mappings: ['80']", /^Ports .*\n {2}80$/m],
    ['', /^ {2}alice_1, alice_2, \.\.\. +where you give none$/m],
    ["container_names: {allowed: 'x.*'}", /^ {2}x\.\* +must match the whole name$/m],
    ['limits: {memory: 64g}', /^ {2}memory +64g/m],
    ['nvidia: {allowed_gpus: [2, 3]}', /^ {2}which +2, 3$/m],
    ['nvidia: {allowed_gpus: []}', /^ {2}which +none$/m],
    ['nvidia: {max_gpu_count_reservation: 3}', /^ {2}at most in a run +3$/m],
    ['', /^ {2}at most in a run +no maximum$/m],
    ['executors: {docker: /usr/bin/docker, nvidia-docker: {gpus: null}}', /no executor has GPUs/],
    ["env_always: {PROXY: 'x'}", /can not change:\n {2}PROXY=x$/m],
    ['', /^ {2}--user=1000:100 +user_in_container$/m],
    ['', /^ {2}--security-opt=no-new-privileges +no_new_privileges$/m],
    ['ps_scope: all', /^ {2}ps shows {2}everybody's$/m],
  ])('%s', (yaml, expected) => {
    expect(textOf(yaml)).toMatch(expected);
  });
  test('what is not so is not said', () => {
    expect(textOf('user_in_container: false\nno_new_privileges: false')).not.toMatch(/--user=|no-new-priv/);
    expect(textOf('allowed_subcommands: [ps]')).not.toMatch(/--tty|^Mounts|^GPUs/m);
  });
  test('nothing in it moves a cursor', () => {
    expect(textOf("env: {A: 'x\u202ey'}")).not.toContain('\u202e');
  });
});

describe('as JSON', () => {
  test('by the names of the settings, without where they are written', () => {
    const document = jsonOf('limits: {gpus: 2}');
    expect(document).toMatchObject({
      user: 'alice',
      uid: 1000,
      limits: { gpus: 2, memory: null },
      args: { run: { always: [{ flags: ['--rm'], values: { kind: 'none' } }] } },
      volume_mounts: { default: [{ host: '/home/alice', target: '/home/alice' }] },
      gpu_executors: ['nvidia-docker'],
    });
    expect(JSON.stringify(document)).not.toMatch(/"line"|"layer"/);
  });
  test('an admin’s variable may be called origin', () => {
    expect(jsonOf('env: {origin: x}')).toMatchObject({ env: { origin: 'x' } });
  });
  test('paths of the machine are left out', () => {
    expect(JSON.stringify(jsonOf(''))).not.toMatch(/docker\.sock|audit|nvidia-smi|usr\/bin/);
  });
});

describe('help', () => {
  test.each([...ownWords])(
    '%s is among userdocker’s words, whatever the policy allows',
    (word, { usage }) => {
      const text = generalHelp(policyOf('allowed_subcommands: [ps]'));
      expect(text).toMatch(new RegExp(`About you and this machine:\\n(?: .*\\n)* {2}${word} `));
      expect(commandHelp(word, policyOf(), alice)).toContain(`Usage: userdocker ${usage}\n`);
    },
  );
  test('none is a command of docker’s too', () => {
    expect([...ownWords.keys()].filter((word) => findCommand(word) !== undefined)).toEqual([]);
  });
});
