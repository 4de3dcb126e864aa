import { mustRun } from './support/command.ts';
import { startEngine } from './support/engine.ts';
import { makeImages } from './support/images.ts';
import { requireSandbox } from './support/sandbox.ts';
import { makeUsers } from './support/users.ts';

/**
 * The machine on which all end-to-end tests run: an engine, users, images, and userdocker as install.sh puts it there.
 * There is no teardown: the sandbox ends, and all of it with it.
 */
export default async function setup(): Promise<void> {
  requireSandbox();
  await Promise.all([startEngine(), makeUsers()]);
  await Promise.all([makeImages(), install()]);
}

async function install(): Promise<void> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' };
  await mustRun({ argv: ['./install.sh', '--no-build', '--group', 'users'], env, cwd: process.cwd() });
}
