// npm run build in this package: ESM and CommonJS from one source, and the word that tells Node which is which.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Builds into `out`, by default `dist` of this package. Throws what the compiler says. */
export function buildFlags(out = join(import.meta.dirname, "dist")): void {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  rmSync(out, { recursive: true, force: true });
  for (const [form, project] of [
    ["esm", "tsconfig.json"],
    ["cjs", "tsconfig.cjs.json"],
  ] as const) {
    const target = join(out, form);
    const args = [tsc, "-p", join(import.meta.dirname, project), "--outDir", target];
    const built = spawnSync(process.execPath, args, { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, "package.json"), `{ "type": "${form === "esm" ? "module" : "commonjs"}" }\n`);
  }
}

if (import.meta.main) buildFlags();
