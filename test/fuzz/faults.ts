/** Defects put in on purpose, one at a time: a rule that does not look, a rule that is forgotten, a fact that is not known. */
import { renderOption } from '../../src/args/render.ts';
import type { ParsedCommand } from '../../src/args/types.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Fault } from './compile.ts';
import { specOf } from './spelling.ts';

/** The rules never see what the user gives for this flag, and docker gets it, behind what is enforced. */
function unruled(flag: string): Fault {
  const given = ({ options }: ParsedCommand) => options.filter((option) => option.flag === flag);
  return {
    name: `no rule looks at ${flag}`,
    flag,
    request: (request) => ({ ...request, options: request.options.filter((option) => option.flag !== flag) }),
    words: (words, request) => {
      const spec = specOf(flag);
      const added = given(request).flatMap(({ value }) => renderOption(spec, value));
      return words.toSpliced(endOfOptions(words), 0, ...added);
    },
  };
}

function endOfOptions(words: readonly string[]): number {
  const end = words.findIndex((word, index) => index > 0 && (word === '--' || !word.startsWith('-')));
  return end < 0 ? words.length : end;
}

/** What begins like this is not put in, whoever says so. */
function forgotten(beginning: string): Fault {
  return {
    name: `${beginning} is forgotten`,
    words: (words) => {
      const end = endOfOptions(words);
      return words.filter((word, index) => index >= end || !word.startsWith(beginning));
    },
  };
}

function replaced(name: string, pattern: RegExp, by: string): Fault {
  return { name, words: (words) => words.map((word) => word.replace(pattern, by)) };
}

function policy(name: string, change: (policy: Policy) => Policy): Fault {
  return { name, policy: change };
}

const flagsWithoutRule = [
  ...['--user', '--group-add', '--cap-add', '--security-opt', '--privileged', '--pids-limit'],
  ...['--volume', '--mount', '--tmpfs', '--volumes-from', '--volume-driver', '--workdir'],
  ...['--label', '--annotation', '--env', '--publish', '--network', '--ip', '--link'],
  ...['--pid', '--ipc', '--uts', '--userns', '--cgroupns', '--cgroup-parent', '--runtime', '--gpus'],
  ...['--device', '--device-cgroup-rule', '--device-read-bps', '--sysctl', '--ulimit', '--memory', '--cpus'],
  ...['--log-driver', '--log-opt', '--restart', '--rm', '--hostname'],
  ...['--add-host', '--mac-address', '--health-cmd', '--stop-timeout', '--oom-kill-disable'],
];

const forgettable = [
  ...[
    '--user=',
    '--cap-drop=',
    '--security-opt=',
    '--pids-limit=',
    '--sysctl=',
    '--log-driver=',
    '--log-opt=max-size=',
  ],
  ...[
    '--label=userdocker.uid=',
    '--label=userdocker.user=',
    '--label=userdocker.nonce=',
    '--label=userdocker.image=',
  ],
  ...['--label=userdocker.gpus=', '--label=userdocker.memory=', '--label=userdocker.cpus='],
  ...[
    '--env=NVIDIA_VISIBLE_DEVICES=',
    '--env=USERDOCKER_UID=',
    '--env=USERDOCKER_USER=',
    '--env=http_proxy=',
  ],
  ...[
    '--rm',
    '--init',
    '--network=none',
    '--dns=',
    '--memory=512m',
    '--mount=type=bind,source=/opt/x',
    '--name=',
  ],
];

export const faults: readonly Fault[] = [
  ...flagsWithoutRule.map(unruled),
  ...forgettable.map(forgotten),
  replaced('the caller’s group is root', /^--user=([0-9]+):.*/, '--user=$1:0'),
  replaced('one id too many', /^--group-add=[0-9]+$/, '--group-add=0'),
  replaced('read-only is lost', /,readonly$/, ''),
  replaced('mounts pass on', /^(--mount=type=bind,.*)$/, '$1,bind-propagation=rshared'),
  replaced('another target', /^(--mount=type=bind,source=[^,"]*,target=)[^,"]*/, '$1/elsewhere'),
  replaced('a tmpfs with set-user-ID programs', /^(--tmpfs=.*),nosuid/, '$1,suid'),
  replaced('all GPUs', /^--env=NVIDIA_VISIBLE_DEVICES=.*/, '--env=NVIDIA_VISIBLE_DEVICES=all'),
  replaced('a GPU more', /^(--gpus=.*)$/, '--gpus=all'),
  replaced(
    'another’s file',
    /^--cidfile=.*\/containers\/[0-9]+\/([0-9a-f]+)$/,
    '--cidfile=/tmp/userdocker-$1',
  ),
  replaced('pulled after all', /^--pull=never$/, '--pull=always'),
  policy('any mount rule for the whole host', (from) => ({
    ...from,
    volume_mounts: {
      ...from.volume_mounts,
      available: [...from.volume_mounts.available, ...from.volume_mounts.default].map((rule) => ({
        ...rule,
        host: '/',
        subtree: true,
        target: undefined,
      })),
    },
  })),
  policy('read-only rules let write', (from) => ({
    ...from,
    volume_mounts: {
      ...from.volume_mounts,
      available: from.volume_mounts.available.map((rule) => ({ ...rule, readOnly: false })),
    },
  })),
  { ...policy('any port', (from) => ({ ...from, allowed_port_mappings: ['.*'] })), flag: '--publish' },
  policy('ports are not counted', (from) => ({ ...from, limits: { ...from.limits, ports: undefined } })),
  policy('memory is not counted', (from) => ({ ...from, limits: { ...from.limits, memory: undefined } })),
  policy('processes are not counted', (from) => ({ ...from, limits: { ...from.limits, pids: undefined } })),
  policy('all groups, whatever the policy says', (from) => ({ ...from, groups_in_container: true })),
  policy('any image', (from) => ({ ...from, images: { ...from.images, allowed: ['.*'] } })),
  policy('other users’ images', (from) => ({
    ...from,
    images: { ...from.images, load_tags_template: 'elsewhere/${user}/' },
  })),
  policy('any GPU', (from) => ({ ...from, nvidia: { ...from.nvidia, allowed_gpus: 'ALL' } })),
  policy('env_always is the user’s', (from) => ({ ...from, env_always: {} })),
  {
    name: 'nobody has a GPU',
    facts: (facts) => ({
      ...facts,
      gpus: facts.gpus && { ...facts.gpus, known: { ...facts.gpus.known, holds: [] } },
    }),
  },
];
