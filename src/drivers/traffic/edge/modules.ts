// The files of our own that the edge runs: its entry, what that imports, and the packages they need.
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";

/** Import statements of our own sources and of the packages that we use: literal, one a statement. */
const imports = /\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g;
const filesAtMost = 2_000;

export type Module = {
  /** Where it lies. */
  readonly from: string;
  /** Where it is to lie, relative to the edge's own folder. */
  readonly to: string;
};

/** `entry` as it is called inside: what `node` is told to run. */
export type Modules = { readonly entry: string; readonly modules: readonly Module[] };

type Open = { readonly path: string; readonly base: string; readonly under: string };

/** `root`: our package's folder, in which `main` lies. */
export async function modulesOf(main: string, root: string, files: Files): Promise<Result<Modules>> {
  const seen = new Map<string, Module>();
  const open: Open[] = [{ path: main, base: root, under: "" }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.path)) continue;
    if (seen.size >= filesAtMost)
      return problem("failed", "the edge needs too many files", "install Lastgood again", main);
    const text = await files.read(next.path);
    // In a package it may be an example in a comment; of our own files all must be there.
    if (!text.ok && text.error.code === "missing" && next.under !== "") continue;
    if (!text.ok) return text;
    seen.set(next.path, { from: next.path, to: join(next.under, relative(next.base, next.path)) });
    for (const [, name = ""] of text.value.toString("utf8").matchAll(imports)) {
      const found = await follow(name, next, files, root);
      if (!found.ok) return found;
      for (const one of found.value) {
        if ("path" in one) open.push(one);
        else seen.set(one.from, one);
      }
    }
  }
  return ok({
    entry: relative(root, main),
    modules: [...seen.values()].sort((a, b) => (a.to < b.to ? -1 : 1)),
  });
}

async function follow(
  name: string,
  from: Open,
  files: Files,
  root: string,
): Promise<Result<readonly (Open | Module)[]>> {
  if (name.startsWith("node:")) return ok([]);
  if (name.startsWith(".")) return ok([{ ...from, path: join(dirname(from.path), name) }]);
  if (!/^[a-z@]/.test(name) || from.under !== "") return ok([]); // words in a comment, or a package's own affair
  return await packageOf(name, files, root);
}

const manifest = z.object({
  exports: z.record(z.string(), z.unknown()).optional(),
  module: z.string().optional(),
  main: z.string().optional(),
});
const entries = z.object({
  ".": z.union([z.string(), z.object({ import: z.string() }), z.object({ default: z.string() })]),
});

async function packageOf(
  name: string,
  files: Files,
  root: string,
): Promise<Result<readonly (Open | Module)[]>> {
  for (let folder = root; ; folder = dirname(folder)) {
    const base = join(folder, "node_modules", name);
    const text = await files.read(join(base, "package.json"));
    if (text.ok) {
      const entry = entryOf(manifest.parse(JSON.parse(text.value.toString("utf8"))));
      const under = join("node_modules", name);
      return ok([
        { path: join(base, entry), base, under },
        { from: join(base, "package.json"), to: join(under, "package.json") },
      ]);
    }
    if (text.error.code !== "missing") return text;
    if (folder === dirname(folder)) {
      return problem("missing", `the package ${name} is not installed`, "install Lastgood again", root);
    }
  }
}

function entryOf({ exports, module, main }: z.infer<typeof manifest>): string {
  const read = entries.safeParse(exports);
  if (!read.success) return module ?? main ?? "index.js";
  const entry = read.data["."];
  if (typeof entry === "string") return entry;
  return "import" in entry ? entry.import : entry.default;
}
