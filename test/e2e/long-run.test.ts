// The long run of a controller: trouble days after a deploy is found, and a webhook that was answered is decided on, even if
// the controller is killed between the two.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Load, startLoad } from "../../src/demo/load/load.ts";
import { type Bed, makeBed, readJournalCopy } from "./bed.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const serveUntil = fileURLToPath(new URL("serve-until.ts", import.meta.url));
const secret = "a word that both know";
const limitMs = 120_000;
let bed: Bed;
let load: Load | undefined;
const children: ChildProcess[] = [];

beforeAll(async () => {
  bed = await makeBed({
    watch: "{ for: 2s, check: 1s }",
    extra: "    signals: { hooks: { generic: { secretFile: hook.secret } } }",
  });
  writeFileSync(join(bed.folder, "hook.secret"), secret, { mode: 0o600 });
  const first = await bed.lastgood("deploy", "v1", "--yes", "--no-wait", "--json");
  expect(first.exit, first.err).toBe(0);
  load = startLoad({ url: bed.url, perSecond: 100, clients: 20, seed: 1, slowEveryMs: 0, websocket: false });
  const next = await bed.lastgood("deploy", "v7", "--yes", "--no-wait", "--json");
  expect(next.exit, next.err).toBe(0);
}, limitMs);

afterAll(async () => {
  await load?.stop();
  for (const child of children.filter((one) => one.exitCode === null && one.signalCode === null)) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await bed?.close();
}, limitMs);

/** Until it says that it serves. */
async function started(argv: readonly string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let out = "";
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        out += String(chunk);
        if (ready.test(out)) resolve();
      });
    child.on("exit", () => reject(new Error(`it ended before it was ready: ${out}`)));
  });
  return child;
}

const serve = () => started([bin, "--config", bed.config, "serve"], /Lastgood controller/);

async function ended(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** A busy machine is told of too. */
const isHeard = (report: unknown) => (report as { heard?: string } | undefined)?.heard !== undefined;
const facts = (wanted: string) =>
  readJournalCopy(bed).flatMap(({ type, data }) => (type === wanted ? [data] : []));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

test("trouble that no release brought is found when nobody watches any more, and opens an investigation", {
  timeout: limitMs,
  retry: 0,
}, async () => {
  const controller = await serve();
  await until(() => facts("release.became-good").length > 0);
  await until(() => facts("vigil.began").length > 0);
  const database = new DatabaseSync(join(bed.folder, "data", "shop.db"), { timeout: 10_000 });
  database.exec("ALTER TABLE orders RENAME TO orders_gone");
  const outside = () => facts("decision.made").filter(({ rule }) => rule === "outside");
  await until(() => outside().length > 0);
  database.exec("ALTER TABLE orders_gone RENAME TO orders");
  database.close();
  await ended(controller);
  expect(outside()).toMatchObject([{ decision: "investigate", watch: null }]);
  const opened = facts("investigation.opened").find(({ stream }) => stream === "errors");
  expect(opened).toMatchObject({ stream: "errors", evidence: { changes: [{ kind: "deploy" }, {}] } });
  expect(facts("run.planned").filter(({ plan }) => (plan as { kind: string }).kind === "rollback")).toEqual(
    [],
  );
  await load?.stop();
});

test("the controller dies between the answer and the decision: the next one decides, and no other after it", {
  timeout: limitMs,
  retry: 0,
}, async () => {
  const reported = () => facts("decision.made").filter(({ report }) => isHeard(report));
  const first = await started([serveUntil, bed.config], /serving/);
  const port = /listen: "127.0.0.1:(\d+)" }\s*$/.exec(readFileSync(bed.config, "utf8"))?.[1];
  const say = (body: object) =>
    fetch(`http://127.0.0.1:${port}/hooks/generic`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({ kind: "report", ...body }),
    });
  const answer = await say({ subject: "security", what: "somebody got in", id: "one" });
  expect(answer.status).toBe(200);
  if (first.exitCode === null && first.signalCode === null) await once(first, "exit");
  expect(first.signalCode).toBe("SIGKILL");
  expect(reported()).toEqual([]);

  const second = await serve();
  await until(() => reported().length > 0);
  expect(reported()).toMatchObject([{ matched: "security", report: { what: "somebody got in" } }]);
  // The mark that all up to here is decided on comes right after what was done.
  await until(() => facts("signals.heard").length > 1);
  await ended(second);

  const third = await serve();
  await say({ subject: "other", what: "the logo is gone", id: "two" });
  await until(() => reported().length > 1);
  await ended(third);
  expect(reported()).toMatchObject([{ matched: "security" }, { report: { what: "the logo is gone" } }]);
});
