import { existsSync, rmSync } from 'node:fs';
import { mustRoot } from '../../e2e/support/users.ts';

/** A file that only root can make: it is there once something of alice's has run as root. */
export const loot = '/run/loot';
export const takeLoot = `/usr/bin/id -u >>${loot}`;
export const isLooted = (): boolean => existsSync(loot);

/** Where alice has prepared whatever somebody might execute, read or look up. */
export const trap = '/home/alice/trap';

const plugin = `#!/bin/sh
${takeLoot}
echo '{"SchemaVersion":"0.1.0","Vendor":"alice","Version":"1","ShortDescription":"x"}'
`;
/** What a program might look up in PATH. */
const names =
  'docker docker-credential-evil env sudo sh bash setpriv getent id flock logger nvidia-smi xz zstd busybox mount umount';

export async function setTraps(): Promise<void> {
  await mustRoot(`set -e; umask 022; rm -rf ${trap}; mkdir -p ${trap}/bin ${trap}/.docker/cli-plugins ${trap}/locale ${trap}/tmp
    printf '#!/bin/sh\\n${takeLoot}\\n' >${trap}/evil; chmod 755 ${trap}/evil
    for name in ${names}; do cp ${trap}/evil ${trap}/bin/$name; done
    cat >${trap}/.docker/cli-plugins/docker-evil <<'END'
${plugin}END
    chmod 755 ${trap}/.docker/cli-plugins/docker-evil
    echo '{"credsStore":"evil"}' >${trap}/.docker/config.json
    echo "require('node:fs').writeFileSync('${loot}', '')" >${trap}/evil.js
    echo 'preload = ["${trap}/evil.js"]' >${trap}/bunfig.toml
    echo 'NV_GPU=trapped' >${trap}/.env
    echo 'console.log(process.env.NV_GPU)' >${trap}/show.js
    context=${trap}/.docker/contexts/meta/$(printf evil | sha256sum | cut -d' ' -f1); mkdir -p $context
    echo '{"Name":"evil","Metadata":{},"Endpoints":{"docker":{"Host":"unix://${trap}/engine.sock","SkipTLSVerify":false}}}' >$context/meta.json
    chown -R alice: ${trap}; chmod 777 ${trap}/tmp`);
}

export async function clearTraps(): Promise<void> {
  rmSync(loot, { force: true });
  await mustRoot(`rm -rf ${trap}`);
}
