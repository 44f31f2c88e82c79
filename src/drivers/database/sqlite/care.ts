// What a SQLite database's backups need beside taking and restoring them.
import { basename } from "node:path";
import { fromCounts } from "../../../core/backups/words.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { AskSql } from "../../../ports/ask-sql.ts";
import type { BackupCare, BackupFile, Since } from "../../../ports/backup-care.ts";
import type { Turns } from "../turns.ts";
import { askSqlite } from "./ask.ts";
import { type Context, manifestPath, presentLive } from "./context.ts";
import { inspect } from "./inspect.ts";
import { intake } from "./intake.ts";
import { dataPath, findBackup, hashFile, type Manifest } from "./manifest.ts";
import { mayOpen } from "./open.ts";
import { compareToLive } from "./rehearse.ts";

export function sqliteCare(context: Context, live: Turns): BackupCare {
  return {
    since: (backup) => since(context, backup, live),
    verify: (backup) => verify(context, backup),
    files: (backup) => files(context, backup),
    intake: (op, path) => intake(context, op, path),
    ask: askLive(context, live),
  };
}

async function found(context: Context, id: string): Promise<Result<{ live: string; manifest: Manifest }>> {
  const live = await context.swap.real(context.config.file);
  if (!live.ok) return live;
  const manifest = await findBackup(context, live.value, id);
  return manifest.ok ? ok({ live: live.value, manifest: manifest.value }) : manifest;
}

/** Of a kept database: what differs from what took its place, as that was then. */
async function since(context: Context, id: string, turns: Turns): Promise<Result<Since>> {
  const one = await found(context, id);
  if (!one.ok) return one;
  const { live, manifest } = one.value;
  const then = manifest.replacedBy ?? manifest;
  const losses = await turns(() => compareToLive(context, live, then));
  if (!losses.ok) return losses;
  const gaps = then.digests === null ? [countsOnly] : [];
  return ok({ written: fromCounts(losses.value), gaps });
}

const countsOnly =
  "Rows were only counted: a row that was changed, or one deleted for one added, does not show.";

/** The sha256 first, because it is quick and says most; then SQLite's own check of every page and index. */
async function verify(context: Context, id: string): Promise<Result<void>> {
  const one = await found(context, id);
  if (!one.ok) return one;
  const { live, manifest } = one.value;
  const path = dataPath(context, live, manifest);
  if (manifest.damaged !== undefined) return bad(manifest, manifest.damaged);
  const hash = await hashFile(context.files, path);
  if (!hash.ok) return hash;
  if (hash.value.sha256 !== manifest.sha256)
    return bad(manifest, `its sha256 is ${hash.value.sha256} instead of ${manifest.sha256}`);
  const content = await inspect(context, { path, as: "still", check: "full", digests: false });
  if (!content.ok) return content.error.code === "damaged" ? bad(manifest, content.error.what) : content;
  return content.value.damage === null ? ok(undefined) : bad(manifest, content.value.damage);
}

function bad({ id }: Manifest, why: string): Result<never> {
  return problem("damaged", `${id}: ${why}`, "Choose another: lastgood backup list", id);
}

async function files(context: Context, id: string): Promise<Result<readonly BackupFile[]>> {
  const one = await found(context, id);
  if (!one.ok) return one;
  const paths = [dataPath(context, one.value.live, one.value.manifest), manifestPath(context, id)];
  return ok(paths.map((path) => ({ name: basename(path), path })));
}

/** In turn with the acts of this driver: reading the file beside an open connection would drop its locks. */
function askLive(context: Context, turns: Turns): AskSql {
  return (queries) =>
    turns(async () => {
      const path = await presentLive(context);
      if (!path.ok) return path;
      const may = await mayOpen(context, path.value);
      if (!may.ok) return may;
      return askSqlite(context.clock, { path: path.value, as: "live", queries });
    });
}
