import manifest from '../package.json' with { type: 'json' };

/** userdocker's own version, as in package.json. */
export const userdockerVersion: string = manifest.version;
