/**
 * `--env-file` and `--label-file`: docker's client would read them as root. Here the caller's own rights read them, each entry is
 * judged as if it stood behind -e or -l, and docker gets a file of root's with what was allowed (src/exec/value-files.ts).
 */
import { parseKeyValues } from '../args/key-values.ts';
import type { Option, ParsedCommand } from '../args/types.ts';
import { rightsOf } from '../caller/as-user.ts';
import { readAsUser } from '../caller/read-as-user.ts';
import { usage } from '../domain/errors.ts';
import type { Session } from './command.ts';

const readFlags: ReadonlyMap<string, string> = new Map([
  ['--env-file', '--env'],
  ['--label-file', '--label'],
]);

/** All files of a call together. Bytes, and lines. */
const largest = { bytes: 256 * 1024, entries: 4096 };

/**
 * The same request with the files' entries in front of the options of the command line, which so win over them, as in docker.
 * A file that the policy does not offer to read is left alone: the argument lists refuse the call.
 *
 * @throws usage where a file can't be read or understood
 */
export async function withFiles(session: Session, request: ParsedCommand): Promise<ParsedCommand> {
  const offered = session.loaded.policy.args[request.command]?.available ?? [];
  const entries: Option[] = [];
  let left = largest.bytes;
  for (const { flag, value } of request.options) {
    const stands = readFlags.get(flag);
    if (stands === undefined || typeof value !== 'string') continue;
    if (!offered.some(({ flags }) => flags.includes(flag))) continue;
    const bytes = await read(session, flag, value, left);
    left -= bytes.length;
    entries.push(...optionsIn(bytes, flag, stands, value));
    if (entries.length > largest.entries)
      throw usage(`${flag} ${value}: more than ${largest.entries} entries`);
  }
  return { ...request, options: [...entries, ...request.options] };
}

async function read(session: Session, flag: string, path: string, limit: number): Promise<Buffer> {
  const result = await readAsUser({ rights: rightsOf(session.caller), path, limit });
  if (result.ok) return result.value;
  // `<(command)` of a shell: a descriptor that sudo closes before anything of ours runs.
  const isDescriptor = /^\/(?:dev|proc\/self)\/fd\/[1-9][0-9]*$/.test(path);
  const hint = `sudo closes such descriptors: command | sudo userdocker ${session.frame.command ?? ''} ${flag} /dev/stdin ...`;
  throw usage(`${flag} ${path} can't be read: ${result.error}`, isDescriptor ? hint : undefined);
}

/** Each line as the option that it stands for. */
function optionsIn(bytes: Buffer, flag: string, stands: string, path: string): readonly Option[] {
  const parsed = parseKeyValues(bytes);
  if (!parsed.ok) throw usage(`${flag} ${path}: ${parsed.error}`);
  return parsed.value.map(({ line, text }) => ({
    flag: stands,
    spelled: flag,
    value: text,
    where: `${flag} ${path} line ${line}`,
  }));
}
