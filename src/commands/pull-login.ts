/**
 * `pull --login USER`: one image of a registry that asks who one is, with the caller's own credentials.
 *
 * 1. The credentials are read here, go to the engine in a header, and are forgotten. Nothing keeps or shows them.
 * 2. What only the caller may fetch, only the caller may run: the image gets a tag in the caller's own tree (`images.load_tags`), and no
 *    other name. It is fetched by digest, so no tag that others use is made or moved; its name by digest goes when it has its tag,
 *    unless it was there before.
 * 3. By its digest the engine would give the image, from what it keeps, to who asks for it. So the repository is marked before the
 *    fetch, and none of its images is had by digest from then on (src/state/private-repositories.ts).
 *    Neither 2 nor 3 is done to what the registry gives to everybody: else anybody could take the digests of debian away from all.
 * 4. What is not defended: who knows the digests of its layers can have the engine find them in an image of their own making. An
 *    engine that is shared keeps no secret from who knows its hash.
 */
import type { ParsedCommand } from '../args/types.ts';
import { readPassword } from '../caller/password.ts';
import { inspectImage } from '../docker/facts.ts';
import { anonymousDigest, forgetDigest, PrivatePull } from '../docker/private-pull.ts';
import { unavailable, usage } from '../domain/errors.ts';
import { ownName } from '../load/tags.ts';
import { familiar, familiarName, type ImageReference, normalizedName } from '../policy/reference.ts';
import { endPull, leftPulls, notePull, otherPulls, type PullNote } from '../state/private-pulls.ts';
import { markRepository } from '../state/private-repositories.ts';
import { isSet, type Session, singleValue } from './command.ts';
import { parseImage } from './image-reference.ts';

export async function pullWithLogin(session: Session, request: ParsedCommand): Promise<number> {
  const named = parseImage(request.operands[0] ?? '');
  if (!named.ok) throw usage(named.error.message);
  const reference = named.value;
  const target = ownName(session.loaded.policy.images.load_tags, reference);
  if (!target.ok) throw usage(target.error);
  const { socketPath } = session.engine;
  await collect(socketPath);
  const user = singleValue(request, '--login') ?? '';
  const password = await readPassword(`Password of ${user} at ${reference.domain}: `);
  const pull = new PrivatePull(socketPath, reference, { user, password });
  const digest = await pull.digest();
  const quiet = isSet(request, '--quiet');
  const fetch = async () => {
    await pull.fetch(digest, (line) => (quiet ? undefined : session.note(line)));
    await pull.tag(digest, target.value);
  };
  if (await isAnybodys(socketPath, reference, digest)) await fetch();
  else await fetchPrivately(session, reference, digest, fetch);
  if (!quiet) session.note(`${familiar(reference)} is yours to run, as ${familiar(target.value)}`);
  session.print(`${familiar(target.value)}\n`);
  return 0;
}

/** @throws unavailable where the registry does not say */
async function isAnybodys(socketPath: string, reference: ImageReference, digest: string): Promise<boolean> {
  const anybodys = await anonymousDigest(socketPath, reference);
  if (anybodys === undefined || anybodys === digest) return anybodys === digest;
  throw unavailable('the registry has just given others another image under this tag', 'try it again');
}

async function fetchPrivately(
  session: Session,
  reference: ImageReference,
  digest: string,
  fetch: () => Promise<void>,
): Promise<void> {
  markRepository(reference);
  const name = `${normalizedName(reference)}@${digest}`;
  const note = notePull(name);
  const wasThere = await isEverybodys(session, reference, digest, note);
  try {
    await fetch();
  } finally {
    if (!wasThere) await forgetDigest(session.engine.socketPath, name);
    endPull(note);
  }
}

/** A name that only another call like this has made, for a moment, is not. */
async function isEverybodys(
  session: Session,
  reference: ImageReference,
  digest: string,
  note: PullNote,
): Promise<boolean> {
  const isBeingMade = () => otherPulls(note).length > 0;
  const before = isBeingMade();
  const found = await inspectImage(session.engine, `${familiarName(reference)}@${digest}`);
  return found !== undefined && !before && !isBeingMade();
}

async function collect(socketPath: string): Promise<void> {
  for (const note of leftPulls()) {
    await forgetDigest(socketPath, note.name);
    endPull(note);
  }
}
