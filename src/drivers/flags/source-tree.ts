// The source files of an app below a folder, to look for flags in them.
import { join } from "node:path";
import type { Files } from "../../ports/files.ts";

const endings = /\.(?:[cm]?[jt]sx?|vue|svelte)$/;
const passedOver = new Set(["node_modules", ".git", "dist", "build", ".next", "coverage"]);
const mostFiles = 5_000;
const mostBytes = 1024 * 1024;

export type SourceFile = { readonly file: string; readonly text: string };

/** What cannot be read is left out: it is somebody else's folder. At most 5,000 files of at most 1 MiB. */
export async function sourceTree(folder: string, files: Files): Promise<readonly SourceFile[]> {
  const found: SourceFile[] = [];
  const left = [folder];
  for (let at = left.pop(); at !== undefined && found.length < mostFiles; at = left.pop()) {
    const names = await files.list(at);
    for (const name of names.ok ? names.value : []) {
      if (passedOver.has(name)) continue;
      const path = join(at, name);
      const stat = await files.stat(path);
      if (!stat.ok || !stat.value) continue;
      if (stat.value.type === "directory") left.push(path);
      if (stat.value.type !== "file" || !endings.test(name) || stat.value.size > mostBytes) continue;
      const read = await files.read(path);
      if (read.ok) found.push({ file: path, text: read.value.toString("utf8") });
    }
  }
  return found;
}
