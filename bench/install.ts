// The product as users have it, for benches that start it as a process.
import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Compiled, without the source beside it. Returns the path of its command. */
export function install(folder: string): string {
  const built = spawnSync(process.execPath, [
    join(root, "node_modules/typescript/bin/tsc"),
    "-p",
    join(root, "tsconfig.build.json"),
    "--outDir",
    join(folder, "app/dist"),
  ]);
  if (built.status !== 0) throw new Error(`the build failed: ${built.stdout}${built.stderr}`);
  cpSync(join(root, "bin"), join(folder, "app/bin"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "app/package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "app/node_modules"));
  return join(folder, "app/bin/lastgood.js");
}
