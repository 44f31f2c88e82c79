// Lays the root of an image out in a folder, and knows beforehand what would be in it.
import { createHash } from "node:crypto";
import { chmod, copyFile, lstat, mkdir, readdir, realpath, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../parts/run.ts";
import { commonFolders, commonTexts, type Recipe } from "./recipe.ts";

/** A file of this machine and its place in the image. */
type Placed = { readonly from: string; readonly to: string };

/** As on Debian: the old top folders are links into /usr. */
const merged = ["bin", "sbin", "lib", "lib64"];

export type Content = {
  /** Without the libraries that its programs load: these are looked up when the image is made. */
  readonly files: readonly Placed[];
  /** The same for the same recipe over the same files. */
  readonly digest: string;
};

export async function contentOf(recipe: Recipe): Promise<Content> {
  const copied = (await Promise.all((recipe.copies ?? []).map((path) => filesUnder(path)))).flat();
  const kept = copied.filter((path) => recipe.without?.test(path) !== true);
  const programs = recipe.programs.map(({ path, as }) => ({ from: path, to: as ?? path }));
  const files = [...kept.map((path) => ({ from: path, to: path })), ...programs];
  return { files, digest: await digestOf(recipe, files) };
}

export async function layOut(recipe: Recipe, { files }: Content, root: string): Promise<void> {
  if (recipe.base) await run(["cp", "-a", `${recipe.base.root}/.`, root]);
  for (const name of merged) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const { path, mode } of [...commonFolders, ...(recipe.folders ?? [])]) {
    await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, path), mode ?? 0o755);
  }
  for (const { from, to } of await withLibraries(files)) await place(from, join(root, to));
  for (const [path, { text, mode = 0o644 }] of Object.entries({ ...commonTexts, ...recipe.texts })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await chmod(join(root, path), mode);
  }
  for (const [path, target] of Object.entries(recipe.links ?? {})) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST" || recipe.base === undefined) throw error; // the base has its own
    });
  }
}

async function withLibraries(files: readonly Placed[]): Promise<readonly Placed[]> {
  const loading = files.filter(({ from, to }) => isLoaded(from) || isLoaded(to));
  const libraries = new Set((await Promise.all(loading.map(({ from }) => librariesOf(from)))).flat());
  const all = [...[...libraries].map((path) => ({ from: path, to: path })), ...files];
  return [...new Map(all.map((file) => [file.to, file])).values()];
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to); // the file itself where `from` is a link: what it points to may not be in the image
  await chmod(to, (await lstat(await realpath(from))).mode & 0o755);
}

function isLoaded(path: string): boolean {
  return /\.so(?:\.\d+)*$/.test(path) || /\/s?bin\//.test(path);
}

/** What the loader would load for it; nothing for scripts and static programs. */
async function librariesOf(path: string): Promise<readonly string[]> {
  const said = await run(["ldd", path]).catch(() => "");
  return [...said.matchAll(/(?:^|\s)(\/\S+)\s+\(0x/gm)].map((match) => match[1] ?? "");
}

async function filesUnder(path: string): Promise<readonly string[]> {
  const stat = await lstat(await realpath(path));
  if (!stat.isDirectory()) return [path];
  const below = await Promise.all((await readdir(path)).map((name) => filesUnder(join(path, name))));
  return below.flat();
}

async function digestOf(recipe: Recipe, files: readonly Placed[]): Promise<string> {
  const seen = await Promise.all(
    files.map(async ({ from, to }) => {
      const { size, mtimeMs } = await lstat(await realpath(from));
      return [from, to, size, mtimeMs];
    }),
  );
  const sorted = seen.map((file) => file.join(" ")).sort();
  const plain = { ...recipe, without: String(recipe.without), commonTexts, commonFolders, files: sorted };
  return createHash("sha256").update(JSON.stringify(plain)).digest("hex");
}
