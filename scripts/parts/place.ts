// Where started parts live: one folder of this user, found again by the next run and by every worker of this one.
import { lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** Daemons, sockets, logs, prepared data. Only for this user (0700); may be removed when nothing runs. */
export function partsFolder(...below: readonly string[]): string {
  const user = process.geteuid?.() ?? 0;
  const top = join(tmpdir(), `lastgood-parts-${user}`);
  const folder = join(top, ...below);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(top);
  if (uid !== user || (mode & 0o77) !== 0)
    throw new Error(`${top} must belong to this user alone: remove it`);
  return folder;
}

/** Programs that were fetched once. */
export function cacheFolder(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lastgood-parts");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** LASTGOOD_PARTS=keep takes the machine as it is: nothing is installed, and what was started goes on running. */
export function keepsParts(): boolean {
  return process.env["LASTGOOD_PARTS"] === "keep";
}
