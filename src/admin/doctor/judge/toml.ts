/**
 * As much of TOML (https://toml.io/en/v1.0.0) as the NVIDIA toolkit's settings need: tables, and keys with a text, a number or
 * a truth value on one line. Lists and what stretches over lines is left out; nothing of that kind is asked about. Pure.
 */

/** By dotted path: `nvidia-container-runtime.mode`. */
export type TomlSettings = ReadonlyMap<string, string>;

export function readToml(text: string): TomlSettings {
  const settings = new Map<string, string>();
  let table = '';
  for (const line of text.split('\n')) {
    const header = /^\s*\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line)?.[1];
    if (header !== undefined) {
      table = `${dotted(header)}.`;
      continue;
    }
    const match = /^\s*([A-Za-z0-9_."'-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_.+-]+))\s*(?:#.*)?$/.exec(
      line,
    );
    const value = match?.[2] ?? match?.[3] ?? match?.[4];
    if (match?.[1] !== undefined && value !== undefined) settings.set(table + dotted(match[1]), value);
  }
  return settings;
}

function dotted(key: string): string {
  return key.replace(/["'\s]/g, '');
}
