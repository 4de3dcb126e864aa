/** The settings themselves; `userdocker-admin check` says more of them. Pure. */
import type { CheckReport } from '../../check.ts';
import { type Finding, fault, note } from '../finding.ts';

/** Of hundreds of mistakes the first few will do. */
const most = 10;

export function judgeConfiguration({ problems, warnings }: CheckReport): readonly Finding[] {
  const findings = problems
    .slice(0, most)
    .map(({ file, line, message }) =>
      fault(
        'configuration-problem',
        `${line === undefined ? file : `${file}:${line}`}: ${message}. Every call of those for whom it is, is refused`,
        'mend it; userdocker-admin check shows the place',
      ),
    );
  if (problems.length > most)
    findings.push(
      fault('configuration-problem', `${problems.length - most} more problems`, 'userdocker-admin check'),
    );
  if (warnings.length > 0) {
    const how = warnings.length === 1 ? 'one setting has' : `${warnings.length} settings have`;
    findings.push(
      note(
        'configuration-warnings',
        `${how} no effect or amount to root, or come near it`,
        'userdocker-admin check shows them with their reasons',
      ),
    );
  }
  return findings;
}
