// Keeps a copy of the server apart from the live one, whose files lie on the same machine.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Archive, runAsOwner } from "./archive.ts";
import type { ScratchFolder } from "./scratch-folder.ts";
import { readSettings } from "./settings-file.ts";

/**
 * Replayed WAL makes tablespaces where they were made. Those of the set were restored to the scratch folder, and stay
 * there; one that was made after it would be opened in its live place: so there must be none. Asked of the live folder, whatever the server does.
 */
export async function tablespacesApart(archive: Archive, { data }: ScratchFolder): Promise<Result<void>> {
  const live = await liveFolder(archive);
  if (!live.ok) return live;
  const [now, then] = [await tablespacesIn(archive, live.value), await tablespacesIn(archive, data)];
  if (!now.ok) return now;
  if (!then.ok) return then;
  const fresh = now.value.filter((oid) => !then.value.includes(oid));
  if (fresh.length === 0) return ok(undefined);
  return problem(
    "refused",
    `the server has tablespaces that are younger than the copy to begin from (${fresh.join(", ")}): its replay would write into them`,
    "take a new copy, lastgood backup now; moments before it can be had on another machine only",
    archive.config.stanza,
  );
}

/** What lies inside would be the server's own, also for pgBackRest. */
export async function scratchApart(archive: Archive): Promise<Result<void>> {
  const live = await liveFolder(archive);
  if (!live.ok) return live;
  const { scratch } = archive.config;
  if (scratch !== live.value && !scratch.startsWith(`${live.value}/`)) return ok(undefined);
  return problem(
    "config",
    `the scratch folder ${scratch} lies in the server's own folder ${live.value}`,
    "name another one as pointInTime: scratch in lastgood.yml",
    scratch,
  );
}

async function liveFolder({ context, config }: Archive): Promise<Result<string>> {
  const settings = await readSettings(context.files, config.configFile);
  if (!settings.ok) return settings;
  const live = settings.value.sections[config.stanza]?.["pg1-path"];
  if (live !== undefined) return ok(live.replace(/\/+$/, ""));
  return problem("config", `${settings.value.path} has no pg1-path of ${config.stanza}`, "write it there");
}

/** Each is a link, by its oid. */
async function tablespacesIn(archive: Archive, data: string): Promise<Result<readonly string[]>> {
  const folder = join(data, "pg_tblspc");
  const listed = await runAsOwner(archive, ["ls", folder], { effect: "read", op: null });
  if (!listed.ok) return listed;
  const { exitCode, stdout, stderr } = listed.value;
  if (exitCode === 0) return ok(stdout.split("\n").filter((name) => name !== ""));
  const next =
    "it tells which tablespaces a replay must not touch: make it readable, or restore on another machine";
  return problem("failed", `${folder} can't be listed: ${stderr.trim()}`, next, folder);
}
