// A controller that ends itself by SIGKILL at its n-th journal append, before or after it is durable; or not at all.
// argv: config, verb (deploy | rollback), version, n (0: never), phase (before | after), whom to end instead of itself (pid)
import { deploy } from "../../src/app/deploy.ts";
import { rollback } from "../../src/app/rollback.ts";
import { announce, settle } from "../../src/compose/controller.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { openHere } from "./bed.ts";

const [config = "", verb, version = "", at = "0", phase = "before", victim = process.pid] =
  process.argv.slice(2);
const opened = await openHere(config);
// The test goes to and fro: what a rollback left in quarantine may serve again.
const { ledger } = opened.app.deps;
for (const [digest, { release }] of Object.entries(ledger.state().envs["production"]?.quarantine ?? {})) {
  ledger.record([
    { type: "release.lifted", data: { env: "production", release, digest, by: "test", why: "to and fro" } },
  ]);
}
const journal = opened.app.deps.ledger.journal as { append: Journal["append"] };
const append = journal.append.bind(journal);
let count = 0;
journal.append = (...args) => {
  count += 1;
  const now = count === Number(at);
  if (now && phase === "before") process.kill(Number(victim), "SIGKILL");
  const written = append(...args);
  if (now && phase === "after") process.kill(Number(victim), "SIGKILL");
  return written;
};
await announce(opened);
await settle(opened);
process.stdout.write("begun\n");
const common = { env: "production", planOnly: false, approved: true, wait: false, by: "test" } as const;
const outcome =
  verb === "deploy"
    ? await deploy(opened.app, { ...common, version, lift: "the test goes to and fro" })
    : await rollback(opened.app, { ...common, version, withData: false, why: null });
process.stdout.write(`${JSON.stringify({ outcome: outcome.outcome, what: outcome.what, appends: count })}\n`);
process.exit(0);
