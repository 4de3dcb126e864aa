/** Points in time as journalctl(1) and `docker logs --since` take them. Pure. */
import { err, ok, type Result } from '../../domain/result.ts';

/** Seconds. */
const units: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

const iso =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3})[0-9]*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$/;

/**
 * `2026-11-22`, `2026-11-22 10:30`, `2026-11-22T10:30:05Z`, `90s`, `2h`, `1h30m`, `7d` (ago), `now`, `today`, `yesterday`,
 * `@1790000000`. Without a zone it is this machine's.
 * @returns milliseconds since the epoch
 */
export function parseWhen(text: string, now: Date): Result<number> {
  const said = text.trim();
  const midnight = (daysAgo: number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo).getTime();
  if (said === 'now') return ok(now.getTime());
  if (said === 'today') return ok(midnight(0));
  if (said === 'yesterday') return ok(midnight(1));
  const epoch = /^@([0-9]{1,11})(?:\.[0-9]+)?$/.exec(said)?.[1];
  if (epoch !== undefined) return ok(Number(epoch) * 1000);
  const ago = duration(said.replace(/^-/, '').replace(/ +ago$/, ''));
  if (ago !== undefined) return ok(now.getTime() - ago * 1000);
  const time = isoTime(said);
  return time === undefined
    ? err(`${JSON.stringify(text)} is no time: 2026-11-22, 2026-11-22T10:30, 2h, 7d, today or yesterday`)
    : ok(time);
}

/** Seconds. */
function duration(text: string): number | undefined {
  if (!/^(?:[0-9]{1,9} *[smhdw] *)+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/([0-9]+) *([smhdw])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? 0), 0);
}

function isoTime(text: string): number | undefined {
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = match;
  const numbers = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = numbers;
  const milliseconds = Number(fraction.padEnd(3, '0'));
  // The 31st of April would become the 1st of May.
  const calendar = new Date(Date.UTC(y, m - 1, d, h, min, s, milliseconds));
  const isReal =
    calendar.getUTCMonth() === m - 1 && calendar.getUTCDate() === d && h < 24 && min < 60 && s < 60;
  if (!isReal) return undefined;
  if (zone === undefined) return new Date(y, m - 1, d, h, min, s, milliseconds).getTime();
  return calendar.getTime() - offset(zone) * 60_000;
}

/** Minutes east of Greenwich. */
function offset(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** `2026-11-22 10:30:05`, this machine's time. */
export function localTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  const two = (number: number) => String(number).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}
