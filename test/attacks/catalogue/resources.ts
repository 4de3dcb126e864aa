/** Options of `run` that take more than a share, outlive their user, or have docker read and write files. */
import { mustRoot } from '../../e2e/support/users.ts';
import type { Area, Attack } from '../support/attack.ts';
import { asAlice, byAlice, byDocker, onHost, prints, seenByEngine, seenInside } from '../support/ways.ts';

const shares: readonly Attack[] = [
  seenByEngine({
    id: 'processes-without-end',
    wants: 'a container that can take all processes of the machine',
    spellings: [
      '--pids-limit=-1',
      '--pids-limit 0',
      '--pids-limit=4096 --pids-limit=-1',
      '--pids-limit=99999999',
      "--pids-limit=''",
      '--pids-limit=+4097',
      '--pids-limit=0x7fff',
    ],
    path: '.HostConfig.PidsLimit',
    is: /^(?:null|0|-1|\d{5,}|4097|32767)$/,
    refused: /--pids-limit/,
  }),
  seenByEngine({
    id: 'processor-time-of-others',
    wants: 'a larger weight than everybody else’s',
    spellings: ['--cpu-shares=262144', '-c 262144', '-c262144', '--cpu-shares=1025', '-c 1024 -c 262144'],
    path: '.HostConfig.CpuShares',
    is: /^(?:262144|1025)$/,
    refused: /-c|--cpu-shares/,
  }),
  seenByEngine({
    id: 'memory-of-all',
    wants: 'shared memory larger than the policy’s bound',
    spellings: [
      '--shm-size=257g',
      '--shm-size 1t',
      '--shm-size=274877906945',
      '--shm-size=1g --shm-size=257g',
      '--shm-size=256.5g',
      '--shm-size=9e18',
      '--shm-size=1pb',
    ],
    path: '.HostConfig.ShmSize',
    is: /^\d{12,}$/,
    refused: /--shm-size/,
  }),
  seenByEngine({
    id: 'spared-when-memory-is-short',
    wants: 'that others’ processes are killed in place of hers',
    spellings: ['--oom-score-adj=-500', '--oom-score-adj -1000', '--oom-score-adj=0'],
    path: '.HostConfig.OomScoreAdj',
    is: /^-\d/,
    refused: /--oom-score-adj/,
  }),
  seenByEngine({
    id: 'never-killed-for-memory',
    wants: 'that the machine stops and not her container',
    spellings: ['--oom-kill-disable -m 100m', '--oom-kill-disable=true', '--oom-kill-disable=1'],
    path: '.HostConfig.OomKillDisable',
    is: /true/,
    refused: /--oom-kill-disable/,
  }),
  seenInside({
    id: 'core-files',
    wants: 'core files, which the host’s core_pattern has root write, or hands to a program of root’s',
    spellings: [
      '--ulimit=core=-1',
      '--ulimit core=1',
      '--ulimit=core=0:-1',
      '--ulimit=core=unlimited',
      '--ulimit=CORE=-1',
    ],
    see: "sh -c 'ulimit -H -c'",
    shows: /unlimited|[1-9]/,
    refused: /--ulimit/,
  }),
  seenByEngine({
    id: 'limits-that-count-per-user',
    wants: 'an nproc limit, which counts her processes everywhere and stops others of hers',
    spellings: ['--ulimit=nproc=1', '--ulimit nproc=1:1', '--ulimit=rtprio=99', '--ulimit=msgqueue=-1'],
    path: '.HostConfig.Ulimits',
    is: /nproc|rtprio|msgqueue/,
    refused: /--ulimit/,
  }),
];

const lives: readonly Attack[] = [
  seenByEngine({
    id: 'container-that-comes-back',
    wants: 'a container that starts by itself after each boot, unasked and unjudged',
    // docker does not take it together with --rm.
    spellings: [
      '--restart=always',
      '--restart always',
      '--restart=unless-stopped',
      '--restart=on-failure:1000000',
      '--rm=false --restart=always',
    ],
    path: '.HostConfig.RestartPolicy.Name',
    is: /always|unless|failure/,
    refused: /--restart/,
  }),
  seenByEngine({
    id: 'container-that-stays',
    wants: 'containers that stay on the disk when they end',
    spellings: ['--rm=false', '--rm=0', '--rm --rm=false', '--rm=F', '-it --rm=false', '--rm=FALSE'],
    path: '.HostConfig.AutoRemove',
    is: /false/,
    refused: /--rm/,
  }),
  seenByEngine({
    id: 'shutdown-held-up',
    wants: 'a machine that waits an hour for her container when it shuts down',
    spellings: [
      '--stop-timeout=3600',
      '--stop-timeout 3600',
      '--stop-timeout=61',
      '--stop-timeout=-1',
      '--stop-timeout=5 --stop-timeout=3600',
    ],
    path: '.Config.StopTimeout',
    is: /^(?:3600|61|-1)$/,
    refused: /--stop-timeout/,
  }),
  seenByEngine({
    id: 'port-of-choice',
    wants: 'a port of the host that users take for a service of the machine',
    spellings: [
      '-p 8443:80',
      '--publish=0.0.0.0:8443:80',
      '-p8443:80',
      '-itp 8443:80',
      '-p 127.0.0.1:8443:80',
      '--publish=target=80,published=8443',
      '-p [::]:8443:80',
      '-p 8443-8444:80-81',
      '-p 80 -p 8443:80',
      "-p '8443:80 '",
      "-p '80\n8443:80'",
    ],
    path: '.HostConfig.PortBindings',
    is: /8443/,
    refused: /denied/,
  }),
  seenByEngine({
    id: 'log-to-anywhere',
    wants: 'dockerd, as root, to send or write what she says where she says',
    spellings: [
      '--log-driver=syslog --log-opt=syslog-address=udp://127.0.0.1:514',
      '--log-driver=json-file',
      '--log-opt=max-size=100g',
      '--log-driver none',
      '--log-driver=gelf --log-opt gelf-address=udp://127.0.0.1:9',
    ],
    path: '.HostConfig.LogConfig',
    is: /syslog|json-file|100g|none|gelf/,
    refused: /--log-/,
  }),
];

const files: readonly Attack[] = [
  {
    id: 'file-written-by-the-client',
    inOneGo: true,
    who: 'alice',
    wants: 'a file written by docker’s client as root, where she likes',
    spellings: [
      '--cidfile=/etc/cron.d/made',
      '--cidfile /etc/cron.d/made',
      '--cidfile=../../etc/cron.d/made',
    ],
    prepare: () => mustRoot('mkdir -p /etc/cron.d; rm -f /etc/cron.d/made'),
    control: (words) => byDocker(`run --rm ${asAlice} ${words} box true`),
    attack: (words) => byAlice(`run ${words} box true`),
    reached: onHost('-e /etc/cron.d/made'),
    refused: /--cidfile/,
    cleanUp: () => mustRoot('rm -f /etc/cron.d/made'),
  },
  seenInside({
    id: 'file-read-as-environment',
    wants: 'a file that only root can read, as variables',
    prepare: () => mustRoot('echo PASSWORD=secret >/root/secret; chmod 600 /root/secret'),
    spellings: [
      '--env-file=/root/secret',
      '--env-file /root/secret',
      '--env-file=/dev/null --env-file=/root/secret',
      '--env-file=/proc/self/root/root/secret',
    ],
    see: 'env',
    shows: /PASSWORD=secret/,
    refused: /--env-file/,
    cleanUp: () => mustRoot('rm /root/secret'),
  }),
  seenByEngine({
    id: 'file-read-as-labels',
    wants: 'a file that only root can read, as labels',
    prepare: () => mustRoot('echo PASSWORD=secret >/root/secret; chmod 600 /root/secret'),
    spellings: ['--label-file=/root/secret', '--label-file /root/secret'],
    path: '.Config.Labels',
    is: /secret/,
    refused: /--label-file/,
    cleanUp: () => mustRoot('rm /root/secret'),
  }),
  {
    id: 'option-from-the-environment',
    who: 'alice',
    wants: 'an option that docker takes from a variable: another platform, a signed image, a progress file',
    control: () =>
      byDocker('version --format "{{.Client.DefaultAPIVersion}} {{.Client.APIVersion}}"', {
        env: { DOCKER_API_VERSION: '1.30' },
      }),
    attack: () =>
      byAlice('version --format "{{.Client.DefaultAPIVersion}} {{.Client.APIVersion}}"', {
        env: { DOCKER_API_VERSION: '1.30' },
      }),
    reached: prints(/ 1\.30$/m),
  },
];

export const resources: Area = {
  title: 'options that take what is others’, or root’s',
  attacks: [...shares, ...lives, ...files],
};
