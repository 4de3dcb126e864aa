/** The findings for people, and for monitoring. Pure. */
import { type Painter, plain } from '../../report/painter.ts';
import { visible, visibleJson, wrap } from '../../report/visible.ts';
import { userdockerVersion } from '../../version.ts';
import { type Found, type Severity, severities } from './finding.ts';

export interface DoctorOptions {
  /** Notes are left out, and where nothing else is found there is not a word. */
  readonly quiet: boolean;
  readonly paint?: Painter;
  readonly width?: number | undefined;
}

/** As Nagios and its like understand it: 0 is well, 1 a warning, 2 critical. Notes do not count. */
export function doctorStatus(findings: readonly Found[]): 0 | 1 | 2 {
  if (findings.some(({ severity }) => severity === 'fault')) return 2;
  return findings.some(({ severity }) => severity === 'warning') ? 1 : 0;
}

/** Ends with a newline, or is empty. */
export function doctorText(findings: readonly Found[], options: DoctorOptions): string {
  if (options.quiet && doctorStatus(findings) === 0) return '';
  const shown = findings.filter(({ severity }) => !options.quiet || severity !== 'note');
  const sum = severities.map((severity) => count(findings, severity)).join(', ');
  return [...shown.map((finding) => block(finding, options)), `${sum}\n`].join('');
}

function block({ part, severity, message, fix }: Found, { paint = plain, width }: DoctorOptions): string {
  const columns = width === undefined ? undefined : Math.min(120, Math.max(60, width));
  const start = `${severity}:`;
  const text = wrap(`${start} ${part}: ${visible(message)}`, columns, '    ');
  const mend = wrap(`  Mend: ${visible(fix)}`, columns, '    ');
  const head = severity === 'note' ? paint.label(start) : paint.error(start);
  return `${head}${text.slice(start.length)}\n${paint.label('  Mend:')}${mend.slice('  Mend:'.length)}\n`;
}

function count(findings: readonly Found[], severity: Severity): string {
  const number = findings.filter((finding) => finding.severity === severity).length;
  return `${number} ${severity}${number === 1 ? '' : 's'}`;
}

/** One object. Ends with a newline. */
export function doctorJson(findings: readonly Found[]): string {
  const number = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const document = {
    version: userdockerVersion,
    status: doctorStatus(findings),
    faults: number('fault'),
    warnings: number('warning'),
    notes: number('note'),
    findings: findings.map(({ id, part, severity, message, fix }) => ({ id, part, severity, message, fix })),
  };
  return `${visibleJson(document, 2)}\n`;
}
