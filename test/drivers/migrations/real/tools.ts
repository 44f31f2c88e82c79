// The migration programs themselves, at exact versions, installed once into a cache: too big to come with the project.
import { createHash } from "node:crypto";
import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "vitest";
import { findProgram } from "../../../../scripts/parts/find-program.ts";
import { oneAtATime } from "../../../../scripts/parts/one-at-a-time.ts";
import { cacheFolder } from "../../../../scripts/parts/place.ts";
import { ownEnv, run } from "../../../../scripts/parts/run.ts";
import { has } from "../../../parts/needs.ts";

/** MB on disk: 101, 240, 110, 20. Prisma's own engines come from a server of theirs, and are not among them. */
const packages = {
  "prisma 6": ["prisma@6.19.3", "@prisma/adapter-pg@7.10.1"],
  "prisma 7": [
    "prisma@7.10.1",
    "@prisma/adapter-pg@7.10.1",
    "@prisma/schema-engine-wasm@8.1.0-2.59be4fda12412a79eeb9c2ae727b6aa723593323",
  ],
  drizzle: ["drizzle-kit@0.31.11", "drizzle-orm@0.45.4", "pg@8.23.1"],
  "knex and node-pg-migrate": ["knex@3.3.0", "node-pg-migrate@9.0.0", "pg@8.23.1"],
} as const;
export type ToolSet = keyof typeof packages;

const installMs = 5 * 60_000;

/** `describe` with the folder of the packages, or its skipped twin where npm can't get them; the title says what is needed. */
export async function describeWithTool(
  set: ToolSet,
): Promise<(title: string, tests: (modules: string) => void) => void> {
  const had = await installed(set).catch((error: Error) => error);
  const server = await has("postgres");
  if (had instanceof Error)
    console.warn(`tests that need ${set} are skipped: npm can't install it: ${had.message.slice(0, 200)}`);
  const modules = had instanceof Error ? "" : had;
  return (title, tests) =>
    describe.runIf(modules !== "" && server)(`${title} (needs postgres, ${packages[set].join(", ")})`, () =>
      tests(modules),
    );
}

async function installed(set: ToolSet): Promise<string> {
  const digest = createHash("sha256").update(packages[set].join(" ")).digest("hex").slice(0, 12);
  const folder = join(cacheFolder(), `${set.replaceAll(" ", "-")}-${digest}`);
  const modules = join(folder, "node_modules");
  await oneAtATime(`tool-${digest}`, async () => {
    const there = await access(modules).then(
      () => true,
      () => false,
    );
    if (there) return;
    if ((await findProgram("npm")) === null) throw new Error("there is no npm");
    await rm(`${folder}.new`, { recursive: true, force: true });
    await mkdir(`${folder}.new`, { recursive: true });
    await writeFile(join(`${folder}.new`, "package.json"), "{}");
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
    const argv = ["npm", "install", "--prefix", `${folder}.new`, ...quiet, ...packages[set]] as const;
    await run([...argv] as [string, ...string[]], {
      timeoutMs: installMs,
      env: { ...process.env, ...ownEnv() } as Record<string, string>,
    });
    await rm(folder, { recursive: true, force: true });
    await rename(`${folder}.new`, folder);
  });
  return modules;
}
