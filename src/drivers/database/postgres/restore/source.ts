// Where a restore comes from: files that are proved to be those of the manifest, and what must come out of them.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Context } from "../context.ts";
import type { DatabaseFacts, Manifest } from "../manifest.ts";
import { opened } from "../sealed.ts";
import { folderOf } from "../store.ts";
import type { Expected } from "../verify-restored.ts";

export type Source = Expected & {
  readonly id: string;
  /** Of what is loaded: a database that was prepared from other bytes is not taken. */
  readonly sha256: string;
  readonly database: DatabaseFacts;
  /** Gives `load` what pg_restore reads, and takes away afterwards what it had to make. */
  readonly fill: (load: (from: string) => Promise<Result<void>>) => Promise<Result<void>>;
};

export function sourceOf(context: Context, manifest: Manifest): Source {
  const { id, sha256, database, tables, extensions, objects, server } = manifest;
  return {
    ...{ id, sha256, database, tables, extensions, objects, server },
    fill: async (load) => {
      const folder = await provedFolder(context, manifest);
      return folder.ok ? opened(context, manifest, folder.value, load) : folder;
    },
  };
}

/** Every file is there, with the bytes that it had: a flipped bit can restore without an error. */
async function provedFolder(context: Context, manifest: Manifest): Promise<Result<string>> {
  const folder = folderOf(context, manifest);
  if (folder === null) return problem("missing", `${manifest.id} has no files`, "choose another backup");
  const tree = await context.digest(folder);
  if (!tree.ok) return tree;
  const there = new Map(tree.value.entries.map((entry) => [entry.path, entry.sha256]));
  const wrong = manifest.files.find((file) => there.get(file.path) !== file.sha256);
  if (wrong === undefined) return ok(folder);
  const how = there.has(wrong.path) ? "is not the file that was written" : "is missing";
  return problem(
    "damaged",
    `${wrong.path} of ${manifest.id} ${how}`,
    "nothing was changed; choose another backup: lastgood backup list",
    join(folder, wrong.path),
  );
}
