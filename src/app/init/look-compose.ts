// Looks at the compose files: which there are, what fills them in, and what docker itself makes of them.
import { isAbsolute, join, relative } from "node:path";
import { parseEnv } from "node:util";
import { chooseCompose, chooseEnv } from "./choose-files.ts";
import { type ComposeModel, mapOf, mergeRaw, readModel, readYaml } from "./compose-model.ts";
import { findDatabase } from "./database.ts";
import type { ComposeFinding } from "./findings.ts";
import { fillIn, variablesIn } from "./interpolate.ts";
import type { Looking } from "./looking.ts";
import type { Mentions } from "./mentions.ts";
import type { Reader } from "./reader.ts";

const dockerMs = 20_000;

export async function lookAtCompose(
  looking: Looking,
  own: Reader,
  names: readonly string[],
  mentions: Mentions,
): Promise<ComposeFinding | null> {
  const texts = new Map(
    (await own.inFolders([""], /compose[\w.-]*\.ya?ml$/)).map(({ file, text }) => [file, text]),
  );
  const rawOf = (file: string) => readYaml(texts.get(file) ?? "") ?? {};
  const isOverlay = (file: string) =>
    Object.values(mapOf(rawOf(file)["services"]) ?? {}).some(
      (one) => !mapOf(one)?.["image"] && !mapOf(one)?.["build"],
    );
  const choice = chooseCompose(names, mentions, isOverlay);
  if (choice === null) return null;
  const raw = mergeRaw(choice.files.map(rawOf));
  const variables = variablesIn(choice.files.map((file) => texts.get(file) ?? "").join("\n"));
  const envs = new Map((await own.inFolders([""], /^\.env/)).map(({ file, text }) => [file, parseEnv(text)]));
  const defines = (file: string) =>
    variables.filter(({ name }) => envs.get(file)?.[name] !== undefined).length;
  const env = chooseEnv([...envs.keys()], mentions, defines);
  const values = Object.assign({}, ...env.read.map((file) => envs.get(file))) as Record<string, string>;
  const filled = readYaml(fillIn(JSON.stringify(raw), jsonSafe(values))) ?? {};
  const asked = await askDocker(looking, choice.files, env.read);
  return {
    ...choice,
    envFiles: env.files,
    envIsExample: env.isExample,
    variables,
    defined: Object.keys(values),
    missing: variables
      .filter(({ name, hasDefault }) => !hasDefault && values[name] === undefined)
      .map(({ name }) => name),
    model: asked.ok ? withMissing(asked.model, readModel(filled)) : readModel(filled),
    rawImages: rawImages(raw),
    unresolved: asked.ok ? null : asked.why,
    runningAs: await runningName(looking, choice.files),
    projectInEnv: values["COMPOSE_PROJECT_NAME"] ?? null,
    database: findDatabase(mapOf(raw["services"]) ?? {}, values),
  };
}

function rawImages(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(mapOf(raw["services"]) ?? {}).flatMap(([name, one]) => {
      const image = mapOf(one)?.["image"];
      return typeof image === "string" ? [[name, image]] : [];
    }),
  );
}

/** Values go into a JSON text: what ends a string there is escaped. */
function jsonSafe(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, JSON.stringify(value).slice(1, -1)]),
  );
}

type Asked =
  | { readonly ok: true; readonly model: ComposeModel }
  | { readonly ok: false; readonly why: string };

/** Docker's own reading knows includes, `extends` and `!reset`; its answer holds secrets, of which nothing is kept. */
async function askDocker(
  { host, folder }: Looking,
  files: readonly string[],
  envFiles: readonly string[],
): Promise<Asked> {
  const argv: [string, ...string[]] = [
    "docker",
    "compose",
    ...files.flatMap((file) => ["--file", file]),
    ...envFiles.flatMap((file) => ["--env-file", file]),
    "config",
    "--format",
    "json",
  ];
  const ended = await host.run({ argv, cwd: folder, timeoutMs: dockerMs, effect: "read", op: null });
  if (!ended.ok) return { ok: false, why: "docker is not on this machine" };
  const { exitCode, stdout, stderr, truncated } = ended.value;
  const raw = exitCode === 0 && !truncated ? readYaml(stdout) : null;
  if (raw) return { ok: true, model: relativeTo(readModel(raw), folder) };
  const said = stderr.split("\n").filter((line) => line.trim() !== "" && !/level=warning/.test(line));
  return { ok: false, why: said.at(-1)?.trim() ?? "docker compose config gave no answer" };
}

/** Docker says where things are in full. */
function relativeTo(model: ComposeModel, folder: string): ComposeModel {
  const short = (path: string) =>
    isAbsolute(path) && path.startsWith(folder) ? `./${relative(folder, path)}` : path;
  return {
    ...model,
    services: model.services.map((service) => ({
      ...service,
      context: service.context === null ? null : short(service.context),
      mounts: service.mounts.map((mount) => ({ ...mount, source: short(mount.source) })),
    })),
  };
}

/** Services of a profile are not in docker's answer. */
function withMissing(model: ComposeModel, raw: ComposeModel): ComposeModel {
  const there = new Set(model.services.map(({ name }) => name));
  const order = raw.services.map(({ name }) => name);
  const services = [...model.services, ...raw.services.filter(({ name }) => !there.has(name))];
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return { ...model, services: services.toSorted((a, b) => place(a.name) - place(b.name)) };
}

async function runningName({ host, folder }: Looking, files: readonly string[]): Promise<string | null> {
  const argv: [string, ...string[]] = ["docker", "compose", "ls", "--all", "--format", "json"];
  const ended = await host.run({ argv, timeoutMs: dockerMs, effect: "read", op: null });
  if (!ended.ok || ended.value.exitCode !== 0) return null;
  const projects = (readYaml(`projects: ${ended.value.stdout}`)?.["projects"] ?? []) as readonly {
    readonly Name?: string;
    readonly ConfigFiles?: string;
  }[];
  const wanted = join(folder, files[0] ?? "");
  return projects.find(({ ConfigFiles }) => ConfigFiles?.split(",").includes(wanted))?.Name ?? null;
}
