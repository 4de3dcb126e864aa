/** What is refused before a command line is read, or after it was allowed. */
import { identifyCaller } from '../../src/caller/identity.ts';
import { systemNames } from '../../src/caller/name-service.ts';
import { reexecThroughSudo } from '../../src/caller/sudo.ts';
import { takeFormat } from '../../src/commands/own-format.ts';
import { configError, type Failure, unavailable } from '../../src/domain/errors.ts';
import { endsEarly, noArchive, tooLarge } from '../../src/load/failure.ts';
import { failureOf } from './support.ts';

interface Other {
  readonly title: string;
  readonly failure: Failure;
}

const ids = { uid: 0, euid: 0, gid: 0, egid: 0 };
const identify = (env: { readonly [name: string]: string }, who: typeof ids = ids) =>
  failureOf(() => identifyCaller({ ids: who, env, names: systemNames }));
const sudo = (stderr: string, installed = true) =>
  failureOf(() =>
    reexecThroughSudo(['ps'], {
      env: {},
      launcher: '/usr/local/bin/userdocker',
      isExecutable: () => installed,
      ask: () => ({ status: 1, stderr }),
      hasTerminal: () => false,
      replace: async () => ({ kind: 'exited', status: 0 }),
    }),
  );

export const elsewhere: readonly Other[] = [
  { title: 'sudo does not allow it', failure: sudo('') },
  { title: 'sudo wants a password', failure: sudo('sudo: a password is required') },
  { title: 'there is no sudo', failure: sudo('', false) },
  { title: 'half of what sudo says', failure: identify({ SUDO_UID: '1000' }) },
  { title: 'no uid', failure: identify({ SUDO_UID: '00', SUDO_GID: '0' }) },
  { title: 'through doas', failure: identify({ DOAS_USER: 'alice' }) },
  { title: 'a setuid copy', failure: identify({}, { ...ids, uid: 1000 }) },
  { title: 'a format of explain', failure: failureOf(() => takeFormat('explain', ['--format', 'xml'])) },
  { title: 'load of half an archive', failure: endsEarly().failure },
  { title: 'load of no archive', failure: noArchive().failure },
  { title: 'load of a large one', failure: tooLarge(50 * 1024 ** 3).failure },
  {
    title: 'an engine that is down',
    failure: unavailable(
      'the docker engine does not answer at /var/run/docker.sock: nobody listens there',
      'is it running? (systemctl status docker)',
    ).failure,
  },
  {
    title: 'a configuration with mistakes',
    failure: configError(
      {
        file: '/etc/userdocker/config.yaml',
        line: 3,
        column: 1,
        sourceLine: 'limitz: {gpus: 2}',
        message: 'unknown setting limitz (did you mean limits?)',
      },
      { file: '/etc/userdocker/group/config_10_students.yaml', message: 'is writable by group or others' },
    ).failure,
  },
];
