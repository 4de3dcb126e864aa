import { objectAt, textAt } from '../../../domain/json.ts';
import { credentialPlaces, type Installation, placesOf } from '../judge/files.ts';
import type { LookedAt } from '../judge/paths.ts';
import { inspectPath } from './paths.ts';
import type { Settings } from './settings.ts';
import { readJson } from './text.ts';

export function gatherFiles(installation: Installation, settings: Settings): readonly LookedAt[] {
  const helpers = settings.dockerConfigs.flatMap(helpersIn);
  const places = [...placesOf(installation, settings), ...credentialPlaces(helpers)];
  return places.map((place): LookedAt => {
    const fact = inspectPath(place.path);
    return { ...place, fact, ...(isOpenFile(place.path) ? { secret: 'fault' as const } : {}) };
  });
}

/** docker's credentials, where their directory does not keep others out already. */
function isOpenFile(path: string): boolean {
  if (!path.endsWith('/config.json')) return false;
  const directory = inspectPath(path.replace(/\/config\.json$/, '')).end;
  return directory !== undefined && (directory.mode & 0o011) !== 0;
}

/** https://docs.docker.com/reference/cli/docker/login/#credential-stores */
function helpersIn(directory: string): readonly string[] {
  const settings = readJson(`${directory}/config.json`);
  const names = [textAt(settings, 'credsStore'), ...Object.values(objectAt(settings, 'credHelpers'))];
  const texts = names.filter((name) => typeof name === 'string');
  return [...new Set(texts)].filter((name) => /^[A-Za-z0-9._-]+$/.test(name));
}
