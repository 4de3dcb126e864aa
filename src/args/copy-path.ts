/** The two ends of `cp`, read as docker's client reads them (cli/command/container/cp.go, splitCpArg). Pure. */
import { posix } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';

/** A path in a container; `parent` and `name` are what tar is told. */
export interface InContainer {
  readonly container: string;
  /** Absolute, without `.`, `..` and doubled slashes. */
  readonly path: string;
  readonly parent: string;
  /** The last component; empty for `/`. */
  readonly name: string;
  /** `DIR/.`, and `/`: what is in the directory, and not the directory. */
  readonly contents: boolean;
  /** It ends in a slash: it has to be a directory. */
  readonly directory: boolean;
}

export interface Outside {
  /** As the user wrote it. */
  readonly path: string;
  readonly contents: boolean;
}

export interface Copy {
  readonly direction: 'out' | 'in';
  readonly inside: InContainer;
  /** `undefined`: `-`, a tar archive on standard input or output. */
  readonly outside: Outside | undefined;
}

export function parseCopy(source: string, destination: string): Result<Copy> {
  const [from, to] = [inContainer(source), inContainer(destination)];
  if (from !== undefined && to !== undefined) return err('cp does not copy from one container to another');
  const inside = from ?? to;
  if (inside === undefined)
    return err('one of the two must be CONTAINER:PATH (./a:b for a file with a colon in its name)');
  const outside = outsideOf(from === undefined ? source : destination);
  if (outside?.path === '') return err('cp needs the name of a file');
  if (inside.container === '') return err('cp needs the name of a container in front of the ":"');
  return ok({ direction: from === undefined ? 'in' : 'out', inside, outside });
}

/** Absolute paths, and what begins with a dot, are never a container's. */
function inContainer(word: string): InContainer | undefined {
  const colon = word.indexOf(':');
  if (word.startsWith('/') || word.startsWith('.') || colon < 0) return undefined;
  const written = `/${word.slice(colon + 1)}`;
  const path = posix.normalize(written).replace(/(?<=.)\/$/, '');
  return {
    container: word.slice(0, colon),
    path,
    parent: posix.dirname(path),
    name: posix.basename(path),
    contents: path === '/' || /\/\.$/.test(written),
    directory: /\/\.?$/.test(written),
  };
}

function outsideOf(word: string): Outside | undefined {
  if (word === '-') return undefined;
  return { path: word, contents: /(?:^|\/)\.$/.test(word) };
}
