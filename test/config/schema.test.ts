import { describe, expect, test } from 'vitest';
import { load, problemsOf } from './support.ts';

describe('every kind of mistake, and where it stands', () => {
  test.each<[yaml: string, problems: string[]]>([
    ['volume_mount: {}', ['1:1 unknown setting volume_mount (did you mean volume_mounts?)']],
    ['LOG_LEVEL: info', ['1:1 unknown setting LOG_LEVEL (did you mean log_level?)']],
    [
      'allowed_subcomands+: [ps]',
      ['1:1 unknown setting allowed_subcomands+ (did you mean allowed_subcommands?)'],
    ],
    [
      'nvidia: {smi: /x, allowed_gpu: ALL}',
      ['1:19 nvidia: unknown setting allowed_gpu (did you mean allowed_gpus?)'],
    ],
    ['limits:\n  containers: 3\n  memry: 1g', ['3:3 limits: unknown setting memry (did you mean memory?)']],
    [
      'limits: {frobnicate: 1}',
      ['1:10 limits: unknown setting frobnicate (there are: containers, gpus, memory, cpus, pids, ports)'],
    ],
    ['args: {rn: {}}', ['1:8 args: unknown setting rn (did you mean rm?)']],
    [
      'args: {build: {}}',
      [expect.stringMatching(/^1:8 args: unknown setting build \(there are: attach, cp, dockviz, /)],
    ],
    ['args: {run: {allways: [--rm]}}', ['1:14 args.run: unknown setting allways (did you mean always?)']],
    [
      'a: 1\nb: 2',
      [expect.stringMatching(/^1:1 unknown setting a /), expect.stringMatching(/^2:1 unknown setting b /)],
    ],
    ['log_level: loud', ['1:12 log_level: "loud" is not one of debug, info, warning, error']],
    [
      'log_level+: info',
      ['1:1 log_level+: log_level is not a list; write log_level: (a map is merged name by name)'],
    ],
    ['env+: {A: x}', ['1:1 env+: env is not a list; write env: (a map is merged name by name)']],
    ['nvidia+: {}', ['1:1 nvidia+: nvidia is not a list; write nvidia: (a map is merged name by name)']],
    ['args-: [run]', ['1:1 args-: args is not a list; write args: (a map is merged name by name)']],
    ['caps_drop: ALL', ['1:12 caps_drop: expected a list, found "ALL"']],
    ['caps_drop:', ['1:11 caps_drop: expected a list, found nothing']],
    ['caps_drop+: {A: b}', ['1:13 caps_drop+: expected a list, found a map']],
    ['caps_drop: [ALL, "NET RAW"]', ['1:18 caps_drop[1]: expected a capability or ALL, found "NET RAW"']],
    ['nvidia: ALL', ['1:9 nvidia: expected a map (NAME: VALUE), found "ALL"']],
    ['nvidia: [smi]', ['1:9 nvidia: expected a map (NAME: VALUE), found a list']],
    ['nvidia:', ['1:8 nvidia: expected a map (NAME: VALUE), found nothing']],
    ['env: [A=b]', ['1:6 env: expected a map (NAME: VALUE), found a list']],
    ['env: {A-B: x}', ['1:7 env: "A-B" is no name of an environment variable']],
    ['env: {A: [x]}', ['1:10 env.A: expected a text, found a list']],
    ['env: {A: null}', ['1:10 env.A: expected a text, found nothing']],
    ['env: {USERDOCKER_UID: 0}', ['1:7 env: USERDOCKER_UID is set by userdocker alone']],
    [
      'env_always: {NVIDIA_VISIBLE_DEVICES: all}',
      ['1:14 env_always: NVIDIA_VISIBLE_DEVICES is set by userdocker alone'],
    ],
    [
      'env_by_executor: {docker: {1A: x}}',
      ['1:28 env_by_executor.docker: "1A" is no name of an environment variable'],
    ],
    ['env_by_executor: {a/b: {}}', ['1:19 env_by_executor: "a/b" is no name of an executor']],
    ['sysctls: {net: 1}', ['1:11 sysctls: "net" is no name of a kernel setting']],
    [
      'allowed_subcommands+: [ps, inspct]',
      [
        expect.stringMatching(
          /^1:28 allowed_subcommands\+\[1\]: "inspct" is not one of attach, .* \(did you mean inspect\?\)$/,
        ),
      ],
    ],
    [
      'args: {run: {always: [--rm, -it]}}',
      [
        '1:29 args.run.always[1]: expected a flag such as -t or --tty, found "-it" (each flag apart, not -it)',
      ],
    ],
    [
      'args: {run: {available+: [--cidfile=]}}',
      ["1:27 args.run.available+[0]: --cidfile can't be offered: docker's client writes that file as root"],
    ],
    [
      'args: {run: {available+: [[--workdir=, -t]]}}',
      ['1:27 args.run.available+[0]: -t is not another name of --workdir: it needs an entry of its own'],
    ],
    [
      'volume_mounts: {available+: [x:/y]}',
      ['1:30 volume_mounts.available+[0]: x:/y: not an absolute path: "x"'],
    ],
    ['volume_mounts: {always: [/data]}', ['1:26 volume_mounts.always[0]: /data: say where: HOST:CONTAINER']],
    ['volume_mounts: {probe: 1}', ['1:24 volume_mounts.probe: expected true or false, found 1']],
    [
      'images: {allowed: ["("]}',
      [expect.stringMatching(/^1:20 images\.allowed\[0\]: not a regular expression: /)],
    ],
    [
      "images: {allowed: ['${usr}']}",
      ['1:20 images.allowed[0]: ${usr} is no variable; there are ${uid} ${gid} ${user} ${group} ${home}'],
    ],
    [
      'images: {load_tags: "x/"}',
      ['1:21 images.load_tags: x/ would be shared by all users: put in ${user} or ${uid}'],
    ],
    [
      'images: {load_max: null}',
      ['1:20 images.load_max: expected a size such as 64g or 512m, found nothing'],
    ],
    [
      'container_names: {allowed: "["}',
      [expect.stringMatching(/^1:28 container_names\.allowed: not a regular expression: /)],
    ],
    [
      'allowed_port_mappings: [80]',
      ['1:25 allowed_port_mappings[0]: expected a regular expression, found 80'],
    ],
    ['limits: {memory: 64q}', ['1:18 limits.memory: expected a size such as 64g or 512m, found "64q"']],
    ['limits: {memory: 0}', ['1:18 limits.memory: 0 would be no limit to docker: for no limit write null']],
    ['limits: {pids: 0}', ['1:16 limits.pids: expected a whole number, 1 or more, found 0']],
    ['limits: {pids: -1}', ['1:16 limits.pids: expected a whole number, 1 or more, found -1']],
    [
      'nvidia: {allowed_gpus: all}',
      ['1:24 nvidia.allowed_gpus: expected ALL or a list of GPUs, found "all"'],
    ],
    [
      'nvidia: {allowed_gpus: [0, x]}',
      ['1:28 nvidia.allowed_gpus[1]: expected the index or UUID of a GPU, found "x"'],
    ],
    ['nvidia: {allowed_gpus+: ALL}', ['1:25 nvidia.allowed_gpus+: expected a list, found "ALL"']],
    [
      'nvidia: {max_gpu_count_reservation: -2}',
      ['1:37 nvidia.max_gpu_count_reservation: expected a whole number, -1 or more, found -2'],
    ],
    [
      'docker_host: tcp://h:2375',
      [
        '1:14 docker_host: tcp://h:2375 is not supported: userdocker speaks to a local engine only, unix:///PATH',
      ],
    ],
    ['docker_config: ~/.docker', ['1:16 docker_config: not an absolute path: "~/.docker"']],
    ['executors: {docker: docker}', ['1:21 executors.docker: not an absolute path: "docker"']],
    [
      'executors: {docker: {path: /x, gpu: cdi}}',
      ['1:21 executors.docker: unknown key gpu of an executor (did you mean gpus?)'],
    ],
    ['audit: {file: audit.jsonl}', ['1:15 audit.file: not an absolute path: "audit.jsonl"']],
    [
      'caps_drop: [ALL]\ncaps_drop-: [ALL]',
      ['2:1 caps_drop: either caps_drop or caps_drop- in one file, not both'],
    ],
    [
      'args:\n  run:\n    always+: [--rm]\n    always: [--rm]',
      ['3:5 args.run.always: either always or always+ in one file, not both'],
    ],
  ])('%j', (yaml, problems) => {
    expect(problemsOf(yaml)).toEqual(problems);
  });

  test('all at once, in the order of the file', () => {
    const yaml = [
      'zzz: 1',
      'log_level: x',
      'limits: {pids: 0, x: 1}',
      'env: {A: 1.10}',
      'caps_drop: [1]',
    ].join('\n');
    expect(problemsOf(yaml).map((problem) => problem.split(' ', 1)[0])).toEqual([
      '4:10',
      '1:1',
      '2:12',
      '3:16',
      '3:19',
      '5:13',
    ]);
  });

  test('what is not YAML is not held against the schema', () => {
    expect(problemsOf('zzz: [1\n')).toHaveLength(1);
  });
});

describe('names of prototypes are names like any other', () => {
  test.each(['constructor', 'prototype', 'toString', 'hasOwnProperty', '__proto__+', 'constructor-'])(
    '%s is no setting',
    (name) => {
      expect(problemsOf(`${name}: {}`)).toEqual([expect.stringContaining(`1:1 unknown setting ${name} `)]);
      expect(problemsOf(`nvidia: {${name}: {}}`)).toEqual([
        expect.stringContaining(`unknown setting ${name} `),
      ]);
      expect(problemsOf(`args: {${name}: {}}`)).toEqual([
        expect.stringContaining(`unknown setting ${name} `),
      ]);
    },
  );

  test.each(['constructor', 'toString', 'hasOwnProperty'])(
    '%s is a variable, and nothing is inherited',
    (name) => {
      expect(load(`env: {${name}: x}`).policy.env).toEqual({ HOME: '/home/alice', [name]: 'x' });
      expect(Reflect.get(load('').policy.env, name)).toBe(undefined);
    },
  );

  test('__proto__ in an open map is not passed over', () => {
    for (const map of ['executors', 'sysctls', 'env', 'args', 'nvidia']) {
      expect(problemsOf(`${map}: {__proto__: {}}`)).toContainEqual(
        `1:${map.length + 4} __proto__ is no name`,
      );
    }
    expect(problemsOf('__proto__: {}')).toContainEqual('1:1 __proto__ is no name');
  });

  test.each(['executors', 'args', 'env', 'env_always', 'sysctls', 'env_by_executor'] as const)(
    'no name of a user finds what nobody put into %s',
    (setting) => {
      const map = load('').policy[setting];
      for (const name of ['constructor', '__proto__', 'toString'])
        expect(Reflect.get(map, name)).toBe(undefined);
    },
  );
});
