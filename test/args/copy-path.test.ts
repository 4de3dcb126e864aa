/** The two ends of cp. */
import { describe, expect, test } from 'vitest';
import { parseCopy } from '../../src/args/copy-path.ts';

const read = (source: string, destination: string): string => {
  const copy = parseCopy(source, destination);
  if (!copy.ok) return `refused: ${copy.error}`;
  const { direction, inside, outside } = copy.value;
  const { container, path, parent, name, contents, directory } = inside;
  const flags = `${contents ? ' contents' : ''}${directory ? ' directory' : ''}`;
  const there = outside === undefined ? 'a stream' : `${outside.path}${outside.contents ? ' contents' : ''}`;
  return `${direction} ${container}:${path} (${parent} ${name})${flags} ${there}`;
};

describe('parseCopy', () => {
  test.each([
    ['c:/a/b', 'x', 'out c:/a/b (/a b) x'],
    ['c:a/b', 'x', 'out c:/a/b (/a b) x'],
    ['c:/a/b/', '.', 'out c:/a/b (/a b) directory . contents'],
    ['c:/a/b/.', '.', 'out c:/a/b (/a b) contents directory . contents'],
    ['c:/', 'x', 'out c:/ (/ ) contents directory x'],
    ['c:', 'x', 'out c:/ (/ ) contents directory x'],
    ['c:/a/../../../etc//passwd', 'x', 'out c:/etc/passwd (/etc passwd) x'],
    ['c:../../x', 'x', 'out c:/x (/ x) x'],
    ['c:/-x', 'x', 'out c:/-x (/ -x) x'],
    ['c:/a:b', 'x', 'out c:/a:b (/ a:b) x'],
    ['c:/.a', 'x/.', 'out c:/.a (/ .a) x/. contents'],
    ['c:/a.', 'x.', 'out c:/a. (/ a.) x.'],
    ['c:/a', './.b', 'out c:/a (/ a) ./.b'],
    ['c:/a', '-', 'out c:/a (/ a) a stream'],
    ['x', 'c:/a', 'in c:/a (/ a) x'],
    ['./x:y', 'c:/a/', 'in c:/a (/ a) directory ./x:y'],
    ['/x:y', 'c:/a', 'in c:/a (/ a) /x:y'],
    ['-', 'c:/a', 'in c:/a (/ a) a stream'],
  ])('%s %s', (source, destination, expected) => expect(read(source, destination)).toBe(expected));

  test.each([
    ['a', 'b', 'one of the two must be'],
    ['-', '-', 'one of the two must be'],
    ['c:/a', 'd:/b', 'one container to another'],
    [':/a', 'b', 'the name of a container'],
    ['c:/a', '', 'the name of a file'],
    ['', 'c:/a', 'the name of a file'],
    ['./c:/a', '/c:/a', 'one of the two must be'],
  ])('not %j %j', (source, destination, why) =>
    expect(read(source, destination)).toMatch(new RegExp(`^refused: .*${why}`)),
  );
});
