/** `HOST:CONTAINER[:ro|rw]`, `HOST:` (the user chooses the target), `HOST/**:...`, or `{mount: '...', create: true}`. */
import type { MountRule } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { absolutePath, didYouMean, type Parse, shown, truth } from './values.ts';
import type { Variables } from './variables.ts';

export type MountEntry = Omit<MountRule, 'origin'>;

/** In `volume_mounts.available`. */
export const availableMount: Parse<MountEntry> = (value, variables) => {
  const written = writtenRule(value, variables);
  return written.ok ? parseRule(written.value.mount, written.value.create, variables) : written;
};

/** In `always` and `default`, where nobody is there to choose. */
export const fixedMount: Parse<MountEntry> = (value, variables) => {
  const entry = availableMount(value, variables);
  if (!entry.ok) return entry;
  if (entry.value.subtree) return err(`${entry.value.text}: /** belongs into volume_mounts.available`);
  if (entry.value.target === undefined) return err(`${entry.value.text}: say where: HOST:CONTAINER`);
  return entry;
};

function writtenRule(value: unknown, variables: Variables): Result<{ mount: string; create: boolean }> {
  if (typeof value === 'string') return ok({ mount: value, create: false });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return err(`expected HOST:CONTAINER or {mount: HOST:CONTAINER, create: true}, found ${shown(value)}`);
  }
  let mount: string | undefined;
  let create = false;
  for (const [key, part] of Object.entries(value)) {
    if (key === 'mount') {
      if (typeof part !== 'string') return err(`mount: expected HOST:CONTAINER, found ${shown(part)}`);
      mount = part;
    } else if (key === 'create') {
      const parsed = truth(part, variables);
      if (!parsed.ok) return err(`create: ${parsed.error}`);
      create = parsed.value;
    } else return err(`unknown key ${key} of a mount${didYouMean(key, ['mount', 'create'])}`);
  }
  return mount === undefined ? err('expected mount: HOST:CONTAINER') : ok({ mount, create });
}

/** Taken apart before the variables are filled in: a colon of a home directory is no separator. */
function parseRule(rule: string, create: boolean, variables: Variables): Result<MountEntry> {
  const [host = '', target = '', flag = 'rw', ...more] = rule.split(':');
  if (more.length > 0 || (flag !== 'ro' && flag !== 'rw')) {
    return err(`${rule}: expected HOST:CONTAINER, HOST:CONTAINER:ro or HOST:CONTAINER:rw`);
  }
  const subtree = host.endsWith('/**');
  const directory = subtree ? host.slice(0, -'/**'.length) || '/' : host;
  if (`${directory}${target}`.includes('*'))
    return err(`${rule}: there is no "*" but "/**" at the end of HOST`);
  const hostPath = absolutePath(directory, variables);
  if (!hostPath.ok) return err(`${rule}: ${hostPath.error}`);
  if (target === '') {
    return ok({
      host: hostPath.value,
      subtree,
      target: undefined,
      readOnly: flag === 'ro',
      create,
      text: rule,
    });
  }
  const targetPath = absolutePath(target, variables);
  if (!targetPath.ok) return err(`${rule}: ${targetPath.error}`);
  if (targetPath.value === '/') return err(`${rule}: nothing can be mounted on /`);
  return ok({
    host: hostPath.value,
    subtree,
    target: targetPath.value,
    readOnly: flag === 'ro',
    create,
    text: rule,
  });
}
