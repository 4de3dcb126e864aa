/** What can be wrong with an archive: the user's input, said in one sentence. */

import { denied, type UserdockerError, usage } from '../domain/errors.ts';
import { formatBytes } from '../policy/limits.ts';

const accepted =
  'load takes what "docker save" wrote, or an OCI image layout: tar, plain or with gzip, zstd, xz or bzip2';

export function badArchive(message: string, hint: string = accepted): UserdockerError {
  return usage(message, hint);
}

export function endsEarly(): UserdockerError {
  return badArchive('the archive ends early', 'was it copied completely, and nothing appended to it?');
}

export function noArchive(): UserdockerError {
  return badArchive('standard input is no tar archive, or a damaged one');
}

export function tooLarge(loadMax: number): UserdockerError {
  return denied({
    rule: 'images.load_max',
    message: `the archive unpacks to more than ${formatBytes(loadMax)} of data`,
    instead: 'a smaller image; ask your admin if it has to be that large',
  });
}
