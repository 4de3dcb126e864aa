/** Whole configurations in the Python program's style: converted without a manual step, clean, and decided alike. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkEverybody } from '../../../src/admin/check.ts';
import { compareSamples, type SampleRow } from '../../../src/admin/import/samples.ts';
import { importConfig } from '../../../src/admin/import-config.ts';
import type { NameService } from '../../../src/caller/name-service.ts';
import { parseGid, parseUid } from '../../../src/domain/ids.ts';
import { must, trustedDirectory } from '../../config/support.ts';
import { convertSite, marks, setting, sites } from './support.ts';

const names = ['shipped', 'shipped-fork', 'small-lab', 'gpu-cluster', 'teaching', 'institute', 'archive'];

const known = new Map<string, Promise<readonly SampleRow[]>>();
function rowsOf(site: string): Promise<readonly SampleRow[]> {
  const rows = known.get(site) ?? convertSite(site).then(compareSamples);
  known.set(site, rows);
  return rows;
}

/** Everybody whom the fixtures have files for exists. */
const gids = new Map([
  ['students', '3001'],
  ['projects', '3002'],
  ['tutors', '3003'],
]);
const account = (name: string, uid: string) => ({
  name,
  uid: must(parseUid(uid)),
  gid: must(parseGid('100')),
  home: `/home/${name}`,
});
const everybody: NameService = {
  userById: (uid) => account(`u${uid}`, String(uid)),
  userByName: (name) => account(name, '1500'),
  groupIdsOf: (_user, primary) => [primary],
  groupNamesOf: (asked) => new Map(asked.map((gid) => [gid, `g${gid}`])),
  groupIdsByName: (asked) => new Map(asked.map((name) => [name, must(parseGid(gids.get(name) ?? '3999'))])),
};

describe.each(names)('%s', (name) => {
  test('is converted as a whole', async () => {
    expect(marks(await convertSite(name))).toEqual([]);
  });
  test('passes the check without a problem or a warning', async () => {
    const directory = join(trustedDirectory(), 'userdocker');
    const { whole, output } = await importConfig({
      path: `${sites}/${name}`,
      output: directory,
      program: undefined,
    });
    expect({ whole, output }).toEqual({
      whole: true,
      output: expect.stringContaining(' 0 looser, 0 not known'),
    });
    const report = checkEverybody(directory, everybody);
    expect({ problems: report.problems, warnings: report.warnings }).toEqual({ problems: [], warnings: [] });
    expect(report.files.length).toBeGreaterThan(0);
  });
  test('decides no sample more loosely, and most alike', async () => {
    const rows = await rowsOf(name);
    const other = rows.filter(({ comparison }) => comparison !== 'same' && comparison !== 'read-only');
    expect(rows.length).toBeGreaterThan(45);
    // The Python program holds `pull` against nothing.
    expect(
      other
        .map(({ line, comparison }) => `${line}: ${comparison}`)
        .filter((row) => row !== 'pull debian: stricter'),
    ).toEqual([]);
  });
});

/**
 * What the original's rules say, worked out by hand: options by its lists, mounts by their text or with `:ro` behind it, images
 * by the beginning of their name with its tag, ports likewise.
 */
describe.each([
  ['shipped', 'config.yaml', 'run -it debian bash', 'allowed', 'allowed'],
  ['shipped', 'config.yaml', 'run --entrypoint sh debian', 'allowed', 'allowed'],
  ['shipped', 'config.yaml', 'run -d debian', 'refused', 'refused'],
  ['shipped', 'config.yaml', 'run -p 8080 debian', 'allowed', 'allowed'],
  ['shipped', 'config.yaml', 'run -p 80:80 debian', 'refused', 'refused'],
  ['shipped', 'config.yaml', 'run --privileged debian', 'refused', 'refused'],
  ['shipped', 'config.yaml', 'exec -it mine sh', 'refused', 'refused'],
  ['shipped-fork', 'config.yaml', 'exec -it mine sh', 'allowed', 'allowed'],
  ['shipped-fork', 'config.yaml', 'run --name mine debian', 'allowed', 'allowed'],
  ['shipped', 'config.yaml', 'run --name mine debian', 'refused', 'refused'],
  ['small-lab', 'config.yaml', 'run debian', 'refused', 'refused'],
  ['small-lab', 'config.yaml', 'run busybox', 'allowed', 'allowed'],
  ['small-lab', 'config.yaml', 'run registry.lab.example/tools/x', 'allowed', 'allowed'],
  ['small-lab', 'config.yaml', 'pull debian', 'refused', 'refused'],
  ['gpu-cluster', 'config.yaml', 'run -v /scratch/alice:/scratch debian', 'allowed', 'allowed'],
  ['gpu-cluster', 'config.yaml', 'run -v /scratch/shared:/scratch/shared debian', 'refused', 'allowed'],
  ['gpu-cluster', 'config.yaml', 'run --init debian', 'refused', 'refused'],
  ['gpu-cluster', 'config.yaml group/config_50_projects.yaml', 'run --init debian', 'allowed', 'allowed'],
  ['gpu-cluster', 'config.yaml', 'load', 'allowed', 'allowed'],
  ['gpu-cluster', 'config.yaml group/config_10_students.yaml', 'load', 'refused', 'refused'],
  ['gpu-cluster', 'config.yaml group/config_10_students.yaml', 'run ubuntu:22.04', 'refused', 'refused'],
  ['teaching', 'config.yaml', 'images', 'refused', 'refused'],
  ['teaching', 'config.yaml group/config_20_tutors.yaml', 'images -a', 'allowed', 'allowed'],
  ['institute', 'config.yaml', 'run -e A=b debian', 'allowed', 'allowed'],
  ['institute', 'config.yaml', 'run -m 1g debian', 'allowed', 'allowed'],
  ['institute', 'config.yaml', 'run --network=host debian', 'refused', 'refused'],
  ['archive', 'config.yaml', 'run 1x', 'missing', 'missing'],
  ['archive', 'config.yaml', 'run localhost/alice/tool', 'allowed', 'allowed'],
  ['archive', 'config.yaml', 'run -v /archive/old:/old debian', 'refused', 'allowed'],
  ['archive', 'config.yaml gid/config_05_900.yaml', 'run -v /archive/old:/old debian', 'allowed', 'allowed'],
  ['archive', 'config.yaml uid/config_1234.yaml', 'load', 'allowed', 'allowed'],
])('%s, %s: %s', (site, files, line, python, userdocker) => {
  test(`${python}, ${userdocker}`, async () => {
    const rows = await rowsOf(site);
    const row = rows.find((one) => one.files === files && one.line === line);
    expect([row?.python.kind ?? 'missing', row?.userdocker?.kind ?? 'missing']).toEqual([python, userdocker]);
  });
});

test('settings of every kind', async () => {
  const cluster = await convertSite('gpu-cluster');
  expect(setting(cluster, 'volume_mounts.default')).toEqual(['${home}:${home}', '/scratch/${user}:/scratch']);
  expect(setting(cluster, 'volume_mounts.available')).toEqual([
    '/scratch/shared:/scratch/shared:ro',
    '/data/${group}:/data',
  ]);
  expect(setting(cluster, 'env_always.OWNER')).toBe('${user}(${uid}:${gid})');
  expect(setting(cluster, 'executors.nvidia-docker')).toBe('/usr/local/bin/nvidia-docker');
  expect(setting(cluster, 'env_by_executor-')).toEqual(['nvidia-docker']);
  expect(setting(cluster, 'env_by_executor.nvidia-docker.NCCL_DEBUG')).toBe('WARN');
  expect(setting(cluster, 'nvidia.gpu_unavailable_above_memory_used')).toBe(100);
  const students = 'group/config_10_students.yaml';
  expect(setting(cluster, 'allowed_subcommands-', students)).toEqual(['load']);
  expect(setting(cluster, 'images.allowed-', students)).toEqual(['^[a-z0-9_-]+(:.*)?$']);
  expect(setting(cluster, 'nvidia.allowed_gpus', students)).toEqual([0]);
  const projects = 'group/config_50_projects.yaml';
  expect(setting(cluster, 'nvidia.allowed_gpus+', projects)).toEqual([4, 5]);
  expect(setting(cluster, 'volume_mounts.available+', projects)).toEqual([
    '/projects:/projects',
    '/scratch/fast:',
  ]);
  expect(setting(cluster, 'args.run.available+', projects)).toEqual(['--init']);
  expect(setting(cluster, 'env_always.WANDB_MODE', 'user/config_carol.yaml')).toBe('offline');
  expect(setting(cluster, 'nvidia.allowed_gpus', 'user/config_carol.yaml')).toBe('ALL');
  const teaching = await convertSite('teaching');
  expect(setting(teaching, 'limits.pids')).toBe(512);
  expect(setting(teaching, 'args.run.always')).toEqual(['--rm', '--memory=2g']);
  expect(setting(teaching, 'executors-')).toEqual(['nvidia-docker']);
  expect(setting(teaching, 'allowed_port_mappings')).toEqual(['127\\.0\\.0\\.1:80\\d\\d:80$']);
  expect(setting(teaching, 'args.images.available', 'group/config_20_tutors.yaml')).toEqual([
    ['-a', '--all'],
  ]);
  const institute = await convertSite('institute');
  expect(setting(institute, 'args.run.default')).toEqual(['--shm-size=8g', '--cpu-shares=512']);
  expect(setting(institute, 'args.run.always')).toEqual(['--rm', '--ipc=private']);
  expect(setting(institute, 'args.run.available')).toEqual(
    expect.arrayContaining([['--network=none', '=bridge'], ['--cpu-shares=256', '=512', '-c'], '--name=']),
  );
  expect(setting(institute, 'cpus_default')).toBe(4);
  const archive = await convertSite('archive');
  expect(setting(archive, 'images.allowed')).toEqual(['.*']);
  expect(setting(archive, 'env_always-', 'uid/config_1234.yaml')).toEqual(['HOME']);
  expect(setting(archive, 'env_always.HOME', 'uid/config_1234.yaml')).toBe('/srv');
});

test('every value says which line it comes from', async () => {
  const { files } = await convertSite('small-lab');
  const lines = files[0].yaml.split('\n').filter((line) => /^ *(?:- |[^#]+: )/.test(line));
  expect(lines.length).toBeGreaterThan(30);
  expect(lines.filter((line) => !/# (?:\S+config\.py:[0-9]+|the Python program's own)$/.test(line))).toEqual(
    [],
  );
  expect(files[0].yaml).toMatch(
    /^ {4}- \/data\/inbox:\/inbox # test\/fixtures\/python\/small-lab\/config\.py:12$/m,
  );
});

test('the template beside it says what an admin has left out', async () => {
  const directory = trustedDirectory();
  mkdirSync(join(directory, 'py'));
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(directory, 'py/default.py'), "CAPS_ADD = ['KILL']\nRUN_PULL = 'always'\n");
  writeFileSync(join(directory, 'py/config.py'), "RUN_PULL = 'never'\n");
  const { output } = await importConfig({
    path: join(directory, 'py'),
    output: undefined,
    program: undefined,
  });
  expect(output).toMatch(/^caps_add:\n {2}- KILL # \S+default\.py:1$/m);
  expect(output).toMatch(/^ {2}pull: never # \S+config\.py:1$/m);
  rmSync(join(directory, 'py/config.py'));
  const alone = await importConfig({ path: join(directory, 'py'), output: undefined, program: undefined });
  expect(alone.output).toMatch(/^ {2}pull: always # \S+default\.py:2$/m);
});
