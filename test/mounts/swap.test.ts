/** What was checked is what is pinned, while the user swaps directories and links as fast as they can. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectPins } from '../../src/mounts/pins.ts';
import { planMounts } from '../../src/mounts/plan.ts';
import { realiseMounts } from '../../src/mounts/realise.ts';
import { pinDirectory } from '../../src/policy/mount-render.ts';
import { parseVolume } from '../../src/policy/mount-syntax.ts';
import { judgeMounts } from '../../src/policy/mounts.ts';
import { caller, mountPolicy, must } from '../support/mounts.ts';
import { makeTree, removeTree } from '../support/tree.ts';

// Children and mounts take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const alice = caller(54_321);
const rounds = 200;

let here = '';
let swapper: ChildProcess | undefined;
beforeEach(() => {
  here = makeTree({
    run: { mode: 0o700 },
    work: { uid: alice.uid },
    'work/way': { uid: alice.uid },
    'work/way/data': { uid: alice.uid },
    'work/way/data/mark': { text: 'checked' },
    // Reachable for everybody, but named by no rule.
    foreign: {},
    'foreign/mark': { text: 'foreign' },
    'foreign/data': {},
    'foreign/data/mark': { text: 'foreign' },
  });
});
afterEach(() => {
  swapper?.kill('SIGKILL');
  collect();
  removeTree(here);
});

function collect(): void {
  collectPins({ pins: `${here}/run/pins`, uid: alice.uid, isInUse: () => false });
}

/** Exchanges a directory for a link to a foreign one and back, with the user's rights, and says that it has begun. */
async function swap(path: string, foreign: string): Promise<void> {
  const script = `
    const fs = require('node:fs');
    const [path, foreign] = process.argv.slice(1);
    process.stdout.write('.');
    for (;;) {
      fs.renameSync(path, path + '.away');
      fs.symlinkSync(foreign, path);
      fs.unlinkSync(path);
      fs.renameSync(path + '.away', path);
    }`;
  const ids = [`--reuid=${alice.uid}`, `--regid=${alice.gid}`, '--clear-groups'];
  swapper = spawn('/usr/bin/setpriv', [...ids, process.execPath, '-e', script, path, foreign]);
  await new Promise((resolve) => swapper?.stdout?.once('data', resolve));
}

/** What the path shows once it has been allowed: what docker would have mounted without the pin. */
let undefended = new Set<string>();

/** One run, as far as docker: what the pin shows, or why there is none. */
async function run(source: string): Promise<string> {
  const policy = { ...mountPolicy({ available: [`${here}/work/**:`], probe: false }), docker_host: '' };
  const plan = await planMounts({
    caller: alice,
    policy,
    requests: [must(parseVolume(`${source}:/data`))],
    noDefaultMounts: true,
    engineVersion: '28',
    workingDirectory: '',
    imageVolumes: [],
    layers: undefined,
    view: { kind: 'same' },
  });
  try {
    const { mounts, reasons } = judgeMounts(policy, plan.selection, plan.facts, false);
    if (reasons[0] !== undefined) return reasons[0].rule;
    undefended.add(readMark(source));
    const directory = pinDirectory(`${here}/run`, alice.uid, 'nonce');
    realiseMounts({ caller: alice, mounts, directory, view: plan.view });
    return readMark(`${directory}/0`);
  } finally {
    plan.close();
  }
}

function readMark(directory: string): string {
  try {
    return readFileSync(`${directory}/mark`, 'utf8');
  } catch {
    return 'nothing';
  }
}

describe('while the user swaps', () => {
  it.each([
    ['the directory itself', 'work/way/data', 'foreign'],
    ['a directory on the way', 'work/way', 'foreign'],
  ])('%s', async (_what, swapped, foreign) => {
    await swap(`${here}/${swapped}`, `${here}/${foreign}`);
    undefended = new Set();
    const seen = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      const outcome = await run(`${here}/work/way/data`);
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      collect();
      if (round % 20 === 0) await sleep(1);
    }
    expect(
      [...seen.keys()].filter((outcome) => outcome !== 'checked' && !outcome.includes('mounts')),
    ).toEqual([]);
    // Else the swapping never hit, or always did, and the test has shown nothing.
    expect(undefended).toContain('foreign');
    expect(seen.get('checked') ?? 0).toBeGreaterThan(5);
    expect(rounds - (seen.get('checked') ?? 0)).toBeGreaterThan(5);
  });
});
