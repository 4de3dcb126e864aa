/**
 * Where in a container a mount, or a working directory, must not be (SPEC 4.2). Paths here are clean text. Links inside
 * an image can lead elsewhere: src/mounts/image-links.ts says where, and the same rules are asked about that place too.
 */
import type { Reason } from '../domain/errors.ts';
import { cleanPath, componentsOf, isAtOrAbove } from './mount-paths.ts';

export interface TargetUse {
  /** As the user or the policy wrote the mount, for messages. */
  readonly text: string;
  /** The user chose the target; no rule names it. */
  readonly free: boolean;
  /** The container gets GPUs. */
  readonly gpuRun: boolean;
}

/**
 * The kernel's and the engine's own file systems. A mount over /proc fools what the engine writes there for
 * confinement (CVE-2019-16884), one over /dev gives device nodes another meaning.
 */
const kernelTrees = ['/proc', '/sys', '/dev'];

/**
 * The NVIDIA toolkit takes a mount at .../nvidia-container-devices/GPU as a request for that GPU
 * (accept-nvidia-visible-devices-as-volume-mounts), past every reservation. Refused by its name, in whatever directory.
 */
const deviceRequests = 'nvidia-container-devices';

/**
 * The groups of the container's processes are looked up there, at every start and every exec (src/policy/group-names.ts).
 */
const groupFile = '/etc/group';

/** Something mounted there would be read for the container's groups. */
export function hidesGroupFile(target: string): boolean {
  return isAtOrAbove(target, groupFile);
}

/** Where the NVIDIA toolkit, as root, puts libraries, programs and links, or looks for them (CVE-2024-0132 and its kin). */
const toolkitTrees = [
  '/usr/bin',
  '/usr/sbin',
  '/usr/share/nvidia',
  '/usr/share/glvnd',
  '/usr/share/vulkan',
  '/usr/share/egl',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/nvidia',
  '/etc/vulkan',
  '/etc/glvnd',
  '/etc/egl',
  '/etc/OpenCL',
  '/bin',
  '/sbin',
  '/var/run',
];
const toolkitPrefixes = [
  /^\/lib[^/]*(?:\/|$)/,
  /^\/usr\/lib[^/]*(?:\/|$)/,
  /^\/usr\/local\/cuda[^/]*(?:\/|$)/,
  /^\/run\/nvidia/,
];
const systemTrees = ['/etc', '/usr', '/lib', '/bin', '/sbin', '/run', '/var'];

/** @param target a clean path. `undefined`: nothing speaks against it */
export function judgeTarget(target: string, use: TargetUse): Reason | undefined {
  const refuse = (why: string, instead: string): Reason => ({
    rule: 'mounts.target',
    message: `${use.text}: ${why}`,
    instead,
  });
  if (target === '/')
    return refuse('the target / would replace the whole image', 'a directory of its own, such as /work');
  if (isKernels(target))
    return refuse(`the target ${target} is the kernel's or the engine's own`, 'any other directory');
  if (componentsOf(target).includes(deviceRequests)) {
    return refuse(`the target ${target} would ask for GPUs past their reservation`, 'NV_GPU=... names GPUs');
  }
  if (use.free && hidesGroupFile(target)) {
    return refuse(
      `the target ${target} holds the groups of the container`,
      'a directory of its own, such as /work',
    );
  }
  if (use.gpuRun && use.free && isToolkits(target)) {
    return refuse(
      `with GPUs, the target ${target} belongs to the NVIDIA toolkit`,
      'a directory of its own, such as /work',
    );
  }
  return undefined;
}

/** For `-w` and for the image's own WORKDIR: a descriptor below /proc leads out of the container (CVE-2024-21626). */
export function judgeWorkingDirectory(path: string): Reason | undefined {
  const clean = cleanPath(path);
  const refuse = (message: string): Reason => ({
    rule: 'mounts.workdir',
    message,
    instead: 'an absolute path outside /proc, /sys and /dev',
  });
  if (!clean.ok) return refuse(`the working directory is ${clean.error}`);
  return isKernels(clean.value)
    ? refuse(`the working directory ${path} is the kernel's or the engine's own`)
    : undefined;
}

function isKernels(path: string): boolean {
  return kernelTrees.some((tree) => isAtOrAbove(tree, path));
}

function isToolkits(target: string): boolean {
  return (
    systemTrees.some((tree) => isAtOrAbove(target, tree)) ||
    toolkitTrees.some((tree) => isAtOrAbove(tree, target) || isAtOrAbove(target, tree)) ||
    toolkitPrefixes.some((prefix) => prefix.test(target))
  );
}
