// Which shared libraries a program needs to run in an otherwise empty root, as its own loader says.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Host } from "../../../ports/host.ts";

const lddMs = 20_000;
/** Looked up by name at run time, so the loader does not list them: name resolution of glibc before 2.34. */
const byName = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/**
 * Absolute paths, the loader among them; empty for a static program.
 * Works for glibc and musl: both print `name => /path (0x…)`, and the loader alone on its line.
 */
export async function librariesOf(
  program: string,
  host: Host,
  files: Files,
): Promise<Result<readonly string[]>> {
  const asked = await host.run({ argv: ["ldd", program], effect: "read", op: null, timeoutMs: lddMs });
  if (!asked.ok) {
    const next = "install ldd (Debian: libc-bin); the edge container can be made on Linux only";
    return problem("missing", `the libraries of ${program} can't be listed: ${asked.error.what}`, next);
  }
  const { exitCode, stdout, stderr } = asked.value;
  if (/not a (valid )?dynamic (executable|program)|statically linked/i.test(stdout + stderr)) return ok([]);
  if (exitCode !== 0) {
    const said = stderr.trim().split("\n").at(-1) ?? "";
    return problem("failed", `ldd ${program} failed: ${said.slice(0, 300)}`, "run it by hand and see why");
  }
  const listed = parseLdd(stdout);
  if (!listed.ok) return listed;
  return ok([...listed.value, ...(await loadedByName(listed.value, files))]);
}

export function parseLdd(text: string): Result<readonly string[]> {
  const paths = new Set<string>();
  for (const line of text.split("\n")) {
    const missing = /^\s*(\S+)\s+=>\s+not found/.exec(line);
    if (missing) {
      return problem(
        "missing",
        `the node program needs ${missing[1]}, which is not here`,
        "install it, or use another node",
      );
    }
    const path = /(?:=>\s+|^\s*)(\/\S+)\s+\(0x[0-9a-f]+\)/.exec(line)?.[1];
    if (path !== undefined) paths.add(path);
  }
  return ok([...paths].sort());
}

async function loadedByName(listed: readonly string[], files: Files): Promise<readonly string[]> {
  const libc = listed.find((path) => /\/libc\.so\.6$/.test(path));
  if (libc === undefined) return [];
  const found: string[] = [];
  for (const name of byName) {
    const path = `${dirname(libc)}/${name}`;
    const stat = await files.stat(path);
    if (stat.ok && stat.value?.type === "file" && !listed.includes(path)) found.push(path);
  }
  return found;
}
