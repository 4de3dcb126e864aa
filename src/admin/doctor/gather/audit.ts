import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, type Entry, inspectEntry } from './paths.ts';
import type { Settings } from './settings.ts';
import { readText } from './text.ts';

export interface AuditFacts {
  readonly required: boolean;
  readonly files: readonly AuditFileFacts[];
  /** Of /etc/logrotate.d/userdocker; `undefined`: there is none. */
  readonly rotation: string | undefined;
  readonly logrotate: boolean;
}

export interface AuditFileFacts {
  readonly path: string;
  readonly directory: Entry | undefined;
  /** `undefined`: there is none yet. */
  readonly file: Entry | undefined;
  readonly links: number;
  readonly bytes: number;
  /** Why it can't be opened for writing: `EROFS`, `EPERM` (chattr +i), ... */
  readonly failure: string | undefined;
}

export function gatherAudit({ auditFiles, auditRequired }: Settings): AuditFacts {
  return {
    required: auditRequired,
    files: auditFiles.map(lookAt),
    rotation: readText('/etc/logrotate.d/userdocker'),
    logrotate: ['/usr/sbin/logrotate', '/sbin/logrotate'].some((path) => inspectEntry(path) !== undefined),
  };
}

/** Opened as a call of userdocker's opens it, but never made, and nothing is written. */
function lookAt(path: string): AuditFileFacts {
  const directory = inspectEntry(dirname(path));
  const file = inspectEntry(path);
  const nothing = { path, directory, file, links: 1, bytes: 0 };
  // Opening a device may do something.
  if (file?.kind !== 'file') return { ...nothing, failure: undefined };
  const { O_WRONLY, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const descriptor = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);
    try {
      const { nlink, size } = fstatSync(descriptor);
      return { ...nothing, links: nlink, bytes: size, failure: undefined };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return { ...nothing, failure: codeOf(error) };
  }
}
