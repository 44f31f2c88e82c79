// A copy comes back: each file to its place, compared with the record; the manifest last, so that a half one is no backup.
import { join } from "node:path";
import { size } from "../../../core/doctor/look.ts";
import { limits } from "../../../core/limits.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { DistantBackup } from "../../../ports/second-place.ts";
import { copyPieces, sumOf } from "./copy-pieces.ts";
import type { SecondConfig, SecondDeps } from "./parts.ts";
import { distant, isId, ownFiles, type RecordedFile, readRecord } from "./record.ts";
import type { Told } from "./shelf.ts";
import { someAtOnce, toldOfAll } from "./some-at-once.ts";

export async function fetchCopy(
  { backupDir }: SecondConfig,
  deps: SecondDeps,
  id: string,
): Promise<Result<DistantBackup>> {
  const { shelf, files, tell } = deps;
  const ready = await shelf.ready();
  if (!ready.ok) return ready;
  const record = isId(id) ? await readRecord(shelf, id) : ok(null);
  if (!record.ok) return record;
  if (record.value === null)
    return problem(
      "missing",
      `there is no whole copy of ${id} at ${shelf.about}`,
      "lastgood backup list shows what lies there",
      id,
    );
  const own = ownFiles(record.value);
  if (!own.ok) return own;
  const total = own.value.reduce((sum, one) => sum + one.bytes, 0);
  const room = await roomFor(files, backupDir, total);
  if (!room.ok) return room;
  const told = toldOfAll(`fetching ${id} from ${shelf.about}`, total, tell);
  const get = async (file: RecordedFile) => {
    const to = join(backupDir, file.name);
    const got = await fetchFile(deps, `${id}/${file.name}`, { ...file, to, told: told(file.name) });
    if (got.ok) told(file.name)(file.bytes);
    return got;
  };
  // The manifest is the last one, and makes it a backup.
  for (const files of [own.value.slice(0, -1), own.value.slice(-1)]) {
    const got = await someAtOnce(files, get);
    if (!got.ok) return got;
  }
  return ok(distant(record.value));
}

type Wanted = RecordedFile & { readonly to: string; readonly told: Told };

async function fetchFile(
  { shelf, files, pieces }: SecondDeps,
  from: string,
  { bytes, sha256, to, told }: Wanted,
): Promise<Result<void>> {
  const sum = (path: string) => sumOf(files, path);
  const there = await files.stat(to);
  if (!there.ok) return there;
  if (there.value !== null) {
    const now = await sum(to);
    if (now.ok && now.value === sha256) return ok(undefined);
  }
  const read = (offset: number, length: number) => shelf.read(from, offset, length);
  return copyPieces({ bytes, sha256, read }, to, { pieces, sum }, told);
}

async function roomFor(files: SecondDeps["files"], folder: string, bytes: number): Promise<Result<void>> {
  const made = await files.replace(join(folder, ".fetching"), "", 0o600);
  if (!made.ok) return made;
  const stat = await files.stat(folder);
  const removed = await files.remove(join(folder, ".fetching"));
  if (!stat.ok) return stat;
  if (!removed.ok) return removed;
  const free = stat.value?.freeBytes ?? 0;
  const needed = bytes + limits.journalFreeBytes;
  if (free >= needed) return ok(undefined);
  return problem(
    "no-space",
    `${folder} has ${size(free)} free, and ${size(needed)} are needed`,
    `free ${size(needed - free)} on that disk, then run again`,
    folder,
  );
}
