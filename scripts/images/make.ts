// Makes an image from this machine's own files with `docker import`: no registry is needed.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, tryRun } from "../parts/run.ts";
import { type Content, contentOf, layOut } from "./content.ts";
import type { Recipe } from "./recipe.ts";

/** Says what an image of ours was made from; an image without it is somebody else's. */
const label = "lastgood.made-from";
const importMs = 5 * 60_000;

export type Env = Readonly<Record<string, string>>;

export type Made = "made" | "there" | "foreign";

/** Name of an image → what it was made from; empty where it is not ours. */
export type Known = ReadonlyMap<string, string>;

/**
 * `env` says which engine (DOCKER_HOST, DOCKER_CONFIG, PATH). An image of the same content is left alone (`there`),
 * and so is a name that somebody else's image has (`foreign`): it is used as it is.
 */
export async function makeImage(recipe: Recipe, env: Env, known: Known): Promise<Made> {
  const content = await contentOf(recipe);
  const [name, ...more] = recipe.tags;
  if (known.get(name) === "") return "foreign";
  const isThere = known.get(name) === content.digest;
  if (!isThere) await importImage(recipe, content, env);
  for (const tag of more) {
    const had = known.get(tag);
    if (had !== "" && (had !== content.digest || !isThere)) await run(["docker", "tag", name, tag], { env });
  }
  return isThere ? "there" : "made";
}

async function importImage(recipe: Recipe, content: Content, env: Env): Promise<void> {
  const [name] = recipe.tags;
  const folder = await mkdtemp(join(tmpdir(), "lastgood-image-"));
  try {
    await mkdir(join(folder, "root"));
    await layOut(recipe, content, join(folder, "root"));
    await pack(recipe, folder);
    const settings = [...recipe.settings, `LABEL ${label}=${content.digest}`];
    const changes = settings.flatMap((line) => ["--change", line]);
    await run(["docker", "import", ...changes, join(folder, "root.tar"), name], { env, timeoutMs: importMs });
    if (recipe.stopSignal !== undefined) await setStopSignal(name, recipe.stopSignal, env);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `docker import` does not take it. The old builder needs no plugin. */
async function setStopSignal(name: string, signal: string, env: Env): Promise<void> {
  const stdin = `FROM ${name}\nSTOPSIGNAL ${signal}\n`;
  await run(["docker", "build", "--quiet", "--tag", name, "-"], {
    env: { ...env, DOCKER_BUILDKIT: "0" },
    stdin,
  });
}

/** Those of these names that the engine has, in one question. */
export async function knownImages(names: readonly string[], env: Env): Promise<Known> {
  const format = `{{json .RepoTags}}\t{{index .Config.Labels "${label}"}}`;
  const ended = await tryRun(["docker", "image", "inspect", "--format", format, ...names], { env });
  const lines = (ended?.stdout ?? "").split("\n").filter((line) => line !== "");
  const pairs = lines.flatMap((line) => {
    const [tags = "null", madeFrom = ""] = line.split("\t");
    const own = (JSON.parse(tags) as string[] | null) ?? [];
    return own.map((tag) => [tag, madeFrom] as const);
  });
  return new Map(pairs);
}

/** Everything is root's, but for the folders that say otherwise; so it can be made by anybody. */
async function pack(recipe: Recipe, folder: string): Promise<void> {
  const owned = (recipe.folders ?? []).filter(({ owner }) => owner !== undefined);
  const tar = [
    "tar",
    "--create",
    "--file",
    join(folder, "root.tar"),
    "--directory",
    join(folder, "root"),
  ] as const;
  const except = owned.map(({ path }) => `--exclude=.${path}`);
  await run([...tar, "--numeric-owner", "--owner=0", "--group=0", ...except, "."]);
  for (const { path, owner } of owned) {
    const append = ["tar", "--append", ...tar.slice(2), "--no-recursion"] as [string, ...string[]];
    await run([...append, "--numeric-owner", `--owner=${owner}`, `--group=${owner}`, `.${path}`]);
  }
}
