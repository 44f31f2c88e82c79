// An `.env` file that says what flags are, for apps that read nothing else; and what people write into it by hand.
import { readVariables, sumOf, writeVariables, writtenVersion } from "../../core/flags/env-text.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { FlagMirror, Foreign } from "../../ports/flags.ts";

const fileMode = 0o600;
const nothing: Foreign = { variables: new Map(), since: 0 };

/**
 * Written whole, by renaming: mount its folder, not the file, or readers keep the old one. A last line says which
 * version we wrote: that tells a hand's edit from our own write that a crash cut short.
 */
export function envFile(file: string, files: Files): FlagMirror {
  let seen = "";

  async function current(): Promise<
    Result<{ readonly text: string; readonly mode: number; readonly mark: string }>
  > {
    const found = await files.stat(file);
    if (!found.ok) return found;
    if (!found.value) return ok({ text: "", mode: fileMode, mark: "none" });
    const read = await files.read(file);
    if (!read.ok) return read;
    const { identity, size, mode } = found.value;
    return ok({ text: read.value.toString("utf8"), mode, mark: `${identity} ${size}` });
  }

  return {
    name: file,
    async write(variables, version) {
      const now = await current();
      if (!now.ok) return now;
      const text = writeVariables(now.value.text, variables, version);
      if (text === now.value.text) return ok(undefined);
      return files.replace(file, text, now.value.mode);
    },
    async read(names) {
      const now = await current();
      return now.ok ? ok(readVariables(now.value.text, names)) : now;
    },
    async foreign(variables) {
      const now = await current();
      if (!now.ok) return now;
      const { text, mark } = now.value;
      if (mark === "none") return ok(nothing);
      if (text === seen) return ok(nothing);
      seen = text;
      const there = readVariables(text, variables.keys());
      const written = writtenVersion(text);
      if (written && written.sum === sumOf(there)) return ok(nothing);
      const changed = [...there].filter(([name, value]) => variables.get(name) !== value);
      return ok({ variables: new Map(changed), since: written?.version ?? 0 });
    },
  };
}
