// apt with sources, lists and cache of its own: packages of another release, and this system stays as it is.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** Arguments for apt-get; all it writes is under the folder. `line` is one of sources.list. */
export async function aptOptions(folder: string, line: string): Promise<readonly string[]> {
  await chmod(folder, 0o755);
  await mkdir(join(folder, "lists", "partial"), { recursive: true });
  await mkdir(join(folder, "cache", "archives", "partial"), { recursive: true });
  await writeFile(join(folder, "sources.list"), `${line}\n`);
  return [
    `Dir::Etc::SourceList=${folder}/sources.list`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
}

/** The archive this system gets Debian from; its packages are checked by this system's keys. */
export async function debianMirror(): Promise<string> {
  const format = "$(ORIGIN) $(COMPONENT) $(REPO_URI)";
  const targets = await run(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
  const found = targets.split("\n").find((line) => /^Debian main .*\/debian\/?$/.test(line));
  if (found === undefined) throw new Error("this system's sources name no Debian archive");
  return found.split(" ")[2] ?? "";
}
