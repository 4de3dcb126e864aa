/** `completion bash|zsh|fish`: the shell's script, for those who want it elsewhere than where install.sh has put it. */
import process from 'node:process';
import { launcherOf } from '../caller/sudo.ts';
import { completionScripts } from '../completion/scripts.generated.ts';
import { usage } from '../domain/errors.ts';
import type { Ending } from '../exec/replace.ts';
import { HelpWanted } from '../pipeline.ts';
import type { Session } from './command.ts';

/** As the scripts name it; install.sh puts the prefix in, too. */
const usualLauncher = '/usr/local/bin/userdocker';

export async function completion(session: Session): Promise<Ending> {
  const [shell = '', surplus] = session.frame.args;
  if (shell === '--help' || shell === '-h') throw new HelpWanted('completion');
  const script = completionScripts.get(shell);
  const example = 'for example: source <(userdocker completion bash)';
  if (script === undefined)
    throw usage(`which shell? There are ${[...completionScripts.keys()].join(', ')}`, example);
  if (surplus !== undefined) throw usage(`completion takes one shell, and no ${surplus}`, example);
  session.print(script.replaceAll(usualLauncher, launcherOf(process.execPath)));
  return { kind: 'exited', status: 0 };
}
