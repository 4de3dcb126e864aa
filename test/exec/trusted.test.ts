import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { assertRootsAlone } from '../../src/exec/trusted.ts';

/** A directory whose whole chain is root's, which /tmp is not. */
const place = mkdtempSync('/root/trusted-');
const open = `${place}/open`;

beforeAll(() => {
  mkdirSync(open);
  writeFileSync(`${place}/program`, '', { mode: 0o755 });
  writeFileSync(`${open}/program`, '', { mode: 0o755 });
  writeFileSync(`${place}/group`, '');
  symlinkSync('program', `${place}/link`);
  symlinkSync('open/program', `${place}/into-open`);
  symlinkSync('../program', `${open}/out-of-open`);
  symlinkSync(`${open}/out-of-open`, `${place}/over-open`);
  symlinkSync('round', `${place}/round`);
  chmodSync(open, 0o777);
  chmodSync(`${place}/group`, 0o775);
});
afterAll(() => rmSync(place, { recursive: true }));

describe('assertRootsAlone', () => {
  test.each([
    '/',
    '/usr/bin/env',
    `${place}/program`,
    `${place}/link`,
    `${place}/missing`,
    `${place}/missing/below`,
  ])('passes %s', (path) => expect(() => assertRootsAlone(path)).not.toThrow());
  test.each([
    `${place}/group`,
    `${place}/into-open`,
    `${place}/over-open`,
    `${place}/round`,
    `${place}/program/below`,
    `${open}/program`,
    `${open}/out-of-open`,
    `${open}/missing`,
    `${open}/missing/below`,
    '/tmp/missing',
  ])('refuses %s', (path) => expect(() => assertRootsAlone(path)).toThrow(UserdockerError));
});
