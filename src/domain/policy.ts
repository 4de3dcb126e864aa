/**
 * The merged policy of one caller: plain data, template variables already put in. The names are those of the YAML.
 * src/config makes it; the zod schema in src/config/schema.ts is checked against these types at compile time.
 */

export interface Origin {
  /** `default`, `config`, `group`, `gid`, `user` or `uid`. */
  readonly layer: Layer;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}
export type Layer = 'default' | 'config' | 'group' | 'gid' | 'user' | 'uid';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';
export type GpuMode = 'nv_gpu' | 'runtime' | 'flag' | 'cdi';
export type PullPolicy = 'default' | 'never' | 'always';

export interface Executor {
  readonly path: string;
  /** `undefined`: this executor reserves no GPUs. */
  readonly gpus: GpuMode | undefined;
}

/**
 * One entry of an `args.<command>` list, as written; src/policy/arguments.ts interprets it.
 * `flags`: the flags as spelled, without value (`--workdir`, `-w`). `values`: what they may be given.
 */
export interface ArgumentRule {
  readonly flags: readonly string[];
  readonly values: ArgumentValues;
  readonly origin: Origin;
}
export type ArgumentValues =
  | { readonly kind: 'none' } //                       -t, --tty
  | { readonly kind: 'any' } //                        --workdir=
  | { readonly kind: 'one-of'; readonly values: readonly string[] } // --network=none, =bridge
  | { readonly kind: 'max'; readonly max: string | number } //         {flag: --memory, max: 64g}
  | { readonly kind: 'pattern'; readonly pattern: string }; //         {flag: --label, pattern: '...'}

export interface CommandArguments {
  readonly always: readonly ArgumentRule[];
  readonly default: readonly ArgumentRule[];
  readonly available: readonly ArgumentRule[];
}

/** `host:container[:flags]`, already split. A rule string is `HOST:CONTAINER[:ro|rw]`; a map adds `create: true`. */
export interface MountRule {
  /** Absolute host path, without the `/**`. */
  readonly host: string;
  /** The host part ended in `/**`: that directory and everything below it. */
  readonly subtree: boolean;
  /** Absolute container path; `undefined` (`host:`): the user chooses. */
  readonly target: string | undefined;
  readonly readOnly: boolean;
  /** Make the host directory, with the user's rights, where it does not exist. */
  readonly create: boolean;
  /** The rule as written, for messages. */
  readonly text: string;
  readonly origin: Origin;
}

export interface Policy {
  readonly log_level: LogLevel;
  readonly executors: { readonly [name: string]: Executor };
  readonly executor_default: string;
  readonly docker_host: string;
  readonly docker_config: string;
  readonly allowed_subcommands: readonly string[];
  readonly args: { readonly [command: string]: CommandArguments };
  readonly volume_mounts: {
    readonly always: readonly MountRule[];
    readonly available: readonly MountRule[];
    readonly default: readonly MountRule[];
    readonly probe: boolean;
  };
  readonly images: {
    /** Regular expressions over the familiar reference with its tag; the whole string must match. */
    readonly allowed: readonly string[];
    readonly pull: PullPolicy;
    /** With `${user}` put in, made a valid image name (`localhost/alice/`). */
    readonly load_tags: string;
    /** As written, `${user}` still in: to recognise other users' trees. */
    readonly load_tags_template: string;
    /** Bytes of the uncompressed archive. */
    readonly load_max: number;
  };
  readonly user_in_container: boolean;
  readonly groups_in_container: boolean;
  /** Where true, `volume_mounts.always` holds the two mounts that make it so. */
  readonly names_in_container: boolean;
  readonly no_new_privileges: boolean;
  readonly caps_drop: readonly string[];
  readonly caps_add: readonly string[];
  readonly allowed_port_mappings: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly env_always: { readonly [name: string]: string };
  readonly log_driver: { readonly name: string; readonly options: { readonly [name: string]: string } };
  readonly sysctls: { readonly [name: string]: string };
  readonly env_by_executor: { readonly [executor: string]: { readonly [name: string]: string } };
  readonly container_names: {
    readonly default: string;
    /** As written, `${user}` still in: to recognise other users' default names. */
    readonly default_template: string;
    readonly allowed: string;
  };
  readonly cpus_default: number;
  readonly limits: {
    readonly containers: number | undefined;
    readonly gpus: number | undefined;
    /** Bytes. */
    readonly memory: number | undefined;
    readonly cpus: number | undefined;
    readonly pids: number | undefined;
    readonly ports: number | undefined;
  };
  readonly ps_scope: 'own' | 'all';
  readonly nvidia: {
    readonly smi: string;
    /** Indices (as decimal strings) and UUIDs, or 'ALL'. */
    readonly allowed_gpus: 'ALL' | readonly string[];
    readonly default_gpu_count_reservation: number;
    /** -1: no maximum. */
    readonly max_gpu_count_reservation: number;
    /** MiB; -1: a GPU is never taken to be busy by its memory. */
    readonly gpu_unavailable_above_memory_used: number;
    readonly exclusive_container_gpu_reservation: boolean;
    readonly allow_own_gpu_reuse: boolean;
  };
  readonly audit: { readonly file: string; readonly syslog: boolean; readonly required: boolean };
}

/** A policy together with where each of its values was set. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /**
   * Keys are dotted paths (`nvidia.smi`, `args.run.always`), list items `path[0]`. `originOf` looks up the nearest.
   */
  readonly origins: ReadonlyMap<string, Origin>;
  /** The files that were read, in the order in which they were merged. */
  readonly files: readonly string[];
}
