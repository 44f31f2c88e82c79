// A disk in a file whose file system clones files: that takes root, a loop device and mkfs.xfs.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import type { Part } from "./part.ts";
import { run } from "./run.ts";

/** XFS makes none smaller. */
const leastSize = "320M";

export const xfs: Part = {
  name: "xfs",
  for: "clones of a whole server (test/drivers/database/clones)",
  packages: ["xfsprogs"],
  isInstalled: async () => (await findProgram("mkfs.xfs")) !== null,
  async start() {
    try {
      const disk = await cloningDisk(leastSize);
      await disk.end();
      return { there: true, what: "a disk in a file" };
    } catch (error) {
      const why = (error as Error).message.split("\n")[0] ?? "";
      return { there: false, how: `run as root where loop devices can be mounted: ${why}` };
    }
  },
};

export type Disk = { readonly folder: string; readonly end: () => Promise<void> };

/** Anybody may write in it. Throws where none can be had. */
export async function cloningDisk(size: string): Promise<Disk> {
  const place = await mkdtemp(join(tmpdir(), "lgx-"));
  const [file, folder] = [join(place, "disk"), join(place, "m")];
  const clear = () => rm(place, { recursive: true, force: true });
  try {
    await mkdir(folder);
    await run(["truncate", "-s", size, file]);
    await run(["mkfs.xfs", "-q", "-m", "reflink=1", file]);
    await run(["mount", "-o", "loop", file, folder]);
    await run(["chmod", "711", place]);
    await run(["chmod", "1777", folder]);
  } catch (error) {
    await clear();
    throw error;
  }
  return {
    folder,
    end: async () => {
      await run(["umount", folder]);
      await clear();
    },
  };
}
