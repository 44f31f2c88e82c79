// What may go at the second place: by what lies there alone, so that an empty first place never empties the second.
import { expired, type Kept, type Retention } from "../../../core/backups/retention.ts";
import { parseJson } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import { begunName, isId, type Recorded, readRecord, recordName } from "./record.ts";
import type { Shelf } from "./shelf.ts";

const SMALL_BYTES = 64 * 1024;

/** `just` is the copy that was written now: a listing may not show it yet. */
export async function prune(shelf: Shelf, keep: Retention, just: Recorded): Promise<Result<void>> {
  const ids = await shelf.ids();
  if (!ids.ok) return ids;
  const all: Kept[] = [keptOf(just)];
  const left: string[] = [];
  for (const id of ids.value.filter((one) => isId(one) && one !== just.id)) {
    const record = await readRecord(shelf, id);
    // That one cannot be read now says nothing: whoever guesses drops too much.
    if (!record.ok) return record;
    if (record.value !== null) all.push(keptOf(record.value));
    else left.push(id);
  }
  for (const id of [...expired(all, keep), ...(await brokenOff(shelf, left, just.at))]) {
    const dropped = await drop(shelf, id);
    if (!dropped.ok) return dropped;
  }
  return ok(undefined);
}

function keptOf({ id, at, proved }: Recorded): Kept {
  return { id, at, proved, damaged: false };
}

/** Copies that somebody began and never ended, older than the newest that is whole. Other people's folders stay. */
async function brokenOff(shelf: Shelf, ids: readonly string[], newest: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const id of ids) {
    const begun = await shelf.read(`${id}/${begunName}`, 0, SMALL_BYTES);
    if (!begun.ok) continue;
    const said = parseJson(begun.value.toString("utf8")) as { at?: unknown } | null;
    if (typeof said?.at === "number" && said.at < newest) found.push(id);
  }
  return found;
}

/** The record first: a copy that is half gone is not one. */
async function drop(shelf: Shelf, id: string): Promise<Result<void>> {
  const first = await shelf.drop(`${id}/${recordName}`);
  return first.ok ? shelf.drop(id) : first;
}
