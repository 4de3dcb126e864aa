import type { Reason } from '../domain/errors.ts';

/**
 * Bytes. The engine repeats labels and command of each image and container in its lists, which everybody's calls read: some
 * with megabytes of labels would make them fail for all, whether or not anybody runs them: `load` takes no more either.
 */
export const largestConfiguration = 256 * 1024;
const largestLabels = 16 * 1024;

/** @param labels the user's own, as given */
export function judgeSizes(configuration: number, labels: readonly string[]): readonly Reason[] {
  const own = labels.reduce((sum, label) => sum + label.length, 0);
  return [
    ...(configuration > largestConfiguration
      ? [
          {
            rule: 'images',
            message: `the image's labels and variables take more than ${largestConfiguration} bytes`,
          },
        ]
      : []),
    ...(own > largestLabels
      ? [
          {
            rule: 'args.run',
            message: `your labels take more than ${largestLabels} bytes`,
            instead: 'fewer or shorter ones',
          },
        ]
      : []),
  ];
}
