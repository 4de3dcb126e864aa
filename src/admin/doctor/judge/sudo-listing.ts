/** What `sudo -ll -U USER` prints (sudo(8); sudo's own locale C), as data. Pure. */

export interface SudoEntry {
  /** `root`, `ALL`, ...; empty: the caller's own account (a rule of groups alone). */
  readonly runAs: readonly string[];
  /** `setenv`, `!setenv`, `!authenticate`, ... */
  readonly options: readonly string[];
  /** Path and arguments; a `!` or a digest in front. */
  readonly commands: readonly string[];
}

export interface SudoListing {
  /** In the order in which they hold, the last one wins. */
  readonly defaults: readonly string[];
  /** `Defaults!COMMAND`, which win over all others. */
  readonly commandDefaults: readonly {
    readonly commands: readonly string[];
    readonly options: readonly string[];
  }[];
  readonly entries: readonly SudoEntry[];
}

type Section = 'none' | 'defaults' | 'special' | 'entries';

export function parseSudoListing(text: string): SudoListing {
  // A long line may go on in the next one, in the middle of a list.
  let defaults = '';
  const special: string[] = [];
  const entries: { runAs: string[]; options: string[]; commands: string[] }[] = [];
  let section: Section = 'none';
  let inCommands = false;
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      if (/^Matching Defaults entries for /.test(line)) section = 'defaults';
      else if (/^Runas and Command-specific defaults for /.test(line)) section = 'special';
      else if (/^User .* may run the following commands/.test(line)) section = 'entries';
      // `Sudoers entry:`, since 1.9.15 with the file; `LDAP Role: NAME`, `SSSD Role: NAME`.
      else if (section === 'entries' && /^(?:Sudoers entry|LDAP Role|SSSD Role):/.test(line)) {
        entries.push({ runAs: [], options: [], commands: [] });
        inCommands = false;
      }
      continue;
    }
    const word = line.trim();
    if (word === '') continue;
    if (section === 'defaults') defaults += ` ${word}`;
    else if (section === 'special') {
      if (word.startsWith('Defaults')) special.push(word);
      else special.push(`${special.pop() ?? ''} ${word}`);
    } else if (section === 'entries') {
      const entry = entries.at(-1);
      if (entry === undefined) continue;
      const field = /^ {4}(RunAsUsers|RunAsGroups|Options|Commands|[A-Z][A-Za-z]*):(.*)$/.exec(line);
      if (field !== null) inCommands = field[1] === 'Commands';
      if (field?.[1] === 'RunAsUsers') entry.runAs.push(...words(field[2] ?? ''));
      else if (field?.[1] === 'Options') entry.options.push(...splitOptions((field[2] ?? '').trim()));
      else if (field === null && inCommands) entry.commands.push(word);
    }
  }
  return {
    defaults: splitOptions(defaults),
    commandDefaults: special.flatMap((line) => parseSpecial(line) ?? []),
    entries,
  };
}

/** `Defaults!/a, /b env_reset, !setenv`; those for users and run-as users are left out. */
function parseSpecial(text: string): { commands: string[]; options: string[] } | undefined {
  const match = /^Defaults!((?:[^\s,\\]|\\.)+(?:, (?:[^\s,\\]|\\.)+)*) (.*)$/s.exec(text);
  if (match === null) return undefined;
  return { commands: words(match[1] ?? ''), options: splitOptions(match[2] ?? '') };
}

function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** At commas that are neither quoted nor escaped: `env_reset, env_keep+="A B", secure_path=/a\:/b`. */
function splitOptions(text: string): string[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|\\.|[^,"\\])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** The value of a flag for a command: the last word on it, those for the command itself after all others. */
export function flagFor(listing: SudoListing, command: string, name: string, otherwise: boolean): boolean {
  const said = optionsFor(listing, command).filter((option) => option.replace(/^!/, '') === name);
  const last = said.at(-1);
  return last === undefined ? otherwise : !last.startsWith('!');
}

/** The names of a list (`env_keep`) for a command, beside those that are built into sudo. */
export function listFor(listing: SudoListing, command: string, name: string): readonly string[] {
  let names: readonly string[] = [];
  for (const option of optionsFor(listing, command)) {
    if (option === `!${name}`) names = [];
    const match = /^([a-z_]+)(\+=|-=|=)(.*)$/s.exec(option);
    if (match?.[1] !== name) continue;
    const value = (match[3] ?? '').replace(/^"(.*)"$/s, '$1');
    const given = value.split(/\s+/).filter((word) => word !== '');
    if (match[2] === '=') names = given;
    else if (match[2] === '+=') names = [...names, ...given];
    else names = names.filter((one) => !given.includes(one));
  }
  return names;
}

function optionsFor(listing: SudoListing, command: string): readonly string[] {
  const special = listing.commandDefaults.filter(({ commands }) =>
    commands.some((one) => coversPath(one, command)),
  );
  return [...listing.defaults, ...special.flatMap(({ options }) => options)];
}

/** The program of a command, without digest and arguments; `undefined` for one that is forbidden (`!/bin/sh`). */
export function programOf(command: string): string | undefined {
  const plain = command.replace(/^(?:sha(?:224|256|384|512):\S+,?\s+)+/, '');
  if (plain.startsWith('!')) return undefined;
  return /^(?:\\.|[^\s\\])+/.exec(plain)?.[0];
}

/** Whether a command of a rule lets that program be run; see sudoers(5), Wildcards and Regular expressions. */
export function coversPath(command: string, path: string): boolean {
  const program = programOf(command);
  if (program === undefined) return false;
  if (program === 'ALL' || program === path) return true;
  if (program.endsWith('/')) return path.startsWith(program) && !path.slice(program.length).includes('/');
  if (program.startsWith('^')) return matches(program, path);
  return hasWildcard(program) && matches(globPattern(program), path);
}

export function hasWildcard(program: string): boolean {
  return program.startsWith('^') || program.endsWith('/') || /(?:^|[^\\])[*?[]/.test(program);
}

/** fnmatch(3) with FNM_PATHNAME: no wildcard matches a slash. */
function globPattern(glob: string): string {
  const tokens = glob.match(/\\.|\[[^\]]*\]|[\s\S]/g) ?? [];
  const parts = tokens.map((token) => {
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 2 && token.startsWith('[')) return token.replace(/^\[!/, '[^');
    return token.replace(/^\\/, '').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return `^${parts.join('')}$`;
}

/** A pattern that is none for JavaScript counts as matching: better one warning too many. */
function matches(pattern: string, path: string): boolean {
  try {
    return new RegExp(pattern).test(path);
  } catch {
    return true;
  }
}
