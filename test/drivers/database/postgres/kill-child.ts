// A controller's process that does one thing to a database, and kills itself, or the server, at its n-th act.
// argv: what is wanted, as JSON. Its last line says how it ended and how many acts there were.
import { readFileSync, writeSync } from "node:fs";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore-run.ts";
import { type Fault, watched } from "./crashing-sql.ts";
import { realDeps } from "./real-deps.ts";

export type Errand = {
  readonly url: string;
  readonly backupDir: string;
  readonly verb: "backup" | "restore";
  readonly op: string;
  /** Label of the backup, or id of what is restored. */
  readonly what: string;
  /** 0: never. */
  readonly at: number;
  readonly phase: Fault;
  /** Whom to kill: null for itself, else the server's first process, with all its others. */
  readonly server: number | null;
};

const errand = JSON.parse(process.argv[2] ?? "") as Errand;
let acts = 0;
const deps = watched(realDeps(), async (_name, phase) => {
  if (phase === "before") acts++;
  if (acts !== errand.at || phase !== errand.phase) return;
  if (errand.server === null) process.kill(process.pid, "SIGKILL");
  else killServer(errand.server);
});
const { url, backupDir } = errand;
const config = { url: secret(url), adminUrl: null, container: null, backupDir, keep: 1_000 };
const opened = openContext(config, deps);
if (!opened.ok) throw new Error(opened.error.what);
const context = opened.value;
const op = { id: errand.op, epoch: 1, signal: new AbortController().signal };
process.stdout.write("begun\n");
const done =
  errand.verb === "backup"
    ? await backUp(context, op, errand.what)
    : await restore(context, op, errand.what, { sessions: "end" });
process.stdout.write(`${JSON.stringify({ ok: done.ok, acts, why: done.ok ? null : done.error.what })}\n`);
process.exit(0);

/** All at once, as a machine that loses them: first the one that would start others. */
function killServer(first: number): void {
  writeSync(1, "struck\n");
  const children = readFileSync(`/proc/${first}/task/${first}/children`, "utf8").trim().split(" ");
  for (const pid of [first, ...children.filter(Boolean).map(Number)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // ended by itself meanwhile
  }
}
