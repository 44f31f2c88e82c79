// The machine: memory, load, open files, from what the kernel says under /proc.
import { bad, type Look, size, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Host } from "../../ports/host.ts";
import { ask } from "./ask.ts";

const argv = ["cat", "/proc/meminfo", "/proc/loadavg", "/proc/sys/fs/file-nr", "/proc/cpuinfo"] as const;
const kib = 1024;

export function machine(deps: { host: Host }): Check {
  return {
    name: "machine",
    about: deps.host.name,
    next: "uptime",
    async look(signal): Promise<Result<readonly Look[]>> {
      const text = await ask(deps.host, argv, signal);
      if (!text.ok) return text;
      const looks = [memory(text.value.stdout), load(text.value.stdout), handles(text.value.stdout)];
      return ok(looks.filter((look) => look !== null));
    },
  };
}

/** Bytes of a line of /proc/meminfo; NaN where there is no such line. */
export function memoryLine(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN) * kib;
}

function memory(text: string): Look | null {
  const total = memoryLine(text, "MemTotal");
  const free = memoryLine(text, "MemAvailable");
  if (Number.isNaN(total) || Number.isNaN(free)) return null;
  const swapTotal = memoryLine(text, "SwapTotal") || 0;
  const swapUsed = swapTotal - (memoryLine(text, "SwapFree") || 0);
  const data = { totalBytes: total, availableBytes: free, swapUsedBytes: swapUsed };
  const what = `${size(free)} of ${size(total)} available${swapUsed > 0 ? `, ${size(swapUsed)} swapped out` : ""}`;
  const next = "ps -eo pid,rss,comm --sort=-rss | head";
  if (free < 0.03 * total) return bad("memory", what, next, data);
  return free < 0.1 * total ? warn("memory", what, next, data) : well("memory", what, data);
}

/** Waiting work per processor, over one minute and over fifteen: only what lasts is worth a look. */
function load(text: string): Look | null {
  const found = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) \d+\/\d+ \d+$/m.exec(text);
  if (!found) return null;
  const [one, , fifteen] = found.slice(1).map(Number) as [number, number, number];
  const processors = Math.max(1, text.match(/^processor\s*:/gm)?.length ?? 1);
  const data = { load1: one, load15: fifteen, processors };
  const what = `load ${one.toFixed(2)} on ${processors} processors`;
  const next = "ps -eo pid,pcpu,comm --sort=-pcpu | head";
  // Much to do is not bad by itself: whoever suffers from it says so in a row of its own.
  return one > 2 * processors && fifteen > processors
    ? warn("load", what, next, data)
    : well("load", what, data);
}

/** The line of /proc/sys/fs/file-nr. */
export function openFiles(text: string): { readonly open: number; readonly most: number } | null {
  const found = /^(\d+)\t(\d+)\t(\d+)$/m.exec(text);
  return found ? { open: Number(found[1]), most: Number(found[3]) } : null;
}

function handles(text: string): Look | null {
  const found = openFiles(text);
  if (!found) return null;
  const { open, most } = found;
  const data = { open, most };
  const what = `${open} files open`;
  if (open > 0.9 * most)
    return bad("open files", `${what} of ${most}`, "lsof | awk '{print $1}' | sort | uniq -c", data);
  return open > 0.7 * most
    ? warn("open files", `${what} of ${most}`, null, data)
    : well("open files", what, data);
}
