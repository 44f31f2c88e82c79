// Reads pgBackRest's settings: sections in brackets, and in them `key=value`.
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";

export type Settings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where it looks by itself, in its order. */
const standardFiles = ["/etc/pgbackrest/pgbackrest.conf", "/etc/pgbackrest.conf"] as const;

/** A file that is not there says nothing; `path` is then where it would stand. */
export async function readSettings(
  files: Pick<Files, "read">,
  path: string | null,
): Promise<Result<{ readonly path: string; readonly sections: Settings }>> {
  for (const one of path === null ? standardFiles : [path]) {
    const read = await files.read(one);
    if (read.ok) return ok({ path: one, sections: sectionsIn(read.value.toString("utf8")) });
    if (read.error.code !== "missing") return read;
  }
  return ok({ path: path ?? standardFiles[0], sections: {} });
}

export function sectionsIn(text: string): Settings {
  const sections: Record<string, Record<string, string>> = {};
  let current = "";
  for (const line of text.split("\n").map((one) => one.trim())) {
    const section = /^\[([^\]]+)\]$/.exec(line)?.[1];
    if (section !== undefined) current = section;
    const [, key, value] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) sections[current] = { ...sections[current], [key]: value };
  }
  return sections;
}
