/** What `userdocker-admin import-config` says beside the YAML. Plain text. */
import { visible } from '../../report/visible.ts';
import type { Conversion } from './convert.ts';
import type { SampleRow } from './samples.ts';

/** What was not converted, and what an admin should know; a line each. */
export function problemLines({ files, notes }: Conversion): readonly string[] {
  return [
    ...files.flatMap(({ marks, layer }) =>
      marks.map(({ spot, why }) => {
        const line =
          spot.file === layer.input.path ? layer.input.text.split('\n')[spot.first - 1]?.trim() : undefined;
        const shown = line === undefined ? '' : `: ${visible(line).slice(0, 100)}`;
        return `not converted: ${visible(spot.file || layer.input.path)}:${spot.first}: ${visible(why)}${shown}`;
      }),
    ),
    ...notes.map((note) => `note: ${visible(note)}`),
  ];
}

/** The table of samples. Of further files only what they change. */
export function sampleTable(rows: readonly SampleRow[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const usual = new Map(
    rows.filter(({ files }) => files === first.files).map((row) => [row.line, verdictsOf(row)]),
  );
  const shown = rows.filter((row) => row.files === first.files || usual.get(row.line) !== verdictsOf(row));
  const width = Math.min(60, Math.max(...shown.map(({ line }) => line.length)));
  const lines = shown.flatMap((row, index) => {
    const heading =
      row.files === shown[index - 1]?.files ? [] : ['', `With ${visible(row.files)}:`, heads(width)];
    return [...heading, rowText(row, width)];
  });
  return `${lines.slice(1).join('\n')}\n\n${summary(rows)}\n`;
}

function verdictsOf({ python, userdocker }: SampleRow): string {
  return `${python.kind} ${userdocker?.kind}`;
}

function heads(width: number): string {
  return `  ${'userdocker ...'.padEnd(width)}  ${'Python'.padEnd(8)} ${'now'.padEnd(8)}`;
}

const remarks: { readonly [comparison in SampleRow['comparison']]: string } = {
  same: '',
  stricter: 'stricter by design: ',
  'read-only': 'read-only, as if :ro were written',
  looser: 'LOOSER: ',
  unknown: 'not known: ',
};

function rowText({ line, python, userdocker, comparison }: SampleRow, width: number): string {
  const why = remarks[comparison];
  const isAlike = comparison === 'same' || comparison === 'read-only';
  const reason = isAlike ? '' : comparison === 'looser' ? whyOf(python) : whyOf(userdocker ?? python);
  const unknown = comparison === 'unknown' && python.kind === 'unknown' ? python.why : reason;
  const told = visible(`${why}${unknown || (comparison === 'unknown' ? 'something is undecided' : '')}`);
  return `  ${visible(line).padEnd(width)}  ${python.kind.padEnd(8)} ${(userdocker?.kind ?? 'unknown').padEnd(8)} ${told}`.trimEnd();
}

function whyOf(verdict: { readonly kind: string; readonly why?: string }): string {
  return verdict.why ?? '';
}

function summary(rows: readonly SampleRow[]): string {
  const count = (comparison: SampleRow['comparison']) =>
    rows.filter((row) => row.comparison === comparison).length;
  return `${rows.length} samples: ${count('same') + count('read-only')} decided alike, ${count('stricter')} stricter, ${count('looser')} looser, ${count('unknown')} not known`;
}
