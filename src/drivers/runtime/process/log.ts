// The newest lines of an instance's log, fit to be shown.
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";

const LINES = 20;
const TAIL_BYTES = 64 * 1024;
const LINE_CHARACTERS = 500;

/** Empty where there is no log. */
export async function lastLines(
  files: Files,
  path: string,
  redact: (text: string) => string,
): Promise<Result<readonly string[]>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  if (stat.value === null) return ok([]);
  const offset = Math.max(0, stat.value.size - TAIL_BYTES);
  const tail = await files.read(path, { offset, length: TAIL_BYTES });
  if (!tail.ok) return tail.error.code === "missing" ? ok([]) : tail;
  const text = tail.value.toString("utf8");
  // A line that began before the tail is left out: half a secret would not be recognised.
  const whole = offset === 0 ? text : text.slice(text.indexOf("\n") + 1 || text.length);
  const lines = redact(whole).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return ok(lines.slice(-LINES).map(shorten));
}

function shorten(line: string): string {
  return line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line;
}
