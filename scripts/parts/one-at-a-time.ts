// Work that several test workers want done must be done by one of them. The kernel lets go when its holder dies.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { partsFolder } from "./place.ts";

const lookEveryMs = 50;
const waitMs = 5 * 60_000;
const busy = 5; // SQLITE_BUSY

/** Wait for the others, then work alone under that name. Throws after five minutes of waiting. */
export async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
  const path = join(partsFolder("locks"), `${name}.lock`);
  const until = Date.now() + waitMs;
  let lock = take(path);
  while (lock === null) {
    if (Date.now() > until) throw new Error(`somebody works on ${name} for more than five minutes: ${path}`);
    await sleep(lookEveryMs);
    lock = take(path);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** An open write transaction on an empty database is a lock that dies with its process. */
function take(path: string): DatabaseSync | null {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === busy) return null;
    throw error;
  }
}
