/** From what was asked for on the command line to a query and open files. */
import { unavailable, usage } from '../../domain/errors.ts';
import { configDirectory } from '../../paths.ts';
import type { LogCall } from '../command-line.ts';
import { gatherSettings } from '../doctor/gather/settings.ts';
import type { LogQuery } from './log.ts';
import { openSources, rotatedFiles, type Source } from './sources.ts';
import { parseWhen } from './when.ts';

/** @throws usage */
export function queryOf(call: LogCall, now: Date, width: number | undefined): LogQuery {
  const { user, decision, by, json } = call;
  const since = timeOf('--since', call.since, now);
  const until = timeOf('--until', call.until, now);
  if (since !== undefined && until !== undefined && since > until) {
    throw usage('--since is later than --until');
  }
  return { user, since, until, decision, by, json, width };
}

function timeOf(option: string, text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const time = parseWhen(text, now);
  if (!time.ok) throw usage(`${option}: ${time.error}`);
  return time.value;
}

/**
 * @param named files on the command line; none: the logs of everybody's configuration
 * @throws unavailable where a file that was named can't be read
 */
export function sourcesOf(named: readonly string[]): {
  readonly sources: readonly Source[];
  readonly remarks: readonly string[];
} {
  if (named.length > 0) {
    const { sources, failures } = openSources(named);
    if (failures.length > 0) throw unavailable(failures.join('; '));
    return { sources, remarks: [] };
  }
  const logs = gatherSettings(configDirectory).auditFiles.map((file) => ({ file, ...rotatedFiles(file) }));
  const { sources, failures } = openSources(logs.flatMap(({ files }) => files));
  const missing = logs.filter(({ files }) => files.length === 0).map(({ file }) => `there is no ${file} yet`);
  const unread = logs
    .flatMap((log) => log.unread)
    .map((path) => `${path} is left out: unpack it, and name it`);
  return { sources, remarks: [...missing, ...unread, ...failures] };
}
