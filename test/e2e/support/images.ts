import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRoot } from './users.ts';

/**
 * Images made of one static busybox; no registry is needed.
 * `box`: nothing special. `setuid`: `su -c COMMAND` in it makes anybody root, as long as new privileges can be had.
 * `forged`: says of itself all that userdocker must not believe.
 */
export const images = ['box', 'setuid', 'forged'] as const;

export async function makeImages(): Promise<void> {
  await importImage('box');
  await importImage('setuid', {
    prepare: 'chmod 4755 bin/busybox && echo root::0:0:root:/root:/bin/sh >etc/passwd',
  });
  await importImage('forged', {
    changes: [
      'USER 0:0',
      'WORKDIR /made/by/image',
      'VOLUME /volume',
      'EXPOSE 8080/tcp',
      'ENV USERDOCKER=forged USERDOCKER_USER=bob USERDOCKER_UID=0 NVIDIA_VISIBLE_DEVICES=all LD_PRELOAD=/evil.so',
      'LABEL userdocker.uid=0 userdocker.user=bob userdocker.gpus=0,1 userdocker.version=forged',
    ],
  });
}

interface Recipe {
  /** A line of shell, run in the image's root before it is packed. */
  readonly prepare?: string;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
}

/** Makes the image `name` (`name:latest` without a tag) in the engine. */
export async function importImage(name: string, { prepare = ':', changes = [] }: Recipe = {}): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    await mustRoot(
      `set -e; chmod 755 .; mkdir -p bin etc root home proc sys dev; mkdir -m 1777 tmp
       cp --dereference "$(command -v busybox)" bin/busybox
       for applet in $(bin/busybox --list); do [ -e bin/$applet ] || ln -s busybox bin/$applet; done
       echo root:x:0:0:root:/root:/bin/sh >etc/passwd; echo root:x:0: >etc/group
       ${prepare}
       tar --create . >../${name.replaceAll(/[^a-z0-9]/g, '-')}.tar`,
      { cwd: root },
    );
    const options = changes.map((change) => `--change '${change}'`).join(' ');
    const archive = `${tmpdir()}/${name.replaceAll(/[^a-z0-9]/g, '-')}.tar`;
    await mustRoot(`/usr/bin/docker import ${options} - ${name} <${archive} && rm ${archive}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}
