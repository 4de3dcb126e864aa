/** What to tell someone who gives a command that docker knows and userdocker does not offer, or that nobody knows. */
import { findGrammar } from './grammar.ts';
import { nearest } from './nearest.ts';
import type { NotOffered } from './not-offered.ts';

const elsewhere = 'build with podman or buildah as yourself, then: userdocker load < image.tar';
const asRoot = 'docker would do it to the whole machine';
const hostFiles = "docker's archive calls read and write as root, through mounts as well";
const swarm: NotOffered = { why: 'swarms are up to the admin' };
const volumes: NotOffered = {
  why: 'volumes belong to nobody, and everybody could read them',
  instead: 'userdocker run -v HOST:CONTAINER',
};
const credentials: NotOffered = {
  why: "docker would keep the password in root's configuration, for everybody to use",
  instead: 'userdocker pull --login USER IMAGE: your password, for one image, kept nowhere',
};
const plugin: NotOffered = { why: 'it drives the engine past userdocker' };

const commands: ReadonlyMap<string, NotOffered> = new Map(
  Object.entries({
    build: { why: 'a build runs commands as root, without the limits of run', instead: elsewhere },
    buildx: { why: 'a build runs commands as root, without the limits of run', instead: elsewhere },
    builder: { why: 'a build runs commands as root, without the limits of run', instead: elsewhere },
    bake: { why: 'a build runs commands as root, without the limits of run', instead: elsewhere },
    checkpoint: { why: 'a checkpoint restores processes with whatever rights it says they have' },
    commit: { why: 'the image would hold settings that nobody has checked', instead: elsewhere },
    compose: { why: 'it drives the engine past userdocker', instead: 'one userdocker run for each service' },
    config: swarm,
    container: { why: 'commands have one name here' },
    context: { why: 'which engine is used is up to the admin' },
    create: { why: 'a container is judged when it starts', instead: 'userdocker run' },
    diff: { why: 'it is not needed to run containers' },
    events: { why: "it shows what everybody's containers do", instead: 'userdocker ps, userdocker wait' },
    export: { why: hostFiles, instead: 'userdocker cp CONTAINER:/ -' },
    history: { why: 'it is not needed to run containers', instead: 'userdocker dockviz' },
    image: { why: 'commands have one name here' },
    import: { why: 'it is offered in one form', instead: 'userdocker load < image.tar' },
    info: { why: 'it is about the whole machine', instead: 'userdocker version, userdocker policy' },
    login: credentials,
    logout: credentials,
    manifest: { why: 'it is not needed to run containers' },
    network: { why: 'networks are up to the admin', instead: 'userdocker run --network=none|bridge' },
    node: swarm,
    pause: { why: 'a paused container keeps its memory and GPUs', instead: 'userdocker stop' },
    plugin,
    push: { why: "docker would use the machine's own credentials", instead: 'podman or skopeo as yourself' },
    rename: { why: 'names are checked when a container starts', instead: 'userdocker run --name' },
    save: { why: hostFiles, instead: 'podman or skopeo as yourself' },
    scout: plugin,
    search: { why: 'it is not needed to run containers' },
    secret: swarm,
    service: swarm,
    stack: swarm,
    swarm,
    system: { why: asRoot, instead: 'userdocker rm, userdocker rmi for your own' },
    tag: {
      why: "a name that others' rules trust could be moved",
      instead: 'name the image before userdocker load',
    },
    trust: { why: 'whether images must be signed is up to the admin' },
    unpause: { why: 'nothing of yours is paused', instead: 'userdocker start' },
    update: {
      why: 'limits are checked when a container starts',
      instead: 'userdocker run --memory=... --cpus=...',
    },
    volume: volumes,
  } satisfies { readonly [command: string]: NotOffered }),
);

/** `container ls` and the like: the same under its short name. */
const managementForms: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'container ls': 'ps',
    'container list': 'ps',
    'container ps': 'ps',
    'container remove': 'rm',
    'image ls': 'images',
    'image list': 'images',
    'image rm': 'rmi',
    'image remove': 'rmi',
    'image pull': 'pull',
    'image load': 'load',
    'image inspect': 'inspect',
    ...Object.fromEntries(
      [
        'attach',
        'cp',
        'exec',
        'inspect',
        'kill',
        'logs',
        'port',
        'restart',
        'rm',
        'run',
        'start',
        'stats',
        'stop',
        'top',
        'wait',
      ].map((command) => [`container ${command}`, command]),
    ),
  }),
);

export interface UnknownCommand {
  /** docker has this command (exit status 77), or nobody has (64). */
  readonly known: boolean;
  readonly message: string;
  readonly hint?: string;
}

/**
 * @param word the command as written
 * @param next the word behind it, `ls` of `container ls`
 * @param offered what this caller may call
 * @param own words of userdocker's own, which everybody may use
 */
export function describeUnknownCommand(
  word: string,
  next: string | undefined,
  offered: readonly string[],
  own: readonly string[] = [],
): UnknownCommand {
  const short = next === undefined ? undefined : managementForms.get(`${word} ${next}`);
  if (short !== undefined) {
    const message = `${word} ${next} is called ${short} here`;
    const all = `you may use: ${offered.join(', ')}`;
    return { known: true, message, hint: offered.includes(short) ? `userdocker ${short}` : all };
  }
  const known = commands.get(word);
  if (known !== undefined) {
    const message = `userdocker does not offer ${word}: ${known.why}`;
    return { known: true, message, hint: known.instead ?? 'what there is: userdocker --help' };
  }
  if (findGrammar(word) !== undefined) {
    return {
      known: true,
      message: `the policy does not give you the command ${word}`,
      hint: `you may use: ${offered.join(', ')}`,
    };
  }
  const near = nearest(word, [...offered, ...own]);
  const hint = near === undefined ? `you may use: ${offered.join(', ')}` : `did you mean ${near}?`;
  return { known: false, message: `there is no command ${word}`, hint };
}

/** For the tests. */
export const notOfferedCommands: readonly string[] = [...commands.keys()];
