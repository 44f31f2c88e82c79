// Values of the machine: processor pressure, memory, disks, open files.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Host } from "../../../ports/host.ts";
import type { Signals } from "../../../ports/signals.ts";
import { ask } from "../../checks/ask.ts";
import { once, table } from "../../checks/disk.ts";
import { memoryLine, openFiles } from "../../checks/machine.ts";
import { type Measured, type Measurement, metricsSignals } from "./metrics.ts";

export type HostLimits = {
  /** Share of time in which some work waits for a processor. */
  readonly cpuPressure: number;
  /** Share of the memory that is still available. */
  readonly memoryAvailable: number;
  /** Share of a disk that is still free. */
  readonly diskFree: number;
  /** Share of the open files that the kernel allows. */
  readonly openFiles: number;
};

export type HostMetrics = {
  readonly intervalMs: number;
  /** Folders whose disks are looked at. */
  readonly disks: readonly string[];
  readonly limits: HostLimits;
};

const looks = ["cat", "/proc/meminfo", "/proc/sys/fs/file-nr", "/proc/pressure/cpu"] as const;

export function hostSignals(
  config: HostMetrics,
  { host, clock }: { readonly host: Host; readonly clock: Clock },
): Signals {
  return metricsSignals(
    { name: "metrics:host", intervalMs: config.intervalMs, measure: () => measure(config, host) },
    clock,
  );
}

async function measure({ disks, limits }: HostMetrics, host: Host): Promise<Result<Measurement>> {
  const { signal } = new AbortController();
  const said = await ask(host, looks, signal);
  if (!said.ok) return said;
  const full = disks.length === 0 ? null : await ask(host, ["df", "-P", "-k", "--", ...disks], signal);
  const own = [...memory(said.value.stdout, limits), ...pressure(said.value.stdout, limits)];
  const files = openFiles(said.value.stdout);
  const values: readonly Measured[] = [
    ...own,
    ...(files ? [share("host open files", files.open / Math.max(1, files.most), limits.openFiles)] : []),
    ...(full?.ok ? free(full.value.stdout, limits) : []),
  ];
  if (values.length === 0)
    return problem("failed", `${host.name} has no /proc that can be read`, "lastgood doctor");
  return ok({ values, missing: full && !full.ok ? [full.error.what] : [] });
}

function memory(text: string, { memoryAvailable }: HostLimits): readonly Measured[] {
  const value = memoryLine(text, "MemAvailable") / memoryLine(text, "MemTotal");
  if (Number.isNaN(value)) return [];
  return [{ subject: "host memory available", value, unit: "share", limit: { below: memoryAvailable } }];
}

/** Kernels before 4.20, and some containers, do not count it: then there is no such value. */
function pressure(text: string, { cpuPressure }: HostLimits): readonly Measured[] {
  const found = /^some avg10=([\d.]+) /m.exec(text);
  return found ? [share("host processor pressure", Number(found[1]) / 100, cpuPressure)] : [];
}

function free(text: string, { diskFree }: HostLimits): readonly Measured[] {
  return once(table(text))
    .filter(({ total }) => total > 0)
    .map(({ at, total, free }) => ({
      subject: `host disk ${at}`,
      value: free / total,
      unit: "share",
      limit: { below: diskFree },
    }));
}

function share(subject: string, value: number, above: number): Measured {
  return { subject, value, unit: "share", limit: { above } };
}
