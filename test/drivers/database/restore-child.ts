// A controller's process that does one restore and can be killed at any moment of it.
import { sqliteDatabase } from "../../../src/drivers/database/sqlite/sqlite.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import { fileSwap, openedBy } from "../../../src/os/open-files.ts";

const [file, backupDir, op, backup] = process.argv.slice(2) as [string, string, string, string];
const deps = { files: localFiles(), swap: fileSwap(), clock: systemClock(), openedBy };
const database = sqliteDatabase({ file, backupDir, keep: 5 }, deps);
process.send?.("begin");
const result = await database.restore({ id: op, epoch: 1, signal: new AbortController().signal }, backup);
process.send?.(result.ok ? "done" : `${result.error.code}: ${result.error.what}`);
process.disconnect();
