// What every Database must do, whatever is behind it. Runner-independent: each case throws where it does not hold.
import assert from "node:assert/strict";
import type { Problem, Result } from "../../core/result.ts";
import type { Backup, Database } from "../../ports/database.ts";
import type { Op } from "../../ports/op.ts";

/** A fresh target for one case, with its app started, an empty table, and no backup. */
export type DatabaseBed = {
  readonly database: Database;
  /** Another driver on the same target, as after a restart of the controller. */
  again(): Promise<Database>;
  /** The same name gives the same op. The epoch is 1 where none is given. */
  op(name: string, epoch?: number): Op;
  /** Insert rows through the app's own connection. Only while the app runs. */
  write(rows: number): Promise<void>;
  /** Rows that the app sees. Only while the app runs. */
  rows(): Promise<number>;
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
};

export type DatabaseCase = { readonly name: string; run(bed: DatabaseBed): Promise<void> };

export const databaseContract: readonly DatabaseCase[] = [
  { name: "a backup says what it is and is listed", run: backupIsListed },
  { name: "the same op gives the same backup, whatever was written since", run: backupConverges },
  { name: "another op gives another backup, and the newest is listed first", run: newestFirst },
  { name: "another driver on the same target sees the same backups", run: listedAfterRestart },
  { name: "a backup that does not exist is missing, and nothing changes", run: missingBackup },
  { name: "a rehearsal tells what a restore would lose", run: rehearsalTellsLosses },
  { name: "a rehearsal changes nothing that lives", run: rehearsalChangesNothing },
  { name: "a restore brings the rows back and leaves its op as the marker", run: restoreBringsBack },
  { name: "what a restore replaced is kept, listed, and can be returned", run: keptReturns },
  { name: "a restore while the app runs is busy and changes nothing", run: busyWhileRunning },
  { name: "the same restore twice happens once", run: restoreOnce },
  { name: "an older restore does not come again after a newer one", run: noZombieRestore },
  { name: "an op that was called off does nothing", run: calledOff },
  { name: "a lower epoch is fenced and changes nothing", run: fenced },
  {
    name: "the position is equal while nobody writes and differs once somebody did",
    run: positionNoticesWrites,
  },
];

async function backupIsListed({ database, op, write }: DatabaseBed): Promise<void> {
  await write(3);
  const made = good(await database.backUp(op("first"), "nightly"));
  assert.equal(made.id, `nightly-${op("first").id}`);
  assert.equal(made.op, op("first").id);
  assert.equal(total(made), 3);
  assert.ok(made.bytes > 0, "a backup has a size");
  assert.deepEqual(good(await database.backups()), [made]);
}

async function backupConverges({ database, op, write }: DatabaseBed): Promise<void> {
  await write(2);
  const made = good(await database.backUp(op("first"), "nightly"));
  await write(5);
  assert.deepEqual(good(await database.backUp(op("first"), "nightly")), made);
  assert.equal(good(await database.backups()).length, 1);
}

async function newestFirst({ database, op, write }: DatabaseBed): Promise<void> {
  await write(1);
  good(await database.backUp(op("first"), "nightly"));
  await write(1);
  good(await database.backUp(op("second"), "nightly"));
  const listed = good(await database.backups());
  assert.deepEqual(
    listed.map((backup) => [backup.op, total(backup)]),
    [
      [op("second").id, 2],
      [op("first").id, 1],
    ],
  );
}

async function listedAfterRestart({ database, again, op, write }: DatabaseBed): Promise<void> {
  await write(1);
  const made = good(await database.backUp(op("first"), "nightly"));
  const restarted = await again();
  assert.deepEqual(good(await restarted.backups()), [made]);
  assert.deepEqual(good(await restarted.backUp(op("first"), "nightly")), made);
}

async function missingBackup(bed: DatabaseBed): Promise<void> {
  const { database, op, write } = bed;
  await write(2);
  assert.equal(bad(await database.rehearse("nightly-nothing")).code, "missing");
  await bed.stopApp();
  assert.equal(bad(await database.restore(op("back"), "nightly-nothing")).code, "missing");
  assert.equal(good(await database.marker()), null);
  await bed.startApp();
  assert.equal(await bed.rows(), 2);
}

async function rehearsalTellsLosses({ database, op, write }: DatabaseBed): Promise<void> {
  await write(4);
  const { id } = good(await database.backUp(op("first"), "nightly"));
  assert.deepEqual(good(await database.rehearse(id)).losses, []);
  await write(3);
  const { ms, losses, lossesUnknown } = good(await database.rehearse(id));
  assert.equal(
    losses.reduce((sum, loss) => sum + loss.now - loss.then, 0),
    3,
  );
  assert.equal(lossesUnknown, undefined);
  assert.ok(ms >= 0);
}

async function rehearsalChangesNothing(bed: DatabaseBed): Promise<void> {
  const { database, op, write } = bed;
  await write(4);
  const { id } = good(await database.backUp(op("first"), "nightly"));
  await write(1);
  const [position, backups] = [good(await database.position()), good(await database.backups())];
  good(await database.rehearse(id));
  assert.equal(await bed.rows(), 5);
  assert.equal(good(await database.marker()), null);
  assert.equal(good(await database.position()), position);
  assert.deepEqual(good(await database.backups()), backups);
}

async function restoreBringsBack(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  assert.equal(good(await database.marker()), null);
  await bed.stopApp();
  good(await database.restore(op("back"), backup.id));
  assert.equal(good(await database.marker()), op("back").id);
  assert.equal(good(await (await bed.again()).marker()), op("back").id);
  await bed.startApp();
  assert.equal(await bed.rows(), 4);
  await bed.write(1);
  assert.equal(await bed.rows(), 5);
}

async function keptReturns(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  await bed.stopApp();
  const before = good(await database.position());
  const { kept } = good(await database.restore(op("back"), backup.id));
  assert.equal(kept, `before-${op("back").id}`);
  const listed = good(await database.backups());
  assert.deepEqual(
    listed.map((one) => [one.id, total(one)]),
    [
      [kept, 10],
      [backup.id, 4],
    ],
  );
  good(await database.rehearse(kept));
  good(await database.restore(op("return"), kept));
  assert.equal(good(await database.marker()), op("return").id);
  assert.equal(good(await database.position()), before);
  await bed.startApp();
  assert.equal(await bed.rows(), 10);
}

async function busyWhileRunning(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  assert.equal(bad(await database.restore(op("back"), backup.id)).code, "busy");
  assert.equal(await bed.rows(), 10);
  await bed.write(1);
  assert.equal(good(await database.marker()), null);
  assert.deepEqual(good(await database.backups()), [backup]);
  await bed.stopApp();
  good(await database.restore(op("back"), backup.id));
  await bed.startApp();
  assert.equal(await bed.rows(), 4);
}

async function restoreOnce(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  await bed.stopApp();
  const first = good(await database.restore(op("back"), backup.id));
  await bed.startApp();
  await bed.write(2);
  await bed.stopApp();
  assert.deepEqual(good(await database.restore(op("back"), backup.id)), first);
  assert.deepEqual(good(await (await bed.again()).restore(op("back"), backup.id)), first);
  await bed.startApp();
  assert.equal(await bed.rows(), 6);
}

async function noZombieRestore(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  await bed.stopApp();
  const { kept } = good(await database.restore(op("back"), backup.id));
  good(await database.restore(op("return"), kept));
  assert.equal(bad(await database.restore(op("back"), backup.id)).code, "conflict");
  assert.equal(good(await database.marker()), op("return").id);
  await bed.startApp();
  assert.equal(await bed.rows(), 10);
}

async function calledOff(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  const backup = await backedUpThenWritten(bed, 4, 6);
  await bed.stopApp();
  const late = { ...op("back"), signal: AbortSignal.abort() };
  assert.equal(bad(await database.restore(late, backup.id)).code, "cancelled");
  assert.equal(bad(await database.backUp(late, "nightly")).code, "cancelled");
  assert.equal(good(await database.marker()), null);
  assert.deepEqual(good(await database.backups()), [backup]);
}

async function fenced(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  await bed.write(4);
  const backup = good(await database.backUp(op("first", 2), "nightly"));
  await bed.write(6);
  await bed.stopApp();
  for (const one of [database, await bed.again()]) {
    assert.equal(bad(await one.backUp(op("late", 1), "nightly")).code, "fenced");
    assert.equal(bad(await one.restore(op("late", 1), backup.id)).code, "fenced");
  }
  assert.equal(good(await database.marker()), null);
  assert.deepEqual(good(await database.backups()), [backup]);
  good(await database.restore(op("newer", 3), backup.id));
  assert.equal(bad(await database.backUp(op("late", 2), "nightly")).code, "fenced");
}

async function positionNoticesWrites(bed: DatabaseBed): Promise<void> {
  const { database, op } = bed;
  await bed.write(4);
  const first = good(await database.position());
  assert.equal(good(await database.position()), first);
  const backup = good(await database.backUp(op("first"), "nightly"));
  assert.equal(good(await database.position()), first);
  await bed.write(1);
  assert.notEqual(good(await database.position()), first);
  await bed.stopApp();
  good(await database.restore(op("back"), backup.id));
  assert.equal(good(await (await bed.again()).position()), first);
}

async function backedUpThenWritten(bed: DatabaseBed, before: number, after: number): Promise<Backup> {
  await bed.write(before);
  const made = good(await bed.database.backUp(bed.op("backup"), "nightly"));
  await bed.write(after);
  return made;
}

function total(backup: Backup): number {
  return Object.values(backup.rows).reduce((sum, rows) => sum + rows, 0);
}

function good<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? "" : `${result.error.code}: ${result.error.what}`);
  return result.value;
}

function bad<T>(result: Result<T>): Problem {
  assert.ok(!result.ok, "it was expected to fail");
  return result.error;
}
