// Small changes to the files of a stack that is being laid.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Change a text file in place: it may be mounted into a container by its inode. */
export async function edit(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}

export async function folderIn(dir: string, ...names: readonly string[]): Promise<string> {
  const path = join(dir, ...names);
  await mkdir(path, { recursive: true });
  return path;
}

/** Lines of an env file, with some values changed or added. */
export function withValues(text: string, values: Readonly<Record<string, string>>): string {
  const left = new Map(Object.entries(values));
  const lines = text.trimEnd().split("\n");
  const changed = lines.map((line) => {
    const name = /^(\w+)=/.exec(line)?.[1] ?? "";
    const value = left.get(name);
    left.delete(name);
    return value === undefined ? line : `${name}=${value}`;
  });
  return `${[...changed, ...[...left].map(([name, value]) => `${name}=${value}`)].join("\n")}\n`;
}
