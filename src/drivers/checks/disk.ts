// Disks: how much is free where things are written, in bytes and in names (inodes).
import { bad, type Look, size, warn, well } from "../../core/doctor/look.ts";
import { ok, problem } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Host } from "../../ports/host.ts";
import { ask, lastWords } from "./ask.ts";

const kib = 1024;
const gib = 1024 ** 3;

export function disk(paths: readonly string[], deps: { host: Host }): Check {
  return {
    name: "disk",
    about: paths.join(" "),
    next: "A file system does not answer: mount; dmesg",
    async look(signal) {
      const [bytes, names] = await Promise.all([
        ask(deps.host, ["df", "-P", "-k", "--", ...paths], signal),
        ask(deps.host, ["df", "-P", "-i", "--", ...paths], signal),
      ]);
      if (!bytes.ok) return bytes;
      const disks = table(bytes.value.stdout);
      if (disks.length === 0)
        return problem("failed", lastWords(bytes.value.stderr, "df"), "Mend the paths in `checks: disks:`.");
      const inodes = names.ok ? table(names.value.stdout) : [];
      return ok(
        once(disks).map((one) =>
          lookAt(
            one,
            inodes.find((other) => other.at === one.at),
          ),
        ),
      );
    },
  };
}

export type Filled = { readonly at: string; readonly total: number; readonly free: number };

/** The lines of POSIX `df -P`: name, total, used, free, share, mount point. */
export function table(text: string): readonly Filled[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const fields = /^(.+?)\s+(\d+|-)\s+(\d+|-)\s+(\d+|-)\s+(\d+%|-)\s+(\/.*)$/.exec(line);
      if (!fields) return [];
      return [{ at: fields[6] ?? "", total: Number(fields[2]), free: Number(fields[4]) }];
    });
}

/** One row a mount point. */
export function once(disks: readonly Filled[]): readonly Filled[] {
  return disks.filter((one, i) => disks.findIndex((other) => other.at === one.at) === i);
}

/** A tenth of a large disk is a lot; the last gigabyte of any is not. */
function lookAt({ at, total, free }: Filled, inodes: Filled | undefined): Look {
  const freeBytes = free * kib;
  const totalBytes = total * kib;
  const share = total > 0 ? free / total : 1;
  const names = inodes && inodes.total > 0 ? inodes.free / inodes.total : 1;
  const data = { freeBytes, totalBytes, freeInodes: names === 1 ? null : (inodes?.free ?? null) };
  const what = `${size(freeBytes)} free of ${size(totalBytes)}`;
  const next = `du -xh --max-depth=2 ${at} | sort -h | tail`;
  if (names < 0.02) return bad(at, "no names for new files are left (inodes)", `df -i ${at}`, data);
  if (freeBytes < gib / 2 || share < 0.02) return bad(at, what, next, data);
  if ((share < 0.1 && freeBytes < 20 * gib) || freeBytes < 2 * gib) return warn(at, what, next, data);
  return well(at, what, data);
}
