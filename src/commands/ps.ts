/** `ps`: the caller's own containers, by the ids that the ownership files hold. No label is believed. */
import { grammarOf } from '../args/grammar.ts';
import type { ParsedCommand } from '../args/types.ts';
import type { Part } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import { ownedContainers } from '../state/ownership.ts';
import { type Command, type Session, type Verdict, valuesOf } from './command.ts';
import { ownContainers } from './contested.ts';

/** No container has this id: the engine draws random ones. A filter that matches nothing shows nothing. */
const noContainer = '0'.repeat(64);
/** As many ids docker is given unseen; of more the engine is asked first which there still are, which takes some milliseconds. */
const few = 40;
/** Filters that narrow what is shown. `id` would widen it: docker shows what matches any of the ids given. */
const allowedFilters = new Set([
  'status',
  'name',
  'ancestor',
  'exited',
  'health',
  'publish',
  'expose',
  'label',
]);

export const ps: Command<readonly string[] | 'all'> = {
  grammar: grammarOf('ps'),
  gather: visibleIds,
  own: {
    applies: ({ options }) => options.some(({ flag, value }) => flag.startsWith('--gpu-') && value === true),
    perform: async (session, request) => (await import('./ps-gpus.ts')).showGpus(session, request),
  },
  judge: (_subject, request, ids): Verdict => ({
    reasons: valuesOf(request, '--filter').flatMap(judgeFilter),
    parts: [...(ids === 'all' ? [] : idFilters(ids)), ...tableOf(request, ids)],
    operands: [],
    payload: [],
  }),
};

function idFilters(ids: readonly string[]): readonly Part[] {
  return (ids.length === 0 ? [noContainer] : ids).map((id) => ({
    words: [`--filter=id=${id}`],
    source: 'enforced',
    rule: 'ps_scope',
  }));
}

/** docker's own table, with the image's name from our label: docker was given its id, and would show that. */
function tableOf({ options }: ParsedCommand, ids: readonly string[] | 'all'): readonly Part[] {
  if (ids === 'all' || options.some(({ flag }) => flag === '--format' || flag === '--quiet')) return [];
  const columns = [
    '.ID',
    '.Label "userdocker.image"',
    '.Command',
    '.RunningFor',
    '.Status',
    '.Ports',
    '.Names',
  ];
  const size = options.some(({ flag, value }) => flag === '--size' && value === true) ? ['.Size'] : [];
  const table = [...columns, ...size].map((column) => `{{${column}}}`).join('\t');
  return [{ words: [`--format=table ${table}`], source: 'default', rule: 'docker' }];
}

async function visibleIds(session: Session, { options }: ParsedCommand): Promise<readonly string[] | 'all'> {
  if (session.caller.isRoot || session.loaded.policy.ps_scope === 'all') return 'all';
  const owned = ownedContainers(session.caller.uid);
  if (owned.length <= few) return owned.map(({ id }) => id);
  const past = options.some(({ flag }) => ['--all', '--last', '--latest', '--filter'].includes(flag));
  const shown = await ownContainers(session, past ? undefined : ['running', 'paused', 'restarting']);
  return shown.map(({ id }) => id);
}

function judgeFilter(filter: string): readonly Reason[] {
  const key = filter.split('=', 1)[0] ?? '';
  if (allowedFilters.has(key) && filter.includes('=')) return [];
  return [
    {
      rule: 'args.ps',
      message: `--filter ${filter} is not allowed`,
      instead: `filter by ${[...allowedFilters].join(', ')}`,
    },
  ];
}
