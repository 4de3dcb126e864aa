/** doas and pkexec: userdocker refuses calls through them, userdocker-admin and docker know no difference. Pure. */
import { type Finding, fault, warning, word } from '../finding.ts';
import type { SudoFacts } from '../gather/sudo.ts';
import type { Commands } from './sudo.ts';

export function judgeOtherWays({ doas, polkit }: SudoFacts, commands: Commands): readonly Finding[] {
  return [...doasRules(doas ?? '').flatMap((rule) => judgeDoas(rule, commands)), ...polkit.map(judgePolkit)];
}

interface DoasRule {
  readonly options: string;
  readonly identity: string;
  readonly target: string;
  /** `undefined`: every command. */
  readonly command: string | undefined;
}

/** doas.conf(5): `permit [options] identity [as target] [cmd command [args ...]]`, comments, lines that go on after `\`. */
export function doasRules(text: string): readonly DoasRule[] {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const words = (line.replace(/(^|\s)#.*$/, '').match(/"[^"]*"|\{[^}]*\}|\S+/g) ?? []).map((word) =>
      word.replace(/^"(.*)"$/, '$1'),
    );
    if (words[0] !== 'permit') return [];
    const at = words.findIndex(
      (word, index) => index > 0 && !/^(?:nopass|nolog|persist|keepenv|setenv|\{.*\})$/.test(word),
    );
    if (at < 0) return [];
    const after = (name: string) => {
      const index = words.indexOf(name, at + 1);
      return index < 0 ? undefined : words[index + 1];
    };
    return [
      {
        options: words.slice(1, at).join(' '),
        identity: words[at] ?? '',
        target: after('as') ?? 'root',
        command: after('cmd'),
      },
    ];
  });
}

function judgeDoas({ identity, target, command, options }: DoasRule, commands: Commands): readonly Finding[] {
  if (target !== 'root' || identity === 'root' || command === undefined) return [];
  const name = command.split('/').at(-1) ?? '';
  const isOne = (paths: readonly string[]) =>
    paths.some((path) => path === command || path.endsWith(`/${command}`));
  const fix = 'take the rule out of /etc/doas.conf';
  // A word without a slash is looked for in PATH, where the programs behind the launchers are not.
  if (isOne([...commands.admin, ...commands.engines]) || commands.programs.includes(command))
    return [
      fault('doas-root', `doas lets ${identity} run ${command} as root: that is root on this machine`, fix),
    ];
  if (!isOne(commands.launchers) && !/^(?:nvidia-)?userdocker$/.test(name)) return [];
  return /keepenv|setenv/.test(options)
    ? [
        fault(
          'doas-environment',
          `doas lets ${identity} run ${command} with variables of their own: with LD_PRELOAD they are root`,
          fix,
        ),
      ]
    : [
        warning(
          'doas-userdocker',
          `doas lets ${identity} run ${command}: userdocker refuses to be called so`,
          `${fix}, and write one for sudo`,
        ),
      ];
}

function judgePolkit({ file, text }: { readonly file: string; readonly text: string }): Finding {
  const fix = `take userdocker out of ${word(file)}`;
  return text.includes('userdocker-admin')
    ? fault('polkit-admin', `${file} names userdocker-admin: whom polkit lets run it is root`, fix)
    : warning(
        'polkit-userdocker',
        `${file} names userdocker: it refuses to be called through pkexec`,
        `${fix}, and write a rule for sudo`,
      );
}
