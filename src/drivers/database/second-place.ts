// A second place for backups: another folder (another disk, a mount of another machine), each copy read back.
import { dirname, isAbsolute, join } from "node:path";
import { expired, type Kept, type Retention } from "../../core/backups/retention.ts";
import { assert, ok, problem, type Result } from "../../core/result.ts";
import type { BackupFile, SecondPlace } from "../../ports/backup-care.ts";
import type { Backup } from "../../ports/database.ts";
import type { Files } from "../../ports/files.ts";
import { hashFile } from "./sqlite/manifest.ts";

/** Written last: a copy without it is not one. */
const RECORD = "backup.json";
/** What `sha256sum -c` reads, so that nobody needs Lastgood to check it. */
const SUMS = "SHA256SUMS";
const MODE = 0o600;

export type SecondConfig = { readonly folder: string; readonly keep: Retention };
type Deps = { readonly files: Files };

export function secondPlace(config: SecondConfig, deps: Deps): SecondPlace {
  assert(isAbsolute(config.folder), "the second place is an absolute path");
  return {
    about: config.folder,
    keep: (backup, files, proved) => keep(config, deps, { backup, files, proved }),
  };
}

type Copying = {
  readonly backup: Backup;
  readonly files: readonly BackupFile[];
  readonly proved: boolean;
};

async function keep(config: SecondConfig, deps: Deps, copying: Copying): Promise<Result<void>> {
  const there = await deps.files.stat(config.folder);
  if (!there.ok) return there;
  // Made by hand, on purpose: a mount that is missing must not fill the disk beneath it.
  if (there.value?.type !== "directory")
    return problem(
      "missing",
      `the second place ${config.folder} is not there`,
      `Make the folder, or mount what belongs there: ${config.folder}`,
      config.folder,
    );
  const folder = join(config.folder, copying.backup.id);
  const done = await readRecord(deps, folder);
  if (done === null) {
    const copied = await copyAll(deps, folder, copying);
    if (!copied.ok) return copied;
  }
  const noted = await record(deps, folder, copying, done?.proved ?? false);
  return noted.ok ? prune(config, deps) : noted;
}

async function copyAll(deps: Deps, folder: string, { files }: Copying): Promise<Result<void>> {
  const cleared = await deps.files.remove(folder);
  if (!cleared.ok) return cleared;
  const sums: string[] = [];
  for (const { name, path } of files) {
    const to = join(folder, name);
    const made = await makeFolder(deps, dirname(to));
    if (!made.ok) return made;
    const copied = await deps.files.copy(path, to);
    if (!copied.ok) return copied;
    const [here, there] = [await hashFile(deps.files, path), await hashFile(deps.files, to)];
    if (!here.ok) return here;
    if (!there.ok) return there;
    if (here.value.sha256 !== there.value.sha256)
      return problem("damaged", `${to} was read back with other bytes`, "Look at that disk: dmesg", to);
    sums.push(`${there.value.sha256}  ${name}\n`);
  }
  return deps.files.replace(join(folder, SUMS), sums.join(""), MODE);
}

/** `replace` makes missing folders, and nothing else of the port does. */
async function makeFolder(deps: Deps, folder: string): Promise<Result<void>> {
  const stat = await deps.files.stat(folder);
  if (!stat.ok) return stat;
  if (stat.value !== null) return ok(undefined);
  const made = await deps.files.replace(join(folder, SUMS), "", MODE);
  return made.ok ? deps.files.remove(join(folder, SUMS)) : made;
}

async function record(deps: Deps, folder: string, copying: Copying, was: boolean): Promise<Result<void>> {
  const { id, at, bytes, sha256, rows } = copying.backup;
  const proved = was || copying.proved;
  const text = JSON.stringify({ id, at, bytes, sha256, rows, proved }, null, 2);
  return deps.files.replace(join(folder, RECORD), `${text}\n`, MODE);
}

/** By what lies there alone: an empty first place must not empty the second. */
async function prune({ folder, keep: retention }: SecondConfig, deps: Deps): Promise<Result<void>> {
  const names = await deps.files.list(folder);
  if (!names.ok) return names;
  const all: Kept[] = [];
  for (const id of names.value) {
    const one = await readRecord(deps, join(folder, id));
    if (one?.id === id) all.push({ id, at: one.at, proved: one.proved, damaged: false });
  }
  for (const id of expired(all, retention)) {
    const removed = await deps.files.remove(join(folder, id));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

type Recorded = { readonly id: string; readonly at: number; readonly proved: boolean };

/** Null where there is no whole copy. */
async function readRecord(deps: Deps, folder: string): Promise<Recorded | null> {
  const read = await deps.files.read(join(folder, RECORD));
  if (!read.ok) return null;
  try {
    const { id, at, proved } = JSON.parse(read.value.toString("utf8")) as Partial<Recorded>;
    return typeof id === "string" && typeof at === "number" ? { id, at, proved: proved === true } : null;
  } catch {
    return null;
  }
}
