import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/install/**', 'test/attacks/**', 'test/package/**', 'test/fuzz/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          // As long as it takes: a fuzzer's end is a number of lines.
          testTimeout: 0,
        },
      },
      {
        test: {
          name: 'install',
          include: ['test/install/**/*.test.ts'],
          globalSetup: ['test/install/setup.ts'],
          testTimeout: 60_000,
          // One /etc: files run one after the other.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/package/setup.ts'],
          testTimeout: 150_000,
          hookTimeout: 120_000,
          // One /mnt, one directory of an engine.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/attacks/**/*.test.ts'],
          globalSetup: ['test/e2e/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One engine, one set of users: files run one after the other.
          fileParallelism: false,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
