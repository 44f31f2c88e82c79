// The release whose data a backup is, tried on the restored copy.
import { isKept } from "../core/backups/kept.ts";
import type { Tried } from "../core/flows/tried.ts";
import type { JsonObject } from "../core/json.ts";
import { envState } from "../core/state.ts";
import type { Backup, CopyPlace } from "../ports/database.ts";
import type { App } from "./app.ts";
import type { Desk } from "./find-backup.ts";
import { notTried, tryRelease } from "./try-release.ts";

/** `place` null: nobody may be sent to the copy. */
export async function smokeOf(
  app: App,
  { site }: Desk,
  backup: Backup,
  place: CopyPlace | null,
): Promise<Tried> {
  const { release: id = null } = backup;
  const { releases } = envState(app.deps.ledger.state(), site.settings.env);
  if (place === null) return notTried(id, noPlace(backup));
  if (id === null) return notTried(null, "no release served when this backup was taken");
  const release = releases[id]?.release;
  if (release === undefined) return notTried(id, `the journal does not know ${id}, whose data it is`);
  return tryRelease(app, site, release, place);
}

function noPlace(backup: Backup): string {
  return isKept(backup)
    ? "it is what a restore kept, and nobody may write there"
    : "a copy of this kind of database can't be given to a release";
}

export function smokeData({ flows, ...rest }: Tried): JsonObject {
  return { ...rest, flows: flows.map((one) => ({ ...one })) };
}
