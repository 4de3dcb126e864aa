/** The NVIDIA driver and container toolkit. Pure. */
import { type Finding, fault, note, warning } from '../finding.ts';
import type { NvidiaFacts } from '../gather/nvidia.ts';
import type { Settings } from '../gather/settings.ts';
import { judgeHoles } from './holes.ts';

const file = '/etc/nvidia-container-runtime/config.toml';

export function judgeNvidia(facts: NvidiaFacts, settings: Settings): readonly Finding[] {
  return [...judgeToolkit(facts), ...judgeSettings(facts, settings), ...judgeMachine(facts, settings)];
}

function judgeToolkit({ toolkit, settings }: NvidiaFacts): readonly Finding[] {
  if (toolkit === undefined) return [];
  // NVIDIA's bulletin 5659: without that hook there is nothing for LD_PRELOAD to reach.
  const withoutHook = settings?.get('features.disable-cuda-compat-lib-hook') === 'true';
  const mended = withoutHook ? [...(toolkit.mentioned ?? []), 'CVE-2025-23266'] : toolkit.mentioned;
  return judgeHoles({ component: 'nvidia-container-toolkit', ...toolkit, mentioned: mended });
}

function judgeSettings({ settings, driver }: NvidiaFacts, { gpuModes }: Settings): readonly Finding[] {
  if (settings === undefined) return [];
  const is = (key: string, value: string) => settings.get(key) === value;
  const findings: Finding[] = [];
  if (is('accept-nvidia-visible-devices-as-volume-mounts', 'true')) {
    findings.push(
      fault(
        'nvidia-volume-mounts',
        'the toolkit takes mounts for a list of GPUs: an image or a mount can take GPUs that were not reserved',
        `accept-nvidia-visible-devices-as-volume-mounts = false in ${file}`,
      ),
    );
  }
  const byVariable = gpuModes.some((mode) => mode !== 'cdi');
  if (driver && byVariable && is('accept-nvidia-visible-devices-envvar-when-unprivileged', 'false')) {
    findings.push(
      warning(
        'nvidia-envvar',
        'the toolkit looks at NVIDIA_VISIBLE_DEVICES of privileged containers alone: no container of userdocker gets its GPUs',
        `accept-nvidia-visible-devices-envvar-when-unprivileged = true in ${file}, or gpus: cdi in executors`,
      ),
    );
  }
  if (is('features.allow-cuda-compat-libs-from-container', 'true')) {
    findings.push(
      warning(
        'nvidia-compat-libs',
        "the toolkit mounts CUDA's compatibility libraries out of images (allow-cuda-compat-libs-from-container), where links lead it astray (CVE-2025-23359)",
        `take features.allow-cuda-compat-libs-from-container out of ${file}`,
      ),
    );
  }
  const ldconfig = settings.get('nvidia-container-cli.ldconfig');
  if (
    is('features.allow-ldconfig-from-container', 'true') ||
    (ldconfig !== undefined && !ldconfig.startsWith('@'))
  ) {
    findings.push(
      fault(
        'nvidia-ldconfig',
        `the toolkit runs the ldconfig of the image (${ldconfig ?? 'allow-ldconfig-from-container'}), with rights that the container does not have`,
        `ldconfig = "@/sbin/ldconfig" below [nvidia-container-cli] in ${file}, without allow-ldconfig-from-container`,
      ),
    );
  }
  if (is('nvidia-container-cli.no-cgroups', 'true')) {
    findings.push(
      warning(
        'nvidia-no-cgroups',
        'the toolkit leaves the control group for devices alone (no-cgroups): GPUs are not kept apart by it',
        `no-cgroups = false below [nvidia-container-cli] in ${file}`,
      ),
    );
  }
  const mode = settings.get('nvidia-container-runtime.mode');
  if (mode === 'cdi' && gpuModes.includes('flag')) {
    findings.push(
      warning(
        'nvidia-mode',
        'the toolkit is set to mode = "cdi", where docker\'s --gpus does not work',
        `gpus: cdi or gpus: runtime in executors, or mode = "auto" in ${file}`,
      ),
    );
  }
  return findings;
}

function judgeMachine(facts: NvidiaFacts, { gpuModes }: Settings): readonly Finding[] {
  const { driver, smiFailures, runtimes, cdi, toolkit } = facts;
  if (!driver) {
    return toolkit === undefined
      ? []
      : [
          note(
            'nvidia-driver',
            'the NVIDIA toolkit is installed, but its driver is not loaded: no GPUs can be had',
            'nvidia-smi; modprobe nvidia',
          ),
        ];
  }
  const findings = smiFailures.map((failure) =>
    fault('nvidia-smi', `${failure}: no GPUs can be had`, 'run nvidia-smi as root, or set nvidia.smi'),
  );
  if (gpuModes.includes('runtime') && runtimes !== undefined && !runtimes.includes('nvidia')) {
    findings.push(
      fault(
        'nvidia-runtime',
        'there are GPUs, but the engine knows no runtime nvidia: runs with GPUs fail',
        'nvidia-ctk runtime configure --runtime=docker, and restart docker',
      ),
    );
  }
  if (gpuModes.includes('cdi') && !cdi) {
    findings.push(
      fault(
        'nvidia-cdi',
        'gpus: cdi is set, but there is no specification for NVIDIA in /etc/cdi or /var/run/cdi: runs with GPUs fail',
        'nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
      ),
    );
  }
  return findings;
}
