/**
 * Whether a program is a distribution's, and which holes its package says that it has mended: a distribution keeps the
 * authors' version and names the CVE in its list of changes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { askTool } from './tools.ts';

export interface PackageFacts {
  readonly packaged: boolean;
  /** `undefined`: there is no list of changes to be read. */
  readonly mentioned: readonly string[] | undefined;
}

/**
 * @param names of the package, the distributions' own and others'; the first that is installed counts
 * @param program an absolute path, for rpm
 */
export async function lookUpPackage(
  names: readonly string[],
  program: string | undefined,
): Promise<PackageFacts> {
  const name = names.find((each) => existsSync(`/var/lib/dpkg/info/${each}.list`));
  if (name !== undefined) return { packaged: true, mentioned: debianChanges(name) };
  if (program === undefined || !existsSync('/usr/bin/rpm')) return { packaged: false, mentioned: undefined };
  const vendor = await askTool('/usr/bin/rpm', ['-q', '--queryformat', '%{VENDOR}', '-f', program]);
  // The authors' own packages (docker-ce, containerd.io, the NVIDIA toolkit) are what their version says.
  if (vendor.status !== 0 || /docker|nvidia/i.test(vendor.stdout))
    return { packaged: false, mentioned: undefined };
  const { status, stdout } = await askTool('/usr/bin/rpm', ['-q', '--changelog', '-f', program]);
  return { packaged: true, mentioned: status === 0 ? cvesIn(stdout) : undefined };
}

/** Debian policy 12.7: /usr/share/doc/PACKAGE/changelog.Debian.gz. */
function debianChanges(name: string): readonly string[] | undefined {
  try {
    const packed = readFileSync(`/usr/share/doc/${name}/changelog.Debian.gz`);
    return cvesIn(gunzipSync(packed, { maxOutputLength: 16 * 1024 * 1024 }).toString('utf8'));
  } catch {
    return undefined;
  }
}

export function cvesIn(text: string): readonly string[] {
  return [...new Set(text.match(/CVE-[0-9]{4}-[0-9]{4,}/g) ?? [])];
}
