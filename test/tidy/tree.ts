// The files of this repository, as the tidy tests look at them.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type Source } from "./parse.ts";

export const root = join(import.meta.dirname, "..", "..");

const listBytes = 16 * 1024 * 1024;

/** Tracked files, and those that would be with the next `git add`. */
export function tracked(): readonly string[] {
  const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: root,
    maxBuffer: listBytes,
  });
  return list
    .toString("utf8")
    .split("\0")
    .filter((file) => file !== "" && existsSync(join(root, file)));
}

export function contentOf(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

export function sourcesIn(folders: readonly string[]): readonly Source[] {
  const files = tracked().filter(
    (file) => /\.m?[jt]s$/.test(file) && folders.some((folder) => file.startsWith(`${folder}/`)),
  );
  return files.map((file) => parse(file, contentOf(file)));
}
