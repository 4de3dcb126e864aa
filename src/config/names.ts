/** The names an admin may choose: keys of open maps, drivers. None ends in `+` or `-`, which are operators. */
import { err } from '../domain/result.ts';
import { isReservedVariable } from '../policy/environment.ts';
import { keyName, type Parse } from './values.ts';

const environmentForm = keyName('an environment variable', /^[A-Za-z_][A-Za-z0-9_]*$/);
/** Reserved: who runs the container and which GPUs it sees is not for `env` to say. */
export const environmentName: Parse<string> = (value, variables) => {
  const name = environmentForm(value, variables);
  return name.ok && isReservedVariable(name.value) ? err(`${name.value} is set by userdocker alone`) : name;
};

export const executorName = keyName('an executor', /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/);
/** sysctl(8): dots or slashes. */
export const sysctlName = keyName('a kernel setting', /^[a-z0-9_]+(?:[./][A-Za-z0-9_-]*[A-Za-z0-9_])+$/);
export const optionName = keyName('an option', /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/);
/** A plug-in's name is that of an image. Empty: the engine's own setting. */
export const driverName = keyName('a log driver', /^(?:[A-Za-z0-9][A-Za-z0-9_.:/@-]*)?$/);
