/** `ps`: the caller's own containers, by the ids that the ownership files hold. No label is believed. */
import { grammarOf } from '../args/grammar.ts';
import type { ParsedCommand } from '../args/types.ts';
import type { Part } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { judgeImage } from '../policy/images.ts';
import { familiar } from '../policy/reference.ts';
import { ownedContainers } from '../state/ownership.ts';
import { type Command, type Session, type Subject, type Verdict, valuesOf } from './command.ts';
import { labelledContainers } from './contested.ts';
import { parseImage, problemReason } from './image-reference.ts';

/** No container has this id: the engine draws random ones. A filter that matches nothing shows nothing. */
const noContainer = '0'.repeat(64);
/** As many ids docker is given unseen; of more the engine is asked first which there still are, which takes some milliseconds. */
const few = 40;
/** Filters that narrow what is shown. `since` and `before` would tell of other users' containers. */
const allowedFilters = new Set([
  'id',
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
  rendered: new Set(['--filter']),
  gather: visibleIds,
  own: {
    applies: ({ options }) => options.some(({ flag, value }) => flag.startsWith('--gpu-') && value === true),
    perform: async (session, request) => (await import('./ps-gpus.ts')).showGpus(session, request),
  },
  judge: (subject, request, ids): Verdict => {
    const filters = valuesOf(request, '--filter').map((text) => readFilter(subject, text));
    const asked = filters.flatMap((filter) => (filter.ok ? [filter.value] : []));
    return {
      reasons: filters.flatMap((filter) => (filter.ok ? [] : [filter.error])),
      parts: [...filterParts(asked, ids), ...tableOf(request, ids)],
      operands: [],
      payload: [],
    };
  },
};

interface Filter {
  readonly key: string;
  readonly value: string;
}

/**
 * docker shows what matches any of the ids it is given, so with the caller's own beside it `id` would widen what is shown: here it
 * chooses among them.
 */
function filterParts(asked: readonly Filter[], ids: readonly string[] | 'all'): readonly Part[] {
  const beginnings = asked.filter(({ key }) => key === 'id').map(({ value }) => value);
  const passed = ids === 'all' ? asked : asked.filter(({ key }) => key !== 'id');
  return [
    ...passed.map(
      ({ key, value }): Part => ({
        words: [`--filter=${key}=${value}`],
        source: 'you',
        rule: 'args.ps.available',
      }),
    ),
    ...(ids === 'all' ? [] : idFilters(ids.filter((id) => isAsked(id, beginnings)))),
  ];
}

function isAsked(id: string, beginnings: readonly string[]): boolean {
  return beginnings.length === 0 || beginnings.some((beginning) => id.startsWith(beginning));
}

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
  const there = await labelledContainers(session, past ? undefined : ['running', 'paused', 'restarting']);
  const own: ReadonlySet<string> = new Set(owned.map(({ id }) => id));
  return there.map(({ id }) => id).filter((id) => own.has(id));
}

/** docker's client takes a key in any case and trims both sides: here a filter is spelled in one way. */
function readFilter(subject: Subject, filter: string): Result<Filter, Reason> {
  const equals = filter.indexOf('=');
  const [key, value] = [filter.slice(0, Math.max(0, equals)), filter.slice(equals + 1)];
  const refused = (message: string, instead: string) => err({ rule: 'args.ps', message, instead });
  if (!allowedFilters.has(key)) {
    return refused(
      `--filter ${filter} is not allowed`,
      `filter by ${[...allowedFilters].map((name) => `${name}=...`).join(', ')}`,
    );
  }
  if (key === 'id' && !/^[0-9a-f]{1,64}$/.test(value))
    return refused(`--filter ${filter}: that is no beginning of an id`, 'userdocker ps shows the ids');
  return key === 'ancestor' ? readAncestor(subject, value) : ok({ key, value });
}

/** By its name alone, so that the answer tells nothing of other users' images. */
function readAncestor({ policy, caller }: Subject, image: string): Result<Filter, Reason> {
  const named = parseImage(image);
  if (!named.ok) return err(problemReason(named.error));
  const judgement = judgeImage({ reference: named.value, policy: policy.images, isRoot: caller.isRoot });
  return judgement.kind === 'missing'
    ? err({ rule: 'images', message: judgement.message })
    : ok({ key: 'ancestor', value: familiar(named.value) });
}
