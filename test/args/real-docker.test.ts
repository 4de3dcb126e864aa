/**
 * Hands the same command line to the real docker client, once as written and once as this program would render it, with a recorder
 * in place of the engine, and compares what docker understood.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandName, findFlag, grammarOf } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import { renderCommand } from '../../src/args/render.ts';
import type { CommandGrammar, ParsedCommand } from '../../src/args/types.ts';
import { optionWords } from '../support/command-lines.ts';
import { type DockerClient, dockerClients, mayLackClients, runClient } from '../support/docker-clients.ts';
import { type RecordedRequest, type RecorderReply, startRecorder } from '../support/recorder.ts';

const directory = mkdtempSync(join(tmpdir(), 'real-docker-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Understood {
  readonly requests: readonly RecordedRequest[];
  /** The client's own parser refused it: nothing was asked of the engine. */
  readonly refused: boolean;
  readonly output: string;
}

let sockets = 0;
async function ask(client: DockerClient, argv: readonly string[]): Promise<Understood> {
  sockets += 1;
  const socket = join(directory, `${sockets}`);
  const recorder = await startRecorder({ socket, reply });
  const { output } = await runClient(client, `unix://${socket}`, argv);
  await recorder.close();
  const requests = recorder.requests.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  return { requests, refused: requests.length === 0, output };
}

/** `exec` looks at the container first, and gives up if there is none. */
function reply({ method, path }: RecordedRequest): RecorderReply | undefined {
  return method === 'GET' && /^\/containers\/[^/]+\/json$/.test(path)
    ? { status: 200, body: { Id: 'c' } }
    : undefined;
}

/** Both readings, docker's and ours. `run` is always detached: without a terminal docker refuses -it. */
async function expectSameReading(
  client: DockerClient,
  command: CommandName,
  argv: readonly string[],
): Promise<'both' | 'stricter' | 'neither'> {
  const grammar = grammarOf(command);
  const ours = parseCommand(grammar, argv);
  const written = await ask(client, [command, ...argv]);
  const where = `docker ${client.version} ${command} ${JSON.stringify(argv)}: ${written.output}`;
  if (!ours.ok) {
    if (written.refused) return 'neither';
    expect(['help', 'conflict', 'bad-syntax', 'too-many'], where).toContain(ours.error.kind);
    return 'stricter';
  }
  expect(isGrammatical(written.output), where).toBe(true);
  const rendered = await ask(client, [...renderCommand(grammar, ours.value)]);
  expect(rendered.requests.map(comparable), where).toEqual(written.requests.map(comparable));
  if (command === 'run' && !written.refused) expectCreated(written.requests, ours.value, where);
  return written.refused ? 'neither' : 'both';
}

/** Docker keeps the variables in a map: the last of each name, in any order. */
function comparable({ method, path, body }: RecordedRequest): unknown {
  const fields = new Map(Object.entries(body ?? {}));
  return { method, path, ...Object.fromEntries(fields), Env: variables(fields.get('Env')) };
}

function variables(env: unknown): unknown {
  const list = Array.isArray(env) ? env.map(String) : [];
  return Object.fromEntries(list.map((variable) => [variable.split('=', 1)[0], variable]));
}

/** Docker may refuse a value that it has read as we did; it must not have stumbled over the words. */
function isGrammatical(output: string): boolean {
  return !/unknown (shorthand )?flag|bad flag syntax|flag needs an argument|requires|accepts no arguments|ParseBool/.test(
    output,
  );
}

/** Our reading against what docker asked the engine for, field by field. */
function expectCreated(
  requests: readonly RecordedRequest[],
  { options, operands, payload }: ParsedCommand,
  where: string,
): void {
  const created = requests.find(({ path }) => path.startsWith('/containers/create'));
  const body = new Map(Object.entries(created?.body ?? {}));
  const text = (flag: string) => options.find((option) => option.flag === flag)?.value ?? '';
  const texts = (flag: string) => options.filter((option) => option.flag === flag).map(({ value }) => value);
  const isOn = (flag: string) => options.some((option) => option.flag === flag && option.value === true);
  expect(body.get('Image'), where).toBe(operands[0]);
  expect(body.get('Cmd') ?? [], where).toEqual(payload);
  expect(body.get('Tty'), where).toBe(isOn('--tty'));
  expect(body.get('OpenStdin'), where).toBe(isOn('--interactive'));
  expect(body.get('WorkingDir'), where).toBe(text('--workdir'));
  expect(body.get('User'), where).toBe(text('--user'));
  expect(body.get('Hostname'), where).toBe(text('--hostname'));
  expect(variables(body.get('Env')), where).toEqual(variables(texts('--env')));
  expect(Object.keys(body.get('Labels') ?? {}).sort(), where).toEqual(
    [...new Set(texts('--label').map((label) => String(label).split('=')[0]))].sort(),
  );
}

const payloads = ['-t', '--rm', '--', '', '-h', 'a b', 'é\n\u001b', '-'];
const cases: readonly (readonly [CommandName, readonly string[]])[] = [
  ['run', ['-d', '-it', '-w', '/x', 'img', ...payloads]],
  ['run', ['-ditw/x', '--', 'img', ...payloads]],
  ['run', ['-dw=/x', '-eA=1', '-e', 'B=--rm', '--env=C==', 'img', '--', '--']],
  ['run', ['-dw=', 'img']],
  ['run', ['-dw==', 'img']],
  ['run', ['-d', '-w', '--rm', 'img']],
  ['run', ['-d', '-w', '--', 'img']],
  ['run', ['-d', '--workdir=', 'img', '']],
  ['run', ['-d', '-t=false', '-i=0', '--init=F', '--read-only=TRUE', 'img']],
  ['run', ['-d', '-t=', 'img']],
  ['run', ['-d', '--tty', 'false', 'img']],
  ['run', ['-d', '--tty=yes', 'img']],
  ['run', ['-d', '--net', 'none', '--net-alias', 'a', '--dns-opt=x', 'img']],
  ['run', ['-d', '--hostname=h', '--user', '1:2', '-l', 'a=b', '-la', '-la=c', 'img']],
  ['run', ['-d', '--sig-proxy=false', '--rm', '--name=--x', 'img']],
  ['run', ['-d', '--entrypoint=', 'img', 'sh']],
  ['run', ['-d', '--entrypoint', '', 'img', 'sh']],
  ['run', ['-d', '-m', '64m', '--cpus=.5', '--shm-size', '1.5g', '--pids-limit=5', 'img']],
  ['run', ['-d', '-ive/x:/y', 'img']],
  ['run', ['-d', '--volume', '/x:/y:ro', '--mount=type=tmpfs,dst=/z', '--tmpfs=/t:size=1k', 'img']],
  ['run', ['-d', '--cap-drop=ALL', '--security-opt', 'no-new-privileges', '--ulimit', 'core=0', 'img']],
  ['run', ['-d', '-dtest.v', 'img']],
  ['run', ['-d', '--', '-', 'x']],
  ['run', ['-d', '-', 'x']],
  ['run', ['-d', '---t', 'img']],
  ['run', ['-d', '--t', 'img']],
  ['run', ['-d', '--TTY', 'img']],
  ['run', ['-d', 'img', '-h', '--help']],
  ['run', ['-d', '-h', 'img', 'img']],
  ['run', ['-d']],
  ['exec', ['-d', 'c', 'ls', '-l', '--', '']],
  ['exec', ['-dte', 'A=1', '-w/x', '--', 'c', '--', 'ls']],
  ['exec', ['-d', '--user=1', '--privileged=false', 'c', '-x']],
  ['exec', ['-d', 'c']],
  ['rm', ['a', '-f', 'b', '--volumes']],
  ['rm', ['-fv', '--', 'a', '-l']],
  ['kill', ['a', '-sINT', 'b']],
  ['stop', ['a', '-t', '3', 'b']],
  ['stop', ['--time=4', 'a']],
  ['restart', ['-t=5', 'a']],
  ['logs', ['-n', '5', '--since', '1700000000', 'c', '-t']],
  ['ps', ['-aqf', 'status=running', '--filter=name=x', '-n', '3']],
  ['images', ['x', '-aq']],
  ['start', ['a', 'b']],
  ['top', ['c']],
  ['inspect', ['-s', 'a', '--type', 'container']],
  ['port', ['c', '80']],
  ['pull', ['-q', 'x:y']],
  ['rmi', ['-f', 'x', '--no-prune']],
  ['wait', ['a', 'b']],
];

it.skipIf(mayLackClients && dockerClients.length === 0)('has a docker client to ask', () => {
  expect(dockerClients.length).toBeGreaterThan(0);
});

describe.each(dockerClients)('docker $version', (client) => {
  it('understands what was written and what is rendered alike', async () => {
    const readings = await eachOf(cases, ([command, argv]) => expectSameReading(client, command, argv));
    expect(readings.filter((reading) => reading === 'both').length).toBeGreaterThan(35);
  }, 60_000);

  it('agrees about command lines that nobody thought of', async () => {
    const argvs = fc.sample(runLines(), 60);
    const readings = await eachOf(argvs, (argv) => expectSameReading(client, 'run', argv));
    expect(readings.filter((reading) => reading === 'both').length).toBeGreaterThan(10);
  }, 60_000);
});

/** A few at a time. */
async function eachOf<T, R>(items: readonly T[], look: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) results.push(await look(item));
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** Flags whose values docker hands on as they are: others fail for reasons that are no matter of grammar. */
const plainFlags = [
  '--tty',
  '--interactive',
  '--init',
  '--read-only',
  '--rm',
  '--privileged',
  '--publish-all',
  '--oom-kill-disable',
  '--workdir',
  '--entrypoint',
  '--env',
  '--label',
  '--user',
  '--hostname',
  '--cpuset-cpus',
  '--cap-add',
  '--domainname',
];

function runLines(): fc.Arbitrary<readonly string[]> {
  const grammar: CommandGrammar = grammarOf('run');
  const flags = plainFlags.flatMap((name) => findFlag(grammar.flags, name) ?? []);
  const cluster = fc
    .tuple(
      fc.array(fc.constantFrom(...'tiPdweul'), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', 'x', '=x', '=', 'a=b'),
    )
    .map(([letters, tail]) => [`-${letters.join('')}${tail}`]);
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...flags).chain(optionWords) },
    { weight: 2, arbitrary: cluster },
  );
  const rest = fc.constantFrom(['img'], ['--', 'img', '-t'], ['img', '--', '--rm'], ['img', '']);
  return fc
    .tuple(fc.array(piece, { maxLength: 4 }), rest)
    .map(([pieces, end]) => ['-d', ...pieces.flat(), ...end]);
}
