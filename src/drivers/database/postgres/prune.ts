// Which backups go, once a new one is whole: so there is never a moment with fewer good ones.
import { expired, type Kept } from "../../../core/backups/retention.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import type { Manifest } from "./manifest.ts";
import { dropFolderBackup, listManifests } from "./store.ts";

/** Dumps only. What a restore kept is a database of the server, and goes by the rules of restores. */
export async function prune(context: Context): Promise<Result<void>> {
  const all = await listManifests(context);
  if (!all.ok) return all;
  const { keep, also } = context.config;
  const dumps = all.value.filter(({ place }) => place.kind === "folder");
  const gone = new Set(
    expired(dumps.map(asKept), { newest: keep, daily: 0, weekly: 0, monthly: 0, ...also }),
  );
  for (const manifest of dumps.filter(({ id }) => gone.has(id))) {
    const dropped = await dropFolderBackup(context, manifest);
    if (!dropped.ok) return dropped;
  }
  return ok(undefined);
}

function asKept({ id, at, rehearsed, damaged }: Manifest): Kept {
  return { id, at, proved: rehearsed !== null, damaged: damaged !== undefined };
}
