/** Free space where userdocker and the engine write. Pure. */
import { type Finding, fault, warning, word } from '../finding.ts';
import type { DiskFact } from '../gather/disk.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

export function judgeDisks(disks: readonly DiskFact[]): readonly Finding[] {
  return disks.flatMap((disk) => [...judgeSpace(disk), ...judgeInodes(disk)]);
}

function judgeSpace({ what, path, free, total }: DiskFact): readonly Finding[] {
  const fix = `df -h ${word(path)}; docker system df, docker image prune`;
  if (free < 16 * mebibyte)
    return [
      fault(
        'disk-full',
        `${path} (${what}) is full: ${size(free)} free of ${size(total)}. Calls fail or are refused`,
        fix,
      ),
    ];
  // A tenth of a small file system, a few images on a large one. /run is small and stays small.
  const least = Math.min(total / 20, 5 * gibibyte);
  if (free < least)
    return [
      warning('disk-low', `${path} (${what}) is nearly full: ${size(free)} free of ${size(total)}`, fix),
    ];
  return [];
}

function judgeInodes({ what, path, inodes, freeInodes }: DiskFact): readonly Finding[] {
  if (inodes === 0 || freeInodes > inodes / 100) return [];
  return [
    warning(
      'disk-inodes',
      `${path} (${what}) can take hardly any more files: ${freeInodes} of ${inodes}`,
      `df -i ${word(path)}; docker image prune`,
    ),
  ];
}

function size(bytes: number): string {
  return bytes < gibibyte ? `${Math.floor(bytes / mebibyte)} MiB` : `${(bytes / gibibyte).toFixed(1)} GiB`;
}
