/**
 * Known holes that matter on a machine with userdocker. As of 22 November 2026; taken from the projects' own advisories:
 * https://github.com/opencontainers/runc/security, https://github.com/containerd/containerd/security,
 * https://github.com/moby/moby/security, https://www.sudo.ws/security/advisories/, NVIDIA's bulletins 5582, 5616 and 5659.
 * Left out is what userdocker does not offer (build, cp, plugins, volumes, CRI) and what docker older than 20.10 had.
 */
export type Component = 'dockerd' | 'containerd' | 'runc' | 'sudo' | 'nvidia-container-toolkit';

export interface Hole {
  readonly cve: string;
  readonly component: Component;
  /** The first version that had it; all older ones if left out. */
  readonly since?: string;
  /** The first version of each branch that has it no more. */
  readonly fixed: readonly string[];
  /** An ordinary user of userdocker becomes root by it, with the shipped policy. */
  readonly grave: boolean;
  readonly why: string;
  /** It is none where that is not in use: authorization plugins of the engine. */
  readonly onlyWith?: 'authorization';
}

export const tableDate = '2026-11-22';

export const holes: readonly Hole[] = [
  {
    cve: 'CVE-2024-21626',
    component: 'runc',
    since: '1.0.0-rc93',
    fixed: ['1.1.12'],
    grave: true,
    why: "a working directory of an image leads to the host's files",
  },
  {
    cve: 'CVE-2025-31133',
    component: 'runc',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    grave: true,
    why: 'an image that exchanges /dev/null while it starts writes to the kernel',
  },
  {
    cve: 'CVE-2025-52565',
    component: 'runc',
    since: '1.0.0-rc3',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    grave: true,
    why: 'an image that exchanges /dev/console while it starts writes to the kernel',
  },
  {
    cve: 'CVE-2025-52881',
    component: 'runc',
    fixed: ['1.2.8', '1.3.3', '1.4.0-rc.3'],
    grave: true,
    why: "what runc writes for a container's protection goes elsewhere",
  },
  {
    cve: 'CVE-2024-45310',
    component: 'runc',
    fixed: ['1.1.14', '1.2.0-rc.3'],
    grave: false,
    why: 'empty files and directories are made on the host',
  },
  {
    cve: 'CVE-2026-41579',
    component: 'runc',
    fixed: ['1.3.6', '1.4.3', '1.5.0-rc.3'],
    grave: false,
    why: 'an image whose /dev is a link writes a little on the host',
  },
  {
    cve: 'CVE-2021-41091',
    component: 'dockerd',
    fixed: ['20.10.9'],
    grave: true,
    why: 'the data root is open: setuid programs of images work on the host',
  },
  {
    cve: 'CVE-2022-36109',
    component: 'dockerd',
    fixed: ['20.10.18'],
    grave: false,
    why: 'supplementary groups are not set up as they should be',
  },
  {
    cve: 'CVE-2024-41110',
    component: 'dockerd',
    fixed: ['23.0.15', '25.0.6', '26.1.5', '27.1.1'],
    grave: false,
    onlyWith: 'authorization',
    why: 'the authorization plugins that guard the engine can be passed by',
  },
  {
    cve: 'CVE-2026-34040',
    component: 'dockerd',
    fixed: ['29.3.1'],
    grave: false,
    onlyWith: 'authorization',
    why: 'the authorization plugins that guard the engine can be passed by',
  },
  {
    cve: 'CVE-2021-41103',
    component: 'containerd',
    fixed: ['1.4.11', '1.5.7'],
    grave: true,
    why: 'the files of containers are open: setuid programs of images work on the host',
  },
  {
    cve: 'CVE-2024-25621',
    component: 'containerd',
    fixed: ['1.7.29', '2.0.7', '2.1.5', '2.2.0'],
    grave: false,
    why: '/var/lib/containerd can be entered by everybody',
  },
  {
    cve: 'CVE-2024-40635',
    component: 'containerd',
    fixed: ['1.6.38', '1.7.27', '2.0.4'],
    grave: false,
    why: 'a very large uid becomes root; userdocker and docker refuse such numbers',
  },
  {
    cve: 'CVE-2024-0132',
    component: 'nvidia-container-toolkit',
    fixed: ['1.16.2'],
    grave: true,
    why: "links in an image bring the host's file system into the container",
  },
  {
    cve: 'CVE-2025-23359',
    component: 'nvidia-container-toolkit',
    fixed: ['1.17.4'],
    grave: true,
    why: "links in an image bring the host's file system in, past the fix of CVE-2024-0132",
  },
  {
    cve: 'CVE-2025-23266',
    component: 'nvidia-container-toolkit',
    fixed: ['1.17.8'],
    grave: true,
    why: 'LD_PRELOAD of an image reaches a hook that runs as root',
  },
  {
    cve: 'CVE-2025-23267',
    component: 'nvidia-container-toolkit',
    fixed: ['1.17.8'],
    grave: false,
    why: 'a hook follows links of the image',
  },
  {
    cve: 'CVE-2021-3156',
    component: 'sudo',
    since: '1.8.2',
    fixed: ['1.9.5p2'],
    grave: true,
    why: 'a memory error makes every local user root',
  },
  {
    cve: 'CVE-2023-22809',
    component: 'sudo',
    since: '1.8.0',
    fixed: ['1.9.12p2'],
    grave: false,
    why: 'who may sudoedit one file may edit all',
  },
  {
    cve: 'CVE-2025-32462',
    component: 'sudo',
    since: '1.8.8',
    fixed: ['1.9.17p1'],
    grave: false,
    why: 'rules for other hosts hold here too, where one sudoers serves many (--hosts)',
  },
  {
    cve: 'CVE-2025-32463',
    component: 'sudo',
    since: '1.9.14',
    fixed: ['1.9.17p1'],
    grave: true,
    why: 'sudo -R makes every local user root',
  },
];
