/** Every subcommand that a policy can allow. What stands nowhere here does not exist for userdocker. */
export const knownSubcommands = [
  'attach',
  'cp',
  'dockviz',
  'exec',
  'images',
  'inspect',
  'kill',
  'load',
  'logs',
  'port',
  'ps',
  'pull',
  'restart',
  'rm',
  'rmi',
  'run',
  'start',
  'stats',
  'stop',
  'top',
  'version',
  'wait',
] as const;

export type Subcommand = (typeof knownSubcommands)[number];
