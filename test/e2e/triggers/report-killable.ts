// A controller that is told of trouble, decides, goes back by itself, and ends itself by SIGKILL at its n-th journal append.
// argv: config, n (0: never), phase (before | after). Its last line: what came of it, and how many appends there were.
import { report } from "../../../src/app/report.ts";
import { announce, settle } from "../../../src/compose/controller.ts";
import type { Journal } from "../../../src/ports/journal.ts";
import { openHere } from "../bed.ts";

const [config = "", at = "0", phase = "before"] = process.argv.slice(2);
const opened = await openHere(config);
const journal = opened.app.deps.ledger.journal as { append: Journal["append"] };
const append = journal.append.bind(journal);
let count = 0;
await announce(opened);
await settle(opened);
journal.append = (...args) => {
  count += 1;
  const now = count === Number(at);
  if (now && phase === "before") process.kill(process.pid, "SIGKILL");
  const written = append(...args);
  if (now && phase === "after") process.kill(process.pid, "SIGKILL");
  return written;
};
const severity = { impact: null, users: null, dataRisk: null };
const said = { kind: "down", by: "test", what: "payments fail", ...severity } as const;
const outcome = await report(opened.app, { env: "production", planOnly: false, ...said });
process.stdout.write(`${JSON.stringify({ outcome: outcome.outcome, what: outcome.what, appends: count })}\n`);
process.exit(0);
