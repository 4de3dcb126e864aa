/**
 * `load`: beside `cp` the one command that does not end in docker. The archive on standard input goes through a filter (src/load)
 * to the engine, and can add images under the caller's own tags, nothing else.
 */
import { createReadStream } from 'node:fs';
import { grammarOf } from '../args/grammar.ts';
import { type DataRoot, inspectDataRoot } from '../docker/data-root.ts';
import { type EngineVersion, engineVersion } from '../docker/facts.ts';
import { usage } from '../domain/errors.ts';
import { filterArchive } from '../load/filter.ts';
import { loadIntoEngine } from '../load/send.ts';
import { judgeDataRoot } from '../policy/data-root.ts';
import { terminalOf } from '../report/terminal.ts';
import { type Command, isSet, type Session } from './command.ts';

interface LoadFacts {
  readonly engine: EngineVersion;
  readonly dataRoot: DataRoot;
}

export const load: Command<LoadFacts> = {
  grammar: grammarOf('load'),
  gather: async (session) => ({
    engine: await engineVersion(session.engine),
    dataRoot: await inspectDataRoot(session.engine),
  }),
  judge: (_subject, _request, { dataRoot }) => ({
    reasons: [...judgeDataRoot(dataRoot)],
    parts: [],
    operands: [],
    payload: [],
  }),
  own: {
    applies: () => true,
    perform: async (session, request, { engine }) => {
      if (terminalOf(0) !== undefined)
        throw usage('load reads an archive from standard input', 'userdocker load < image.tar');
      await sendArchive(session, engine, isSet(request, '--quiet'));
      return 0;
    },
  },
};

async function sendArchive(session: Session, engine: EngineVersion, quiet: boolean): Promise<void> {
  const { policy } = session.loaded;
  const { output, result } = filterArchive({
    // Not process.stdin: it would leave O_NONBLOCK on a pipe that others hold too.
    input: createReadStream('', { fd: 0, autoClose: false }),
    loadTags: policy.images.load_tags,
    loadMax: policy.images.load_max,
    architecture: engine.architecture,
    zstdLayers: engine.major >= 23,
    caller: session.caller,
  });
  await loadIntoEngine({
    socketPath: session.engine.socketPath,
    stream: output,
    onProgress: () => undefined,
  });
  const { tags } = await result;
  for (const tag of tags) {
    if (tag.from !== undefined && tag.from !== tag.to) session.note(`${tag.from} is loaded as ${tag.to}`);
    if (!quiet) session.print(`Loaded image: ${tag.to}\n`);
  }
}
