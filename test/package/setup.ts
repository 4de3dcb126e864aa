import { existsSync } from 'node:fs';
import { requireSandbox } from '../e2e/support/sandbox.ts';
import { debianRoot, here, light, packages } from './support.ts';

/** dist/packages as they are released, and in /srv/light the same with programs of one line: most tests ask for no more. */
export default async function setup(): Promise<void> {
  requireSandbox();
  for (const path of [`${packages}/SHA256SUMS`, `${debianRoot}/usr/bin/dpkg`]) {
    if (!existsSync(path))
      throw new Error(`${path} is missing; start these tests with: bash scripts/test.sh package`);
  }
  await here(`for program in linux-x64/userdocker linux-x64/userdocker-admin linux-arm64/userdocker linux-arm64/userdocker-admin; do
      mkdir -p /srv/programs/\${program%/*}
      printf '#!/bin/sh\\necho a program\\n' >/srv/programs/$program
      chmod 755 /srv/programs/$program
    done
    SOURCE_DATE_EPOCH=1700000000 bash scripts/package.sh --programs /srv/programs --output ${light}`);
}
