// Makes the images for tests and example stacks: `node scripts/images/index.ts [name …]`, on the engine that DOCKER_HOST
// and DOCKER_CONFIG name. Names are redis:7, postgres:15, nginx:1.22, lastgood-test/node:24, lastgood-test/base:1,
// lastgood-test/systemd:1.
import { ownEnv } from "../parts/run.ts";
import { nginx, postgres, redis } from "./daemons.ts";
import { type Env, knownImages, makeImage } from "./make.ts";
import { base, node } from "./node.ts";
import type { Recipe } from "./recipe.ts";
import { systemd } from "./systemd.ts";

/** Recipes of all images that this machine has the files for. */
export async function recipes(): Promise<readonly Recipe[]> {
  const all = [node, base, await redis(), await postgres(), await nginx(), await systemd()];
  return all.filter((recipe) => recipe !== null);
}

/** Makes those with one of these names, or all. Returns the names that nobody knows here. */
export async function makeImages(
  names: readonly string[],
  env: Env,
  say: (line: string) => void = () => {},
): Promise<readonly string[]> {
  const all = await recipes();
  const wanted = all.filter(({ tags }) => names.length === 0 || tags.some((tag) => names.includes(tag)));
  const known = await knownImages(
    wanted.flatMap(({ tags }) => tags),
    env,
  );
  for (const recipe of wanted) {
    const made = await makeImage(recipe, env, known);
    say(`image ${recipe.tags.join(" = ")}: ${made === "foreign" ? "somebody else's, used as it is" : made}`);
  }
  return names.filter((name) => !wanted.some(({ tags }) => tags.includes(name)));
}

if (import.meta.main) {
  const unknown = await makeImages(process.argv.slice(2), ownEnv(), (line) =>
    process.stdout.write(`${line}\n`),
  );
  if (unknown.length > 0)
    process.stderr.write(`can't make ${unknown.join(", ")} from what this machine has\n`);
  process.exitCode = unknown.length > 0 ? 1 : 0;
}
