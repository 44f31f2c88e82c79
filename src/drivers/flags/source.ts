// Definitions from a file on this machine.
import { limits } from "../../core/flags/limits.ts";
import { ok, problem } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { FlagSource } from "../../ports/flags.ts";

/** Read again only when the file was replaced or changed its size, or at every tenth look: an edit in place may keep both. */
export function fileSource(file: string, files: Files): FlagSource {
  let seen = "";
  let looks = 0;
  let text = "";
  return {
    name: file,
    async read() {
      const found = await files.stat(file);
      if (!found.ok) return found;
      if (!found.value)
        return problem(
          "missing",
          `${file} is not there`,
          "Write it, or take flags: out of the config.",
          file,
        );
      if (found.value.size > limits.definitionBytes)
        return problem(
          "usage",
          `${file} has ${found.value.size} bytes; ${limits.definitionBytes} are the most`,
          "Remove flags that nobody reads.",
          file,
        );
      const mark = `${found.value.identity} ${found.value.size}`;
      looks += 1;
      if (mark === seen && looks % 10 !== 0) return ok(null);
      const read = await files.read(file);
      if (!read.ok) return read;
      seen = mark;
      const now = read.value.toString("utf8");
      if (now === text && looks > 1) return ok(null);
      text = now;
      return ok(now);
    },
  };
}
