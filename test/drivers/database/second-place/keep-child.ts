// A process that brings a backup to an object store, to be killed in the middle. Arguments: endpoint, and the backup as JSON.
import { tmpdir } from "node:os";
import type { BackupFile } from "../../../../src/ports/backup-care.ts";
import type { Backup } from "../../../../src/ports/database.ts";
import { placeOn } from "../second-place-bed.ts";
import { configFor, shelfIn } from "./config.ts";

const [endpoint = "", text = ""] = process.argv.slice(2);
const { backup, files } = JSON.parse(text) as { backup: Backup; files: BackupFile[] };
const done = await placeOn(shelfIn(configFor(endpoint)), tmpdir()).keep(backup, files, false);
process.exitCode = done.ok ? 0 : 1;
