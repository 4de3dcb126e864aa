import type { Area } from '../support/attack.ts';
import { images } from './images.ts';

/** All areas of the catalogue, in the order of docs/threats.md. */
export const catalogue: readonly Area[] = [images];
