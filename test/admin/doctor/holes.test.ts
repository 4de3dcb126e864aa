import { describe, expect, test } from 'vitest';
import { holes } from '../../../src/admin/doctor/cves.ts';
import { cvesIn } from '../../../src/admin/doctor/gather/packages.ts';
import { type Build, judgeHoles } from '../../../src/admin/doctor/judge/holes.ts';
import { parseVersion } from '../../../src/admin/doctor/versions.ts';

function judged(build: Partial<Build>) {
  const whole = {
    component: 'runc',
    version: '1.4.3',
    packaged: false,
    mentioned: undefined,
    ...build,
  } as const;
  return judgeHoles(whole).map(({ id, severity, message }) => ({ id, severity, cves: cvesIn(message) }));
}

describe('the table', () => {
  test.each(holes.map((hole) => [hole.cve, hole] as const))(
    '%s can be compared and is explained',
    (cve, hole) => {
      expect(cve).toMatch(/^CVE-20[0-9]{2}-[0-9]{4,}$/);
      for (const text of [...hole.fixed, ...(hole.since === undefined ? [] : [hole.since])])
        expect(parseVersion(text), text).toMatchObject({ rebuilt: false });
      expect(hole.fixed.length).toBeGreaterThan(0);
      expect(hole.why.length).toBeGreaterThan(5);
    },
  );
  test('each once', () => {
    expect(new Set(holes.map(({ cve }) => cve)).size).toBe(holes.length);
  });
});

describe('the authors’ own build', () => {
  const old = ['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'];
  test.each([
    ['runc', '1.4.3', []],
    ['runc', '1.1.11', ['CVE-2024-21626', ...old, 'CVE-2024-45310', 'CVE-2026-41579']],
    ['runc', '1.1.12', [...old, 'CVE-2024-45310', 'CVE-2026-41579']],
    ['runc', '1.2.7', [...old, 'CVE-2026-41579']],
    ['sudo', '1.9.17p1', []],
    ['sudo', '1.9.17', ['CVE-2025-32462', 'CVE-2025-32463']],
    ['sudo', '1.9.13p3', ['CVE-2025-32462']],
    ['sudo', '1.9.12p1', ['CVE-2023-22809', 'CVE-2025-32462']],
    ['sudo', '1.8.31', ['CVE-2021-3156', 'CVE-2023-22809', 'CVE-2025-32462']],
    ['nvidia-container-toolkit', '1.17.8', []],
    ['nvidia-container-toolkit', '1.17.7', ['CVE-2025-23266', 'CVE-2025-23267']],
    [
      'nvidia-container-toolkit',
      '1.16.1',
      ['CVE-2024-0132', 'CVE-2025-23359', 'CVE-2025-23266', 'CVE-2025-23267'],
    ],
    ['dockerd', '29.3.1', []],
    ['dockerd', '27.1.1', []],
    ['dockerd', '20.10.8', ['CVE-2021-41091', 'CVE-2022-36109']],
    ['containerd', '1.7.28', ['CVE-2024-25621']],
    ['containerd', '1.7.29', []],
    ['containerd', '2.1.4', ['CVE-2024-25621']],
  ] as const)('%s %s', (component, version, cves) => {
    expect(judged({ component, version }).flatMap((found) => found.cves)).toEqual(cves);
  });
  test('grave ones are a fault, others a warning', () => {
    expect(judged({ version: '1.1.11' })).toMatchObject([{ id: 'cve-runc', severity: 'fault' }]);
    expect(judged({ version: '1.4.2' })).toMatchObject([{ id: 'cve-runc', severity: 'warning' }]);
  });
  test('holes of authorization plugins matter where there are some', () => {
    const inUse = ['authorization'] as const;
    expect(judged({ component: 'dockerd', version: '27.1.1', inUse })).toEqual([
      { id: 'cve-dockerd', severity: 'warning', cves: ['CVE-2026-34040'] },
    ]);
  });
  test('the version that helps is named', () => {
    const [found] = judgeHoles({
      component: 'runc',
      version: '1.1.11',
      packaged: false,
      mentioned: undefined,
    });
    expect(found?.fix).toContain('runc: 1.3.6 has none');
  });
});

describe('a distribution’s build mends without a new version', () => {
  test('what its list of changes names is mended', () => {
    const mentioned = holes.filter(({ component }) => component === 'runc').map(({ cve }) => cve);
    expect(judged({ version: '1.1.5+ds1', packaged: true, mentioned })).toEqual([]);
  });
  test('what it does not name is a warning', () => {
    expect(judged({ component: 'sudo', version: '1.9.13p3', packaged: true, mentioned: [] })).toEqual([
      { id: 'cve-sudo', severity: 'warning', cves: ['CVE-2025-32462'] },
    ]);
  });
  test('without a list it is only to be looked up', () => {
    expect(judged({ version: '1.1.5+ds1' })).toMatchObject([{ severity: 'note' }]);
    expect(judged({ component: 'sudo', version: '1.9.13p3', packaged: true })).toMatchObject([
      { severity: 'note' },
    ]);
  });
});

test('a version that is none', () => {
  expect(judged({ version: 'unknown' })).toMatchObject([{ id: 'cve-runc-unknown', severity: 'note' }]);
});

test('numbers in a list of changes', () => {
  expect(cvesIn('fix CVE-2024-21626 (Closes: #1); CVE-2024-21626, CVE-2025-52881-x CVE-1')).toEqual([
    'CVE-2024-21626',
    'CVE-2025-52881',
  ]);
});
