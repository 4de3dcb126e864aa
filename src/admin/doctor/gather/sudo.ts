import { type Accounts, gatherAccounts } from './accounts.ts';
import { lookUpPackage, type PackageFacts } from './packages.ts';
import { namesIn, readText } from './text.ts';
import { askTool } from './tools.ts';

export interface SudoFacts {
  /** Of `sudo -V`, `sudo-rs 0.2.8` for that one; `undefined`: there is no sudo. */
  readonly version: string | undefined;
  readonly package: PackageFacts;
  /** `visudo -c`: status, and what it says. */
  readonly check: { readonly status: number | undefined; readonly text: string };
  /** `sudo -ll -U USER` for each of them; `undefined` as text: no answer. */
  readonly listings: readonly { readonly user: string; readonly text: string | undefined }[];
  /** How many users were left out. */
  readonly leftOut: number;
  readonly doas: string | undefined;
  /** Files of polkit that name userdocker. */
  readonly polkit: readonly { readonly file: string; readonly text: string }[];
}

/** Each takes some 15 ms, more where rules come from a directory. */
const mostUsers = 200;
const sudo = '/usr/bin/sudo';
/** sudo breaks its lines at 80 columns, unless into a FIFO, and Node's pipes are sockets. */
const noWrapping = { COLUMNS: '1000000' };

export async function gatherSudo(): Promise<SudoFacts> {
  const deadline = Date.now() + 10_000;
  const [said, check, accounts, facts] = await Promise.all([
    askTool(sudo, ['-V']),
    askTool('/usr/sbin/visudo', ['-c']),
    gatherAccounts(),
    lookUpPackage(['sudo', 'sudo-ldap'], sudo),
  ]);
  const users = accounts === undefined ? [] : candidates(accounts);
  const listings: SudoFacts['listings'][number][] = [];
  for (const user of users.slice(0, mostUsers)) {
    if (Date.now() > deadline) break;
    const { status, stdout } = await askTool(sudo, ['-ll', '-U', user], 3_000, noWrapping);
    listings.push({ user, text: status === 0 ? stdout : undefined });
  }
  return {
    version: said.status === 0 ? versionIn(said.stdout) : undefined,
    package: facts,
    check: { status: check.status, text: `${check.stderr}${check.stdout}` },
    listings,
    leftOut: users.length - listings.length,
    doas: readText('/etc/doas.conf'),
    polkit: polkitFiles(),
  };
}

/** `Sudo version 1.9.13p3`, `sudo-rs 0.2.8`. */
function versionIn(text: string): string {
  return /^Sudo version (\S+)/m.exec(text)?.[1] ?? /^sudo-rs \S+/m.exec(text)?.[0] ?? 'unknown';
}

/** People first, by who is in groups: those may have rules. Accounts of services too: a rule for one is easily forgotten. */
function candidates({ users, groups }: Accounts): readonly string[] {
  const inGroups = groups.flatMap(({ members }) => members);
  const people = users.filter(({ uid }) => uid >= 1000 && uid < 65534).map(({ name }) => name);
  const services = users.filter(({ uid }) => uid > 0 && uid < 1000).map(({ name }) => name);
  return [...new Set([...inGroups, ...people, ...services])].filter(
    (name) => name !== 'root' && !name.startsWith('-'),
  );
}

/** polkit(8): actions (XML) and rules (JavaScript). They are not interpreted; that they name userdocker is enough. */
function polkitFiles(): SudoFacts['polkit'] {
  const directories = [
    '/usr/share/polkit-1/actions',
    '/etc/polkit-1/actions',
    '/usr/share/polkit-1/rules.d',
    '/etc/polkit-1/rules.d',
  ];
  return directories.flatMap((directory) =>
    namesIn(directory).flatMap((name) => {
      const file = `${directory}/${name}`;
      const text = readText(file) ?? '';
      return text.includes('userdocker') ? [{ file, text }] : [];
    }),
  );
}
