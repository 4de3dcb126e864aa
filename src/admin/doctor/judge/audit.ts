/** The audit log: can it be written, by root alone, and does it end somewhere? Pure. */
import { type Finding, fault, note, warning, word } from '../finding.ts';
import type { AuditFacts, AuditFileFacts } from '../gather/audit.ts';
import type { Entry } from '../gather/paths.ts';

/** Bytes. logrotate's `maxsize 100M` is looked at once a day. */
const large = 1024 ** 3;

export function judgeAudit(facts: AuditFacts): readonly Finding[] {
  return [...facts.files.flatMap((file) => judgeFile(file, facts)), ...judgeRotation(facts)];
}

function judgeFile(facts: AuditFileFacts, { required }: AuditFacts): readonly Finding[] {
  const { path, directory, file, links, bytes, failure } = facts;
  const means = required ? 'every call is refused (audit.required)' : 'nobody sees who ran what';
  const make = required ? fault : warning;
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (directory === undefined) {
    return [
      note(
        'audit-missing',
        `${parent} is missing: the first call makes it`,
        'install userdocker again: install.sh, or its package',
      ),
    ];
  }
  const findings = [
    ...weakness(directory, 'directory', means),
    ...(file === undefined ? [] : weakness(file, 'file', means)),
  ];
  if (file !== undefined && findings.length === 0 && (file.kind !== 'file' || links !== 1)) {
    findings.push(
      make(
        'audit-kind',
        `${path} is not a plain file of one name: ${means}`,
        `mv ${word(path)} ${word(`${path}.old`)}`,
      ),
    );
  }
  if (failure !== undefined && findings.length === 0) {
    findings.push(
      make(
        'audit-unwritable',
        `${path} can't be written (${failure}): ${means}`,
        `lsattr ${word(path)}; findmnt --target ${word(path)}`,
      ),
    );
  }
  if (bytes > large) {
    findings.push(
      warning(
        'audit-large',
        `${path} has grown to ${(bytes / large).toFixed(1)} GiB: it is not rotated`,
        'logrotate --verbose /etc/logrotate.d/userdocker; systemctl status logrotate.timer',
      ),
    );
  }
  return findings;
}

function weakness({ path, kind, uid, mode }: Entry, wanted: 'directory' | 'file', means: string): Finding[] {
  if (kind !== wanted) {
    return wanted === 'directory'
      ? [fault('audit-kind', `${path} is no directory: ${means}`, `ls -ld ${word(path)}`)]
      : [];
  }
  if (uid !== 0)
    return [
      fault(
        'audit-owner',
        `${path} belongs to uid ${uid} and not to root: ${means}`,
        `chown root ${word(path)}`,
      ),
    ];
  if ((mode & 0o022) !== 0)
    return [
      fault(
        'audit-writable',
        `${path} can be written by others than root: ${means}`,
        `chmod go-w ${word(path)}`,
      ),
    ];
  // What is asked for names projects, data and the like. In a closed directory the file's own mode is no matter.
  if (wanted === 'directory' && (mode & 0o055) !== 0) {
    return [
      warning(
        'audit-open',
        `${path} is open to others: they can read what everybody runs`,
        `chmod 700 ${word(path)}`,
      ),
    ];
  }
  return [];
}

function judgeRotation({ files, rotation, logrotate }: AuditFacts): readonly Finding[] {
  if (rotation === undefined)
    return [
      warning(
        'audit-rotation',
        'nothing rotates the audit log: it grows until the disk is full',
        'install userdocker again, which puts /etc/logrotate.d/userdocker in place',
      ),
    ];
  if (!logrotate)
    return [
      warning(
        'audit-rotation',
        'logrotate is not installed: the audit log grows until the disk is full',
        'install the package logrotate',
      ),
    ];
  const left = files.filter(({ path }) => !isNamed(path, rotation)).map(({ path }) => path);
  const findings = left.map((path) =>
    warning(
      'audit-rotation',
      `/etc/logrotate.d/userdocker does not name ${path}: it grows until the disk is full`,
      `a file of your own in /etc/logrotate.d that rotates ${path}`,
    ),
  );
  if (/^\s*copytruncate\b/m.test(rotation))
    findings.push(
      warning(
        'audit-rotation-loses',
        'the rotation of the audit log copies and truncates: records written meanwhile are lost',
        'take copytruncate out of /etc/logrotate.d/userdocker; userdocker opens the file anew each time',
      ),
    );
  return findings;
}

/** logrotate(8): file names and patterns stand in front of a brace. */
function isNamed(path: string, rotation: string): boolean {
  const names = rotation
    .split('\n')
    .filter((line) => !line.trim().startsWith('#'))
    .join('\n')
    .match(/(?:^|\s)"?(\/[^\s"{]+)"?/g);
  return (names ?? []).some((name) => {
    const plain = name.trim().replaceAll('"', '');
    const pattern = plain
      .replace(/[.+^$()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]');
    return new RegExp(`^${pattern}$`).test(path);
  });
}
