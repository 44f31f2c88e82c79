// A file becomes a snapshot: it is loaded and counted, put in its place, and written down last.
import { ok, type Result } from "../../../core/result.ts";
import { hashFile } from "../sqlite/manifest.ts";
import { type Content, contentOf, rowsOf } from "./content.ts";
import type { Context } from "./context.ts";
import { filePath, type Manifest, writeManifest } from "./manifest.ts";
import { withScratch } from "./scratch.ts";

export type About = Pick<Manifest, "id" | "op" | "at" | "store" | "server">;

/** A file becomes a snapshot of ours: it is loaded, counted, put in its place, and then written down. */
export async function keepFile(
  context: Context,
  path: string,
  about: About,
  signal: AbortSignal,
): Promise<Result<Manifest>> {
  const content = await withScratch(context, path, signal, ({ link }) => contentOf(link));
  return content.ok ? keepProved(context, path, about, content.value) : content;
}

/** `content`: of this very file. */
export async function keepProved(
  context: Context,
  path: string,
  about: About,
  content: Content,
): Promise<Result<Manifest>> {
  const to = filePath(context, about.id);
  const placed = path === to ? ok(undefined) : await placeFresh(context, path, to);
  if (!placed.ok) return placed;
  const hash = await hashFile(context.files, to);
  if (!hash.ok) return hash;
  const manifest: Manifest = {
    version: 1,
    ...about,
    ...hash.value,
    place: "file",
    rows: rowsOf(content),
    content,
    rehearsed: null,
  };
  const written = await writeManifest(context, manifest);
  return written.ok ? ok(manifest) : written;
}

/** What lies there is of an attempt that was killed: without a manifest it is nothing. */
async function placeFresh({ files }: Context, path: string, to: string): Promise<Result<void>> {
  const clean = await files.remove(to);
  return clean.ok ? files.copy(path, to) : clean;
}
