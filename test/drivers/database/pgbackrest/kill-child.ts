// A controller's process that recalls one moment, and may be killed at it. argv: what is wanted, as JSON.
import { ownEnv } from "../../../../scripts/parts/run.ts";
import { secret } from "../../../../src/core/secret.ts";
import {
  type ArchiveConfig,
  withPointInTime,
} from "../../../../src/drivers/database/pgbackrest/pgbackrest.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { realDeps } from "../postgres/real-deps.ts";

export type Errand = {
  readonly url: string;
  readonly backupDir: string;
  readonly archive: ArchiveConfig;
  readonly point: string;
  readonly op: string;
};

const { url, backupDir, archive, point, op } = JSON.parse(process.argv[2] ?? "") as Errand;
const config = { url: secret(url), adminUrl: null, container: null, backupDir, keep: 5 };
const opened = postgresWithCare(config, realDeps());
if (!opened.ok) throw new Error(opened.error.what);
const { pointInTime } = withPointInTime(opened.value, archive, {
  processes: localProcesses(),
  env: ownEnv(),
});
const wish = { id: op, epoch: 1, signal: new AbortController().signal };
const done = await pointInTime.recall(wish, { kind: "point", name: point });
process.stdout.write(`${JSON.stringify(done)}\n`);
process.exit(0);
