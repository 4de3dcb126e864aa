import { defineConfig } from 'vitest/config';

/** The tests of the mutated folders, without those that start a program for each case. */
export default defineConfig({
  root: process.cwd(),
  test: {
    include: [
      'test/{policy,args,config,messages}/**/*.test.ts',
      'test/decide.test.ts',
      'test/settings.test.ts',
    ],
    exclude: ['test/args/real-docker.test.ts', 'test/policy/violations-clients.test.ts'],
    // Stryker runs tests in threads, and a thread has no directory of its own. It marks each file as not type-checked,
    // the generated one as well.
    testNamePattern: /^(?!docker |.*(nothing in the caller|the file is what the program carries))/,
    testTimeout: 60_000,
  },
});
