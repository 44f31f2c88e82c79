// A second place for backups: brought there, read back, kept by what lies there alone, and fetched from there.
import { ok, type Result } from "../../../core/result.ts";
import type { BackupFile } from "../../../ports/backup-care.ts";
import type { Backup } from "../../../ports/database.ts";
import type { Files } from "../../../ports/files.ts";
import type { SecondPlace } from "../../../ports/second-place.ts";
import { hashFile } from "../sqlite/manifest.ts";
import { fetchCopy } from "./fetch.ts";
import type { SecondConfig, SecondDeps } from "./parts.ts";
import { proveByReading } from "./prove.ts";
import { prune } from "./prune.ts";
import {
  begunName,
  distant,
  isId,
  type Recorded,
  type RecordedFile,
  readRecord,
  recordName,
  recordOf,
  sumsName,
  sumsText,
} from "./record.ts";
import type { Source } from "./shelf.ts";
import { someAtOnce, toldOfAll } from "./some-at-once.ts";

export function secondPlace(config: SecondConfig, deps: SecondDeps): SecondPlace {
  return {
    about: deps.shelf.about,
    keep: (backup, files, proved) => keep(config, deps, { backup, files, proved }),
    list: () => list(deps),
    fetch: (id) => fetchCopy(config, deps, id),
  };
}

type Copying = {
  readonly backup: Backup;
  readonly files: readonly BackupFile[];
  readonly proved: boolean;
};

async function keep(config: SecondConfig, deps: SecondDeps, copying: Copying): Promise<Result<void>> {
  const { shelf } = deps;
  const { id } = copying.backup;
  const ready = await shelf.ready();
  if (!ready.ok) return ready;
  const before = await readRecord(shelf, id);
  if (!before.ok) return before;
  const made = before.value === null ? await copyAll(deps, copying) : ok(before.value);
  if (!made.ok) return made;
  const proved = made.value.proved || copying.proved;
  const record = { ...made.value, proved };
  if (before.value?.proved !== proved) {
    const written = await shelf.write(`${id}/${recordName}`, `${JSON.stringify(record, null, 2)}\n`);
    if (!written.ok) return written;
  }
  if (before.value === null) {
    const ended = await shelf.drop(`${id}/${begunName}`);
    if (!ended.ok) return ended;
  }
  return prune(shelf, config.keep, record);
}

/** The record is written by the caller, when all of it is there. */
async function copyAll({ shelf, files, tell }: SecondDeps, copying: Copying): Promise<Result<Recorded>> {
  const { backup } = copying;
  const begun = await shelf.write(`${backup.id}/${begunName}`, `${JSON.stringify({ at: backup.at })}\n`);
  if (!begun.ok) return begun;
  const sources = await sourcesOf(files, copying);
  if (!sources.ok) return sources;
  const total = sources.value.reduce((sum, { source }) => sum + source.bytes, 0);
  const told = toldOfAll(`copying ${backup.id} to ${shelf.about}`, total, tell);
  const copied = await someAtOnce(sources.value, async ({ name, source }) => {
    const there = `${backup.id}/${name}`;
    const put = await shelf.put(there, source, told(name));
    if (!put.ok) return put;
    const proved = put.value ? ok(undefined) : await proveByReading(shelf, there, source);
    if (proved.ok) told(name)(source.bytes);
    return proved;
  });
  if (!copied.ok) return copied;
  const recorded: readonly RecordedFile[] = sources.value.map(({ name, source }) => ({
    name,
    bytes: source.bytes,
    sha256: source.sha256,
  }));
  const listed = await shelf.write(`${backup.id}/${sumsName}`, sumsText(recorded));
  return listed.ok ? ok(recordOf(backup, recorded, false)) : listed;
}

type Named = { readonly name: string; readonly source: Source };

async function sourcesOf(files: Files, { files: all }: Copying): Promise<Result<readonly Named[]>> {
  const sources: Named[] = [];
  for (const { name, path } of all) {
    const hash = await hashFile(files, path);
    if (!hash.ok) return hash;
    const read = (offset: number, length: number) => files.read(path, { offset, length });
    sources.push({ name, source: { ...hash.value, read } });
  }
  return ok(sources);
}

async function list({ shelf }: SecondDeps): ReturnType<SecondPlace["list"]> {
  const ready = await shelf.ready();
  if (!ready.ok) return ready;
  const ids = await shelf.ids();
  if (!ids.ok) return ids;
  const all: Recorded[] = [];
  for (const id of ids.value.filter(isId)) {
    const record = await readRecord(shelf, id);
    if (!record.ok) return record;
    if (record.value !== null) all.push(record.value);
  }
  return ok(all.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).map(distant));
}
