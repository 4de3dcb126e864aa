/** The order of things around execve(2), with one that only looks. replace.test.ts has the real one. */
import { afterEach, describe, expect, it, test } from 'vitest';
import { replaceProcess } from '../../src/exec/replace.ts';

const real: unknown = Reflect.get(process, 'execve');
afterEach(() => {
  Reflect.set(process, 'execve', real);
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.removeAllListeners(signal);
});

function become(execve: (...words: readonly unknown[]) => void, title?: string): Promise<unknown> {
  Reflect.set(process, 'execve', execve);
  return replaceProcess({ executable: '/bin/true', args: ['-x', ''], env: { A: 'b' } }, title);
}

function failingWith(code: string) {
  return () => {
    throw Object.assign(new Error('execve'), { code });
  };
}

describe('execve', () => {
  it.each([
    [undefined, '/bin/true'],
    ['sudo', 'sudo'],
  ])('is given the path, the words and the whole environment; title %s', async (title, first) => {
    let given: readonly unknown[] = [];
    const look = (...words: readonly unknown[]) => {
      given = words;
    };
    await expect(become(look, title)).rejects.toMatchObject({ failure: { code: 'unavailable' } });
    expect(given).toEqual(['/bin/true', [first, '-x', ''], { A: 'b' }]);
  });

  it.each(['SIGPIPE', 'SIGXFSZ'] as const)(
    '%s is caught by then, and so goes back to its default',
    async (signal) => {
      let listeners = 0;
      const look = () => {
        listeners = process.listenerCount(signal);
      };
      await expect(become(look)).rejects.toThrow();
      expect(listeners).toBe(1);
    },
  );

  it.each([
    ['ENOENT', '/bin/true is missing', /must install it/],
    ['E2BIG', 'the command line is longer than the system allows (execve: E2BIG)', /shorten it/],
    ['ENOEXEC', "/bin/true can't be started (ENOEXEC)", undefined],
  ])('%s is told in a sentence', async (code, message, hint) => {
    const failure = { code: 'unavailable', message, ...(hint && { hint: expect.stringMatching(hint) }) };
    await expect(become(failingWith(code))).rejects.toMatchObject({ failure });
  });

  it('that comes back is a failure, not an ending', async () => {
    await expect(become(() => undefined)).rejects.toMatchObject({
      failure: { message: "/bin/true can't be started (unknown error)" },
    });
  });
});

describe('before execve is tried', () => {
  it.each([
    ['bin/true', 'not an absolute path: bin/true'],
    ['/usr', '/usr is not a program'],
    ['/nowhere/docker', '/nowhere/docker is missing'],
    ['/etc/passwd', "/etc/passwd can't be started (EACCES)"],
  ])('%s', async (executable, message) => {
    let tried = false;
    Reflect.set(process, 'execve', () => {
      tried = true;
    });
    await expect(replaceProcess({ executable, args: [], env: {} })).rejects.toMatchObject({
      failure: { message },
    });
    expect(tried).toBe(false);
  });
});

test('without execve, a command line that is too long is told in the same sentence', async () => {
  Reflect.set(process, 'execve', undefined);
  const signals = [
    'SIGTERM',
    'SIGHUP',
    'SIGUSR1',
    'SIGUSR2',
    'SIGCONT',
    'SIGWINCH',
    'SIGINT',
    'SIGQUIT',
  ] as const;
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)));
  // MAX_ARG_STRLEN, execve(2): 128 KiB.
  const call = replaceProcess({ executable: '/bin/true', args: ['x'.repeat(131_072)], env: {} });
  await expect(call).rejects.toMatchObject({
    failure: { message: 'the command line is longer than the system allows (execve: E2BIG)' },
  });
  for (const signal of signals)
    for (const listener of process.listeners(signal))
      if (!before.has(listener)) process.off(signal, listener);
});
