/** sudo, as it itself sees its rules. Pure. */
import { type Finding, fault, few, note, warning, word } from '../finding.ts';
import type { SudoFacts } from '../gather/sudo.ts';
import { judgeHoles } from './holes.ts';
import { judgeOtherWays } from './other-ways.ts';
import {
  coversPath,
  flagFor,
  hasWildcard,
  listFor,
  parseSudoListing,
  programOf,
  type SudoEntry,
  type SudoListing,
} from './sudo-listing.ts';

/** What the rules are about, as absolute paths. */
export interface Commands {
  /** The launchers that users may call. */
  readonly launchers: readonly string[];
  /** userdocker-admin's launcher and program. */
  readonly admin: readonly string[];
  /** The programs themselves, past the launcher. */
  readonly programs: readonly string[];
  /** docker and its like. */
  readonly engines: readonly string[];
}

export function commandsOf(prefix: string, executors: readonly string[]): Commands {
  const named = [
    'docker',
    'dockerd',
    'nvidia-docker',
    'podman',
    'nerdctl',
    'ctr',
    'runc',
    'crun',
    'containerd',
    'lxc',
    'incus',
  ];
  const others = named.flatMap((name) =>
    ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].map((directory) => `${directory}/${name}`),
  );
  return {
    launchers: [`${prefix}/bin/userdocker`, `${prefix}/bin/nvidia-userdocker`],
    admin: [`${prefix}/sbin/userdocker-admin`, `${prefix}/lib/userdocker/userdocker-admin`],
    programs: [`${prefix}/lib/userdocker/userdocker`],
    engines: [...new Set([...executors, ...others])],
  };
}

export function judgeSudo(facts: SudoFacts, commands: Commands): readonly Finding[] {
  if (facts.version === undefined) {
    return [
      fault(
        'sudo-missing',
        'there is no sudo (/usr/bin/sudo): nobody can call userdocker',
        'install sudo, then userdocker again',
      ),
      ...judgeOtherWays(facts, commands),
    ];
  }
  const listings = facts.listings.flatMap(({ user, text }) =>
    text === undefined ? [] : [{ user, listing: parseSudoListing(text) }],
  );
  return [
    // sudo-rs is another program with the same rules; it never had any of these.
    ...(facts.version.startsWith('sudo-rs ')
      ? []
      : judgeHoles({ component: 'sudo', version: facts.version, ...facts.package })),
    ...judgeSyntax(facts),
    ...gathered(
      listings.flatMap(({ user, listing }) =>
        judgeListing(listing, commands).map((told) => ({ user, told })),
      ),
    ),
    ...judgeCallers(listings, facts, commands),
    ...judgeOtherWays(facts, commands),
  ];
}

function judgeSyntax({ check: { status, text } }: SudoFacts): readonly Finding[] {
  if (status === 0) return [];
  const first =
    text.split('\n').find((line) => line.trim() !== '' && !/parsed OK$/.test(line)) ?? 'no answer in time';
  return [
    fault(
      'sudo-syntax',
      `sudoers has mistakes, and sudo leaves out what it can't read: ${first.trim()}`,
      'visudo -c shows them all; visudo -f FILE, or chmod 440 FILE',
    ),
  ];
}

/** A finding of one user; those of several users who share a rule become one. */
interface Told {
  readonly make: (users: string) => Finding;
  readonly key: string;
}

function gathered(all: readonly { readonly user: string; readonly told: Told }[]): readonly Finding[] {
  const byKey = new Map<string, { readonly make: Told['make']; readonly users: readonly string[] }>();
  for (const { user, told } of all) {
    const users = byKey.get(told.key)?.users ?? [];
    byKey.set(told.key, { make: told.make, users: users.includes(user) ? users : [...users, user] });
  }
  return [...byKey.values()].map(({ make, users }) => make(few(users)));
}

function tell(id: string, subject: string, make: (users: string) => Finding): Told {
  return { key: `${id} ${subject}`, make };
}

function judgeListing(listing: SudoListing, commands: Commands): readonly Told[] {
  // Who may run everything is an admin: no rule for userdocker makes that worse.
  if (listing.entries.some(runsAll)) {
    return [
      tell('sudo-all', '', (users) =>
        note(
          'sudo-all',
          `${users} may run everything as root through sudo`,
          'fine for admins; otherwise visudo',
        ),
      ),
    ];
  }
  const entries = listing.entries.filter(isRoots);
  return [
    ...entries.flatMap((entry) =>
      entry.commands.flatMap((command) => judgeCommand(command, entry, commands)),
    ),
    ...judgeEnvironment(listing, entries, commands),
    ...judgeRunAs(listing.entries, commands),
  ];
}

function runsAll({ runAs, commands }: SudoEntry): boolean {
  return isRoots({ runAs }) && commands.includes('ALL');
}

function isRoots({ runAs }: Pick<SudoEntry, 'runAs'>): boolean {
  return runAs.some((user) => user === 'root' || user === 'ALL' || user === '#0');
}

function covers(command: string, paths: readonly string[]): boolean {
  return paths.some((path) => coversPath(command, path));
}

function judgeCommand(command: string, entry: SudoEntry, commands: Commands): readonly Told[] {
  const program = programOf(command);
  if (program === undefined) return [];
  const told: Told[] = [];
  const add = (id: string, make: typeof fault, message: (users: string) => string, fix: string) =>
    told.push(tell(id, command, (users) => make(id, message(users), fix)));
  const names = covers(command, [
    ...commands.launchers,
    ...commands.admin,
    ...commands.programs,
    ...commands.engines,
  ]);
  if (hasWildcard(program) && names) {
    add(
      'sudo-wildcard',
      fault,
      (users) =>
        `${users} may run as root whatever ${program} matches, today and later: docker or userdocker-admin among it makes them root`,
      'name the programs one by one: visudo',
    );
  } else if (covers(command, commands.admin)) {
    add(
      'sudo-admin',
      fault,
      (users) => `${users} may run ${program}: it is for root, and looks at nobody's rights`,
      'take it out of the rule: visudo',
    );
  } else if (covers(command, commands.programs)) {
    add(
      'sudo-program',
      fault,
      (users) =>
        `${users} may run ${program} past its launcher: variables such as BUN_OPTIONS reach the program, and make them root`,
      `name ${commands.launchers[0]} in the rule: visudo`,
    );
  } else if (covers(command, commands.engines)) {
    const password = entry.options.includes('!authenticate') ? ' without a password' : '';
    add(
      'sudo-docker',
      fault,
      (users) =>
        `${users} may run ${program} as root${password}: that is root on this machine, past userdocker`,
      'take it out of the rule: visudo',
    );
  } else if (/\/(?:nvidia-)?userdocker$/.test(program) && !covers(command, commands.launchers)) {
    add(
      'sudo-other-path',
      warning,
      (users) => `a rule for ${users} names ${program}, which is not what is installed`,
      `name ${commands.launchers[0]}, or take the rule away: visudo`,
    );
  }
  return told;
}

const unsafe = ['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'GLIBC_TUNABLES', 'GCONV_PATH'];

/** What reaches the launcher, a shell script that runs as root. */
function judgeEnvironment(
  listing: SudoListing,
  entries: readonly SudoEntry[],
  { launchers }: Commands,
): readonly Told[] {
  const told: Told[] = [];
  for (const launcher of launchers) {
    const own = entries.filter((entry) => entry.commands.some((command) => coversPath(command, launcher)));
    if (own.length === 0) continue;
    const byDefault = flagFor(listing, launcher, 'setenv', false);
    const maySet = own.some(
      ({ options }) => options.includes('setenv') || (byDefault && !options.includes('!setenv')),
    );
    if (maySet)
      told.push(
        tell('sudo-setenv', '', (users) =>
          fault(
            'sudo-setenv',
            `${users} may set variables for userdocker (SETENV): with LD_PRELOAD they run what they like as root`,
            'take SETENV out of the rule, or setenv out of the Defaults: visudo',
          ),
        ),
      );
    if (!flagFor(listing, launcher, 'env_reset', true))
      told.push(
        tell('sudo-env-reset', '', (users) =>
          fault(
            'sudo-env-reset',
            `sudo passes on the whole environment of ${users} (!env_reset) to userdocker`,
            'install userdocker again: its rule sets env_reset for userdocker; look for a Defaults that undoes it',
          ),
        ),
      );
    const kept = listFor(listing, launcher, 'env_keep').filter((name) =>
      unsafe.some((variable) => keeps(name, variable)),
    );
    if (kept.length > 0)
      told.push(
        tell('sudo-env-keep', kept.join(), (users) =>
          fault(
            'sudo-env-keep',
            `sudo keeps ${few(kept)} of ${users} for userdocker: they run what they like as root`,
            'install userdocker again: its rule sets env_keep for userdocker; look for a Defaults that undoes it',
          ),
        ),
      );
  }
  return told;
}

/** `LD_*`, `LD_PRELOAD=/x`; sudoers(5), env_keep. */
function keeps(pattern: string, variable: string): boolean {
  const name = pattern.split('=')[0] ?? '';
  return name === variable || (name.endsWith('*') && variable.startsWith(name.slice(0, -1)));
}

function judgeRunAs(entries: readonly SudoEntry[], { launchers }: Commands): readonly Told[] {
  const wrong = entries.filter(
    (entry) =>
      !isRoots(entry) &&
      entry.commands.some((command) => programOf(command) !== 'ALL' && covers(command, launchers)),
  );
  return wrong.map((entry) =>
    tell('sudo-runas', entry.runAs.join(), (users) =>
      warning(
        'sudo-runas',
        `a rule lets ${users} run userdocker as ${few(entry.runAs) || 'themselves'}: it works as root only`,
        '(root) in the rule: visudo',
      ),
    ),
  );
}

function judgeCallers(
  listings: readonly { readonly listing: SudoListing }[],
  { leftOut, listings: asked }: SudoFacts,
  { launchers }: Commands,
): readonly Finding[] {
  const findings: Finding[] = [];
  const silent = asked.filter(({ text }) => text === undefined).map(({ user }) => user);
  if (silent.length > 0)
    findings.push(
      warning(
        'sudo-silent',
        `sudo does not tell the rules of ${few(silent)}`,
        `sudo -ll -U ${word(silent[0] ?? '')}`,
      ),
    );
  if (leftOut > 0)
    findings.push(
      note('sudo-left-out', `the rules of ${leftOut} more users were not looked at`, 'sudo -ll -U NAME'),
    );
  const may = listings.some(({ listing }) =>
    listing.entries.some(
      (entry) =>
        isRoots(entry) &&
        entry.commands.some((command) => !command.startsWith('ALL') && covers(command, launchers)),
    ),
  );
  if (!may)
    findings.push(
      note(
        'sudo-nobody',
        'no user of this machine whom its databases list may call userdocker',
        'usermod --append --groups userdocker NAME (or the group of its sudoers rule)',
      ),
    );
  return findings;
}
