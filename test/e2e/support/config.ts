import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const directory = '/etc/userdocker';

/**
 * Writes a layer of the configuration: `config`, `group/config_10_students`, `user/config_alice`, ...
 * Settings are written as JSON, which YAML takes; text is written as it is (to test what is wrong, or a trailing `+`).
 */
export function writeConfig(settings: { readonly [key: string]: unknown } | string, layer = 'config'): void {
  const file = `${directory}/${layer}.yaml`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings, null, 2));
}

/** Back to what install.sh has put there. */
export function resetConfig(): void {
  for (const layer of ['group', 'gid', 'user', 'uid'])
    rmSync(`${directory}/${layer}`, { recursive: true, force: true });
  for (const ending of ['yml', 'json']) rmSync(`${directory}/config.${ending}`, { force: true });
  copyFileSync('etc-userdocker/config.yaml', `${directory}/config.yaml`);
}
