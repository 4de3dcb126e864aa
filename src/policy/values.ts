/**
 * Sizes, numbers of CPUs, integers and durations, in docker's units but in plain decimal form only. docker's own parsers (Go's strconv,
 * math/big, docker/go-units) also take `0x10`, `010` (eight, or ten, as the flag happens to be parsed), `1e3`, `1/2`, `1_000`, `+5`,
 * `Inf`: what is not plain is `undefined` here, so that nothing passes a bound under another reading.
 */

const number = '(?:0|[1-9][0-9]{0,14})';
const fraction = String.raw`(?:\.[0-9]{1,9})`;
const sizePattern = new RegExp(`^(${number}${fraction}?)(?:b|([kmgtp])(?:i?b)?)?$`, 'i');
const cpusPattern = new RegExp(`^(?:${number}${fraction}?|${fraction})$`);
const integerPattern = new RegExp(`^${number}$`);
const durationPattern =
  /^(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)s)?(?:([0-9]{1,9})ms)?$/;

const powers: ReadonlyMap<string, number> = new Map([...'kmgtp'].map((letter, index) => [letter, index + 1]));

/** Bytes of `64g`, `1.5GiB`, `1048576`; 1024-based as docker's memory options are (go-units, RAMInBytes), fractions cut off. */
export function parseSize(text: string): number | undefined {
  const match = sizePattern.exec(text);
  if (match === null) return undefined;
  const power = powers.get((match[2] ?? '').toLowerCase()) ?? 0;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Billionths of a CPU, docker's own unit (`HostConfig.NanoCpus`), of `1.5` or `.5`. */
export function parseNanoCpus(text: string): number | undefined {
  if (!cpusPattern.test(text)) return undefined;
  const nanoCpus = Math.round(Number(text) * 1e9);
  return Number.isSafeInteger(nanoCpus) ? nanoCpus : undefined;
}

/** An integer from 0, without sign or leading zero: pflag reads `010` as eight. */
export function parseInteger(text: string): number | undefined {
  return integerPattern.test(text) ? Number(text) : undefined;
}

/** Milliseconds of `90s`, `1h30m`, `1.5s`, `200ms`: Go's units, largest first, each once. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  if (match === null || text === '') return undefined;
  const [hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds;
}
