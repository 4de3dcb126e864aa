/** The files of the installation, and what root runs or believes besides. Pure. */
import { socketPathOf } from '../../../docker/engine.ts';
import { type Finding, fault, warning } from '../finding.ts';
import type { Settings } from '../gather/settings.ts';
import { judgePlaces, type LookedAt, type Place } from './paths.ts';

export interface Installation {
  /** `/usr/local`. */
  readonly prefix: string;
  readonly configuration: string;
  readonly state: string;
  readonly runtime: string;
}

export function judgeFiles(places: readonly LookedAt[]): readonly Finding[] {
  const helpers = places.filter(({ path }) => path.includes(`/${helperPrefix}`));
  const wanted = [...new Set(helpers.map(({ what }) => what))];
  const missing = wanted.filter((what) =>
    helpers.every((place) => place.what !== what || place.fact.failure === 'ENOENT'),
  );
  return [
    ...judgePlaces(places),
    ...missing.map((what) =>
      warning(
        'files-helper',
        `${what} is in none of ${programPath.join(', ')}: docker can't log in with it`,
        'install it there, or take it out of config.json',
      ),
    ),
  ];
}

const install = 'install userdocker again: install.sh, or its package';

/** What has to be looked at; `credentialPlaces` is added where a file of these names more programs. */
export function placesOf(installation: Installation, settings: Settings): readonly Place[] {
  return [
    ...programPlaces(installation),
    ...directoryPlaces(installation),
    ...settings.dockerConfigs.flatMap(dockerConfigPlaces),
    ...settings.executors.map(
      ({ name, path }): Place => ({
        what: `executors.${name}`,
        path,
        kind: 'file',
        executable: true,
        missing: (message) =>
          fault(
            'files-executor',
            `${message}: nobody can run anything with it`,
            `install docker, or set executors.${name}`,
          ),
      }),
    ),
    ...settings.smis.map((path): Place => ({ what: 'nvidia-smi', path, kind: 'file', executable: true })),
    ...settings.dockerHosts.map(
      (host): Place => ({ what: "docker's socket", path: socketPathOf(host), kind: 'socket' }),
    ),
    { what: "docker's settings", path: '/etc/docker/daemon.json', kind: 'file' },
    {
      what: "the NVIDIA toolkit's settings",
      path: '/etc/nvidia-container-runtime/config.toml',
      kind: 'file',
    },
    // logrotate runs commands that stand in there.
    { what: 'the rotation of the log', path: '/etc/logrotate.d/userdocker', kind: 'file' },
  ];
}

function programPlaces({ prefix }: Installation): readonly Place[] {
  const program = (what: string, path: string, make: typeof fault): Place => ({
    what,
    path: `${prefix}/${path}`,
    kind: 'file',
    executable: true,
    missing: (message) => make('files-missing', message, install),
  });
  return [
    program('the launcher', 'bin/userdocker', fault),
    program('the launcher for GPUs', 'bin/nvidia-userdocker', warning),
    program('the program', 'lib/userdocker/userdocker', fault),
    program('the admin program', 'lib/userdocker/userdocker-admin', warning),
    program("the admin program's launcher", 'sbin/userdocker-admin', warning),
  ];
}

function directoryPlaces({ configuration, state, runtime }: Installation): readonly Place[] {
  return [
    {
      what: 'the configuration',
      path: configuration,
      kind: 'directory',
      missing: (message) => fault('files-missing', `${message}: every call is refused`, install),
    },
    {
      what: 'the notes on whose each container is',
      path: state,
      kind: 'directory',
      secret: 'warning',
      missing: (message) => warning('files-missing', message, install),
    },
    { what: 'the reservations', path: runtime, kind: 'directory', secret: 'warning' },
  ];
}

/** DOCKER_CONFIG: docker runs the helpers and plugins that it names or holds, as root. */
function dockerConfigPlaces(directory: string): readonly Place[] {
  return [
    { what: "docker's client configuration", path: directory, kind: 'directory', secret: 'warning' },
    { what: "docker's credentials", path: `${directory}/config.json`, kind: 'file' },
    { what: "docker's plugins", path: `${directory}/cli-plugins`, kind: 'directory' },
  ];
}

/** Where docker looks for programs: the PATH that userdocker gives it (src/exec/exec.ts). */
const programPath = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const helperPrefix = 'docker-credential-';

/** @param helpers `ecr-login` for docker-credential-ecr-login */
export function credentialPlaces(helpers: readonly string[]): readonly Place[] {
  return helpers.flatMap((helper) =>
    programPath.map(
      (directory): Place => ({
        what: `the credential helper ${helper}`,
        path: `${directory}/${helperPrefix}${helper}`,
        kind: 'file',
        executable: true,
      }),
    ),
  );
}
