// A controller as `lastgood serve`, which ends itself by SIGKILL just before it writes down its decision on a webhook.
// argv: config
import { announce, attend, settle } from "../../src/compose/controller.ts";
import { readConfig } from "../../src/compose/load.ts";
import { publicApp } from "../../src/http/public.ts";
import { listenOnPort } from "../../src/os/control-server.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { openHere } from "./bed.ts";

const [path = ""] = process.argv.slice(2);
const config = await readConfig(path);
if (!config.ok) throw new Error(config.error.what);
const opened = await openHere(path);
const journal = opened.app.deps.ledger.journal as { append: Journal["append"] };
const append = journal.append.bind(journal);
journal.append = (expected, events, messages) => {
  if (events.some((event) => event.type === "decision.made" && event.data.report?.heard !== undefined))
    process.kill(process.pid, "SIGKILL");
  return append(expected, events, messages);
};
const { host, port } = config.value.controller.listen;
await listenOnPort(host, port, publicApp(opened.app, opened.hooks).fetch, undefined);
await announce(opened);
await settle(opened);
process.stdout.write("serving\n");
await attend(opened);
