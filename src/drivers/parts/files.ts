// Parts whose output is in files of this machine: processes of ours, the proxy, an nginx without systemd.
import { z } from "zod";
import { parseJson } from "../../core/json.ts";
import type { LogLine, Part } from "../../core/parts/part.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { Op } from "../../ports/op.ts";
import type { LogPage, LogWant, Parts } from "../../ports/parts.ts";
import { safe } from "./text.ts";

export type LogFile = {
  readonly path: string;
  /** What people call it: an instance, `error.log`. */
  readonly from: string;
  readonly redact: (text: string) => string;
};

export type FilePart = {
  readonly part: Part;
  files(): Promise<Result<readonly LogFile[]>>;
  /** Null where it cannot be restarted from here. */
  readonly restart: ((op: Op) => Promise<Result<void>>) | null;
};

/** Enough for the lines that people ask for; a longer line than this is cut anyway. */
const bytesPerLine = 400;
const mostBytes = 1024 * 1024;

/** Where each file was read to, by its path: size and identity, so that a rotated one is begun anew. */
const cursor = z.record(z.string(), z.object({ offset: z.number(), identity: z.string() }));

export function fileParts(
  parts: () => Promise<Result<readonly FilePart[]>>,
  deps: { readonly files: Files },
): Parts {
  const one = async (name: string): Promise<Result<FilePart>> => {
    const all = await parts();
    if (!all.ok) return all;
    const found = all.value.find(({ part }) => part.name === name);
    return found ? ok(found) : problem("missing", `there is no part "${name}"`, "lastgood logs lists them.");
  };
  return {
    async list() {
      const all = await parts();
      return all.ok ? ok(all.value.map(({ part }) => part)) : all;
    },
    async logs(name, want) {
      const found = await one(name);
      if (!found.ok) return found;
      const files = await found.value.files();
      return files.ok ? readAll(files.value, want, deps.files) : files;
    },
    async restart(op, name) {
      const found = await one(name);
      if (!found.ok) return found;
      if (found.value.restart) return found.value.restart(op);
      return problem("refused", `${name} cannot be restarted from here`, "Restart it as it was started.");
    },
  };
}

/** These files say no times of their own, so there is nothing to sort by: one file after the other. */
async function readAll(sources: readonly LogFile[], want: LogWant, files: Files): Promise<Result<LogPage>> {
  const read = cursor.safeParse(parseJson(want.after ?? "{}"));
  const before = read.success ? read.data : {};
  const next: z.infer<typeof cursor> = { ...before };
  const lines: LogLine[] = [];
  for (const source of sources) {
    const stat = await files.stat(source.path);
    if (!stat.ok) return stat;
    if (stat.value === null) continue;
    const { size, identity } = stat.value;
    const known = before[source.path];
    const from = known?.identity === identity && known.offset <= size ? known.offset : null;
    const offset = from ?? Math.max(0, size - Math.min(mostBytes, want.lines * bytesPerLine));
    const tail = await files.read(source.path, { offset, length: mostBytes });
    if (!tail.ok) return tail;
    const { text, used } = wholeLines(tail.value, from === null && offset > 0);
    next[source.path] = { offset: offset + used, identity };
    const rows = source
      .redact(text)
      .split("\n")
      .filter((row) => row !== "");
    lines.push(...rows.map((row) => ({ at: null, from: source.from, text: safe(row) })));
  }
  return ok({ lines: lines.slice(-want.lines), next: JSON.stringify(next) });
}

/** Half a line is left for the next look; half a secret would not be recognised. */
function wholeLines(bytes: Buffer, cutAtStart: boolean): { readonly text: string; readonly used: number } {
  const last = bytes.lastIndexOf(0x0a) + 1;
  const first = cutAtStart ? bytes.indexOf(0x0a) + 1 : 0;
  return { text: bytes.toString("utf8", Math.min(first, last), last), used: last };
}
