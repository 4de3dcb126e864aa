import type { Area } from '../support/attack.ts';
import { audit } from './audit.ts';
import { commands } from './commands.ts';
import { configuration } from './configuration.ts';
import { environment } from './environment.ts';
import { gpus } from './gpus.ts';
import { images } from './images.ts';
import { isolation } from './isolation.ts';
import { limits } from './limits.ts';
import { load } from './load.ts';
import { mounts } from './mounts.ts';
import { network } from './network.ts';
import { ownership } from './ownership.ts';
import { resources } from './resources.ts';
import { sudo } from './sudo.ts';
import { users } from './users.ts';
import { writes } from './writes.ts';

/** All areas of the catalogue, in the order of docs/threats.md. */
export const catalogue: readonly Area[] = [
  images,
  isolation,
  resources,
  commands,
  mounts,
  writes,
  ownership,
  load,
  environment,
  sudo,
  configuration,
  network,
  gpus,
  audit,
  limits,
  users,
];
