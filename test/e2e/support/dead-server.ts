import { processes, userdockerProgram } from './processes.ts';
import { mustRoot } from './users.ts';

const directory = '/srv/dead';

/**
 * A file server that does not answer: an automounter whose daemon never does anything. Whoever looks for a name in
 * /srv/dead waits (Linux, Documentation/filesystems/autofs.rst).
 */
export async function mountDeadServer(): Promise<void> {
  const options = 'fd=5,pgrp=$$,minproto=5,maxproto=5,indirect';
  await mustRoot(`mkdir -p ${directory}; mkfifo /run/automount
    (exec 5<>/run/automount; mount -i -t autofs -o ${options} dead ${directory}; exec sleep 100) >/dev/null 2>&1 &
    echo $! >/run/automount.pid
    for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; mountpoint -q ${directory} && break; done; mountpoint ${directory}`);
}

/** Also ends those calls of userdocker that still wait for it. */
export async function unmountDeadServer(): Promise<void> {
  for (const { pid, program } of processes()) if (program === userdockerProgram) process.kill(pid, 'SIGKILL');
  await mustRoot(
    `umount -l ${directory}; kill $(cat /run/automount.pid); rm /run/automount*; rmdir ${directory}`,
  );
}
