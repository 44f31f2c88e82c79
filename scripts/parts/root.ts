// The rights of root: some tests mount a small disk, or give files to another user.
import type { Part } from "./part.ts";

export const root: Part = {
  name: "root",
  for: "full and read-only disks, folders of other users (test/journal)",
  async start() {
    if (process.geteuid?.() === 0) return { there: true, what: "yes" };
    return { there: false, how: "run the tests as root, in a container" };
  },
};
