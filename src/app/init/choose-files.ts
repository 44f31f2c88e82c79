// Which of the compose files that lie in a folder make production, and which env file fills them in.
import type { Mentions } from "./mentions.ts";

export type Choice = {
  readonly files: readonly string[];
  readonly because: string;
  readonly others: readonly string[];
};

const isCompose = /^(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/;
const isBase = /^(?:docker-)?compose\.ya?ml$/;
const isProduction = /[.-](?:prod|production|live)\b/;
const isDevelopment = /[.-](?:dev|development|local|test|testing|ci|override|e2e|debug|staging)\b/;

/** `names`: files of the folder. `isOverlay`: whether a file changes services that another one defines. Null without any. */
export function chooseCompose(
  names: readonly string[],
  mentions: Mentions,
  isOverlay: (file: string) => boolean,
): Choice | null {
  const there = names.filter((name) => isCompose.test(name));
  const known = new Set(there);
  const said = mentions.composeFiles
    .map((said) => ({ ...said, files: said.files.map((file) => file.replace(/^\.\//, "")) }))
    .filter(({ files }) => files.every((file) => known.has(file)));
  const best =
    said.find(({ files }) => files.some((file) => isProduction.test(file))) ??
    said.find(({ files }) => !files.some((file) => isDevelopment.test(file)));
  const rest = (files: readonly string[]) => there.filter((name) => !files.includes(name));
  if (best)
    return {
      files: best.files,
      because: `${best.where} uses ${best.files.length > 1 ? "them" : "it"}`,
      others: rest(best.files),
    };
  const base = there.find((name) => isBase.test(name));
  const production =
    there.find((name) => /[.-]prod/.test(name)) ?? there.find((name) => isProduction.test(name));
  if (production && base && isOverlay(production)) {
    const files = [base, production];
    return { files, because: `${production} changes services of ${base}`, others: rest(files) };
  }
  const one = production ?? base ?? there.find((name) => !isDevelopment.test(name));
  if (one === undefined) return null;
  const because = production
    ? "its name says production"
    : base
      ? "it is the only one for production"
      : "no other fits";
  return { files: [one], because, others: rest([one]) };
}

export type EnvChoice = {
  /** What the config names. */
  readonly files: readonly string[];
  /** What is read now: an example where the file itself is not there. */
  readonly read: readonly string[];
  readonly isExample: boolean;
};

/** `defines`: how many of the compose file's variables a file of this name gives a value. */
export function chooseEnv(
  names: readonly string[],
  mentions: Mentions,
  defines: (file: string) => number,
): EnvChoice {
  const there = (name: string) => names.includes(name);
  const exampleOf = (name: string) =>
    [`${name}.example`, `${name}.sample`, `${name}.template`, `${name}.dist`].find(there);
  const asked = mentions.envFiles.map(({ path }) => path.replace(/^\.\//, ""));
  const said =
    asked.find((path) => isProduction.test(path)) ?? asked.find((path) => there(path) || exampleOf(path));
  const candidates = [".env", ".env.production", ".env.prod"].filter(there);
  const best = candidates.toSorted((a, b) => defines(b) - defines(a))[0];
  const file = said ?? best ?? [".env", ".env.production", ".env.prod"].find((name) => exampleOf(name));
  if (file === undefined) return { files: [], read: [], isExample: false };
  if (there(file)) return { files: [file], read: [file], isExample: false };
  const example = exampleOf(file);
  return { files: [file], read: example ? [example] : [], isExample: true };
}
