// What there is to go back to: snapshots that have their file, and what a restore replaced and is still in the server.
import { ok, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import { type Context, withLive } from "./context.ts";
import { allManifests, backupOf, filePath, type Manifest } from "./manifest.ts";
import { lookAtServer } from "./server.ts";

/** Of kept ones that still lie in the server, only those that are really there. */
export async function listed(context: Context): Promise<Result<readonly Backup[]>> {
  const all = await allManifests(context);
  if (!all.ok) return all;
  const found: Backup[] = [];
  for (const manifest of all.value) {
    const one =
      manifest.place === "file" ? await withFile(context, manifest) : await inServer(context, manifest);
    if (!one.ok) return one;
    if (one.value !== null) found.push(one.value);
  }
  return ok(found);
}

async function withFile(context: Context, manifest: Manifest): Promise<Result<Backup | null>> {
  const stat = await context.files.stat(filePath(context, manifest.id));
  if (!stat.ok) return stat;
  if (stat.value === null) return ok(null);
  const { size } = stat.value;
  if (size === manifest.bytes) return ok(backupOf(manifest));
  return ok(backupOf(manifest, `it has ${size} bytes instead of ${manifest.bytes}`));
}

async function inServer(context: Context, manifest: Manifest): Promise<Result<Backup | null>> {
  const facts = await withLive(context, (live) => lookAtServer(live));
  if (!facts.ok) return facts;
  const own = [...facts.value.spares.values()].filter(
    ({ tag }) => tag.state === "kept" && tag.of === manifest.op,
  );
  if (own.length === 0) return ok(null);
  const rows = Object.fromEntries(
    own.filter(({ keys }) => keys > 0).map(({ tag, keys }) => [`db${tag.for}`, keys]),
  );
  return ok({ ...backupOf(manifest), rows });
}
