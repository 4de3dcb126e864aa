/**
 * `cp`: between the host and an own container that runs. docker's own archive calls act as root, on the host's side of the
 * container's mounts as well; here a tar in the container, as the caller, is one end, and the other is this process once it has
 * given up root's rights for good. So it is, beside `load`, the other command that does not end in docker.
 *
 * Nobody in between is trusted: src/copy/receive.ts reads what the container sends, the container's tar what the user has.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Copy, type InContainer, parseCopy } from '../args/copy-path.ts';
import { grammarOf } from '../args/grammar.ts';
import { rightsOf, withCallerRights } from '../caller/as-user.ts';
import { becomeCallerForGood, callersUmask } from '../caller/become.ts';
import { type UserdockerError, unavailable, usage } from '../domain/errors.ts';
import { dockerEnvironment } from '../exec/exec.ts';
import { assertRootsAlone } from '../exec/trusted.ts';
import { enforcedUser } from '../policy/confinement.ts';
import { executorFor } from '../policy/executor.ts';
import { judgeGroupNames } from '../policy/group-names.ts';
import { terminalOf } from '../report/terminal.ts';
import type { Command, Session } from './command.ts';
import { foundIds, missingContainers } from './containers.ts';
import { type ExecFacts, gatherExec } from './exec.ts';

interface CopyFacts extends ExecFacts {
  readonly copy: Copy;
}

export const cp: Command<CopyFacts> = {
  grammar: grammarOf('cp'),
  gather: async (session, request) => {
    const [source = '', destination = ''] = request.operands;
    const copy = parseCopy(source, destination);
    if (!copy.ok) throw usage(copy.error, 'userdocker cp CONTAINER:PATH PATH, or PATH CONTAINER:PATH');
    return { copy: copy.value, ...(await gatherExec(session, [copy.value.inside.container])) };
  },
  judge: ({ policy, caller }, request, { named, groups, runc }) => ({
    reasons: [
      ...missingContainers(named),
      ...named
        .filter(({ container }) => container !== undefined && container.state !== 'running')
        .map(({ asked }) => ({
          rule: 'ownership',
          message: `${asked} does not run`,
          instead: 'cp asks a program in the container: userdocker start it',
        })),
      ...judgeGroupNames(policy, caller, groups, runc),
    ],
    parts: [],
    operands: request.operands,
    payload: [],
  }),
  own: {
    applies: () => true,
    perform: async (session, _request, { copy, named }) => {
      const [id = ''] = foundIds(named);
      const inside = new Inside(session, id);
      return copy.direction === 'out' ? copyOut(session, inside, copy) : copyIn(session, inside, copy);
    },
  },
};

/** Programs in the container, as the caller: what `exec` would start. */
class Inside {
  readonly #session: Session;
  readonly #docker: string;
  readonly #id: string;

  constructor(session: Session, id: string) {
    const { policy } = session.loaded;
    this.#session = session;
    this.#id = id;
    this.#docker = executorFor(policy, session.executor.name, 'exec')?.path ?? session.executor.path;
    assertRootsAlone(this.#docker);
  }

  start(words: readonly string[], input: Stdio, output: Stdio): ChildProcess {
    const { caller, loaded } = this.#session;
    const { policy } = loaded;
    const user = enforcedUser(policy, caller).flatMap(({ words }) => words);
    const interactive = input === 'ignore' ? [] : ['--interactive'];
    return spawn(this.#docker, ['exec', ...interactive, ...user, this.#id, ...words], {
      stdio: [input, output, 2],
      cwd: '/',
      env: dockerEnvironment(policy),
    });
  }
}

/** A pipe of ours, nothing, or one of the caller's own descriptors. */
type Stdio = 'pipe' | 'ignore' | 0 | 1 | 2;

async function copyOut(session: Session, inside: Inside, { inside: source, outside }: Copy): Promise<number> {
  const words = ['tar', '-c', '-f', '-', ...fromWhere(source)];
  if (outside === undefined) {
    if (terminalOf(1) !== undefined)
      throw usage('a tar archive is nothing for a terminal', 'write it to a file: > x.tar');
    return ended(inside.start(words, 'ignore', 1));
  }
  // Everything that is needed is loaded while the process can still read root's files.
  const { receive } = await import('../copy/receive.ts');
  const child = inside.start(words, 'ignore', 'pipe');
  const ending = ended(child);
  const { stdout } = child;
  if (stdout === null) throw new Error('docker has no output');
  process.umask(callersUmask());
  becomeCallerForGood(rightsOf(session.caller));
  const destination = { path: outside.path, name: source.contents ? '' : source.name };
  const receipt = await receive(stdout, destination).catch(async (error: unknown) => {
    stdout.destroy();
    // An archive that breaks off has its reason where it was made, and docker has told it.
    const status = await ending;
    throw status === 0 ? error : failed(status, error);
  });
  const status = await ending;
  if (status !== 0 && receipt.entries === 0) throw failed(status, undefined);
  return status === 0 ? complete(session, receipt.leftOut) : status;
}

function fromWhere({ path, parent, name, contents }: InContainer): readonly string[] {
  return contents ? ['-C', path, '.'] : ['-C', parent, `./${name}`];
}

async function copyIn(session: Session, inside: Inside, { inside: target, outside }: Copy): Promise<number> {
  if (outside === undefined) {
    if (terminalOf(0) !== undefined)
      throw usage('cp - reads a tar archive from standard input', '... < x.tar');
    return ended(inside.start(['tar', '-x', '-o', '-f', '-', '-C', target.path], 0, 2));
  }
  const { outsideName } = await import('../copy/names.ts');
  const { send } = await import('../copy/send.ts');
  const rights = rightsOf(session.caller);
  const source = withCallerRights(rights, () => outsideName(outside));
  const isDirectory =
    target.directory || target.path === '/' || (await isDirectoryInside(inside, target.path));
  const directory = isDirectory ? target.path : target.parent;
  const name = isDirectory ? (source.contents ? '' : source.name) : target.name;
  const child = inside.start(['tar', '-x', '-o', '-f', '-', '-C', directory], 'pipe', 2);
  const ending = ended(child);
  const { stdin } = child;
  if (stdin === null) throw new Error('docker has no input');
  becomeCallerForGood(rights);
  const sent = await send({ path: outside.path, name }, session.caller, stdin);
  const status = await ending;
  if (status === 126 || status === 127) throw failed(status, undefined);
  return status === 0 ? complete(session, sent.leftOut) : status;
}

/** `test` comes with what tar comes with; where there is none, a slash at the end says that it is a directory. */
async function isDirectoryInside(inside: Inside, path: string): Promise<boolean> {
  const status = await ended(inside.start(['test', '-d', path], 'ignore', 'ignore'));
  if (status === 126 || status === 127) throw failed(status, undefined);
  return status === 0;
}

function complete(session: Session, leftOut: number): number {
  if (leftOut === 0) return 0;
  session.note(`${leftOut} devices, pipes or sockets were left out`);
  return 1;
}

/** docker exec: 126 and 127 where the program can't be run or is not there (OCI runtime); docker has said so. */
function failed(status: number, error: unknown): UserdockerError {
  if (status === 126 || status === 127) {
    return unavailable(
      'cp needs the programs tar and test in the container, and the image has none',
      'for one file: userdocker exec -i CONTAINER cat FILE > FILE; or a mount',
    );
  }
  const why = error instanceof Error && error.message !== '' ? '' : ': tar has said why';
  return unavailable(`nothing, or not all, was copied${why}`);
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
