// Looks around in a folder and on its machine. Reads only: nothing is started, nothing is written.
import { isAbsolute, normalize } from "node:path";
import type { ComposeModel } from "./compose-model.ts";
import type { ComposeFinding, Findings } from "./findings.ts";
import { lookAtCompose } from "./look-compose.ts";
import { lookAtContext, scriptsOf } from "./look-context.ts";
import type { Looking } from "./looking.ts";
import { readMentions, type Source } from "./mentions.ts";
import { readSites } from "./nginx-text.ts";
import { type Reader, reader } from "./reader.ts";
import { readStanzas } from "./stanzas.ts";
import { readUnits } from "./units.ts";

const scriptFolders = [
  "",
  "scripts",
  "deploy",
  "deployment",
  "ops",
  "bin",
  ".github/workflows",
  "scripts/deploy",
  "scripts/deployment",
];
const isForTests = /(?:^|[/._-])(?:tests?|e2e|dev|local)(?:[._-]|$)/;
const nginxFolders = [
  "nginx",
  "nginx/conf.d",
  "nginx/sites-enabled",
  "deploy/nginx",
  "config/nginx",
  "docker/nginx",
];
const unitFolders = ["", "systemd", "deploy", "deploy/systemd", "ops"];

export async function look(looking: Looking): Promise<Findings> {
  const own = reader(looking.files, looking.folder);
  const names = await own.names("");
  const sources = await readScripts(own);
  const mentions = readMentions(sources);
  const compose = await lookAtCompose(looking, own, names, mentions);
  const dirs = new Set([
    ...contextsOf(compose),
    ...builtIn(sources),
    ...(names.includes("package.json") ? ["."] : []),
  ]);
  const contexts = [];
  for (const dir of dirs) contexts.push(await lookAtContext(own, dir));
  return {
    folder:
      looking.folder
        .split("/")
        .filter((part) => part !== "")
        .at(-1) ?? "app",
    compose,
    contexts,
    dockerfiles: await dockerfiles(own, compose),
    mentions,
    nginx: readSites(await nginxFiles(looking, own, compose?.model ?? null)),
    units: readUnits(await unitFiles(looking, own)),
    stanzas: await readStanzas(looking.files, looking.etc),
  };
}

/** Scripts, workflows, make files, and the scripts of package.json as lines. */
async function readScripts(own: Reader): Promise<readonly Source[]> {
  const found = await own.inFolders(
    scriptFolders,
    /\.sh$|\.ya?ml$|^Makefile$|^package\.json$|^\.gitlab-ci\.yml$/,
  );
  const isCompose = ({ file }: Source) => /compose[\w.-]*\.ya?ml$/.test(file);
  const scripts = found.filter((one) => !isCompose(one) && !isForTests.test(one.file));
  return [
    ...scripts.map(({ file, text }) => ({
      file,
      text: file.endsWith("package.json") ? Object.values(scriptsOf(text)).join("\n") : text,
    })),
    // What is done counts more than what a comment says.
    ...found.filter(isCompose).map(({ file, text }) => ({ file, text: usageIn(text) })),
  ];
}

function contextsOf(compose: ComposeFinding | null): readonly string[] {
  const contexts = (compose?.model.services ?? []).flatMap(({ context }) =>
    context === null ? [] : [context],
  );
  return [...new Set(contexts.map((context) => normalize(context).replace(/\/$/, "")))].filter(
    (context) => !isAbsolute(context) && !context.startsWith("..") && !context.includes("://"),
  );
}

/** Commands in the comments of a compose file; everything else of it is read as what it is. */
function usageIn(text: string): string {
  const lines = text.split("\n").map((line) => /^\s*#\s*(docker.*)$/.exec(line)?.[1] ?? "");
  return lines.join("\n");
}

async function dockerfiles(
  own: Reader,
  compose: ComposeFinding | null,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const { name, context, dockerfile } of compose?.model.services ?? []) {
    if (context === null || isAbsolute(context)) continue;
    const text = await own.text(normalize(`${context}/${dockerfile ?? "Dockerfile"}`));
    if (text !== null) found[name] = text;
  }
  return found;
}

/** Folders that scripts build images of, such as `./api` in `docker build -t name ./api`. */
function builtIn(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ text }) => {
    const commands = text.matchAll(/\bdocker (?:buildx )?build\b[^\n]*?\s(\.\/[\w./-]+|\.)\s*$/gm);
    const contexts = text.matchAll(/^\s*context:\s*(\.\/[\w./-]+|\.)\s*$/gm);
    return [...commands, ...contexts].map((match) => normalize(match[1] ?? "").replace(/\/$/, ""));
  });
}

/** What the nginx of the compose file mounts or bakes in, what lies in the folder, and what the host's nginx has. */
async function nginxFiles(
  { files, etc }: Looking,
  own: Reader,
  model: ComposeModel | null,
): Promise<readonly Source[]> {
  const mounted = (model?.services ?? [])
    .filter(({ image, name }) => /nginx/.test(`${image ?? ""} ${name}`))
    .flatMap(({ mounts, context }) => [
      ...mounts.filter(({ kind }) => kind === "bind").map(({ source }) => source),
      ...(context ? [context] : []),
    ])
    .map((path) => normalize(path).replace(/\/$/, ""));
  const inside = [];
  for (const path of mounted) inside.push(...(await own.fileOr(path, /\.conf$|\.template$/)));
  const lying = await own.inFolders(nginxFolders, /\.conf$|\.template$/);
  const host = await reader(files, etc).inFolders(
    ["nginx", "nginx/conf.d", "nginx/sites-enabled"],
    /^nginx\.conf$|\.conf$|^[\w.-]+$/,
  );
  const all = [...inside, ...lying, ...host.map(({ file, text }) => ({ file: `${etc}/${file}`, text }))];
  return [...new Map(all.map((one) => [one.file, one])).values()];
}

/** Units in the folder, and units of the machine that work in it. */
async function unitFiles({ files, etc, folder }: Looking, own: Reader): Promise<readonly Source[]> {
  const lying = await own.inFolders(unitFolders, /\.service$/);
  const installed = await reader(files, etc).inFolders(["systemd/system"], /\.service$/);
  const ours = installed.filter(({ text }) => text.includes(folder));
  return [...lying, ...ours.map(({ file, text }) => ({ file: `${etc}/${file}`, text }))];
}
