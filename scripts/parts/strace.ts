// strace: lets single system calls fail, to see what the journal makes of a disk that says no.
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { installDebian } from "./debian.ts";
import type { Part } from "./part.ts";

export const strace: Part = {
  name: "strace",
  for: "failing system calls under the journal (test/journal/faults.test.ts)",
  async start() {
    if ((await find()) === null) await installDebian("strace");
    const path = await find();
    return path === null ? { there: false, how: "apt-get install strace" } : { there: true, what: path };
  },
};

async function find(): Promise<string | null> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "strace");
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
}
