// The demo, embedded or on an example stack: real processes, real HTTP load, a real database; a bad release goes out, is caught, and is gone again.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "../core/view/outcome.ts";
import { type Document, documentOf, type Run } from "./document.ts";
import { type Load, startLoad } from "./load/load.ts";
import { countLostWrites } from "./load/lost-writes.ts";
import type { StackName } from "./stack/stack.ts";
import { type Stage, setStage } from "./stage.ts";

export type DemoOptions = {
  readonly json: boolean;
  /** One of the example stacks, in real containers; null: embedded, on Node alone. */
  readonly stack: StackName | null;
  readonly say: (line: string) => void;
  /** Called with how to stop early; returns how to stop listening for that. */
  onInterrupt(act: () => void): () => void;
};

const clients = 40;
const seed = 7;
/** Enough requests for a bad release to be told from bad luck, whatever the machine. */
const atMostMs = 90_000;

export async function demo({
  stack,
  say,
  onInterrupt,
}: DemoOptions): Promise<{ exit: number; document: unknown }> {
  const folder = await mkdtemp(join(tmpdir(), "lastgood-demo-"));
  const stage = await stageOf(stack, folder, say);
  if (!stage.ok) {
    say(`The demo cannot begin: ${stage.error.what}\n${stage.error.next}`);
    await rm(folder, { recursive: true, force: true });
    return { exit: 1, document: { outcome: "failed", problem: stage.error } };
  }
  // Whatever ends the demo, nothing of it may go on running: its processes outlive this one otherwise.
  let deaf = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    deaf = onInterrupt(() => reject(new DemoEnded("The demo was stopped.")));
  });
  try {
    const document = await Promise.race([perform(stage.value, say), interrupted]);
    say("");
    tellResult(document, say);
    return {
      exit:
        document.outcome === "rolled-back" && document.lostRequests === 0 && document.lostWrites === 0
          ? 0
          : 1,
      document,
    };
  } catch (error) {
    if (!(error instanceof DemoEnded)) throw error;
    say(error.message);
    return { exit: 1, document: { outcome: "failed", why: error.message } };
  } finally {
    deaf();
    await stage.value.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Real containers are only loaded where they are asked for. */
async function stageOf(stack: StackName | null, folder: string, say: DemoOptions["say"]) {
  if (stack === null) return setStage(folder, say);
  const { setStackStage } = await import("./stack/stage.ts");
  return setStackStage(stack, folder, say);
}

class DemoEnded extends Error {}

async function perform(stage: Stage, say: DemoOptions["say"]): Promise<Document> {
  say(`1. Version ${stage.first.slice(1)} goes out.`);
  const first = await stage.deploy(stage.first, false);
  show(first, say);
  if (first.outcome !== "done") throw new DemoEnded(`The demo cannot go on: ${first.what}`);
  say(
    `\n2. People come: ${stage.perSecond} requests a second from ${clients} clients, slow requests and open websockets among them.`,
  );
  const load = startLoad({ url: stage.url, paths: stage.paths, perSecond: stage.perSecond, clients, seed });
  try {
    await stage.untilWatched(atMostMs);
    say("\n3. Version 2 goes out. It is healthy, but one request in twenty fails.");
    const bad = await stage.deploy("v2", true);
    show(bad, say);
    say("\n4. Somebody deploys version 2 again.");
    const again = await stage.deploy("v2", true);
    show(again, say);
    return await settle(stage, load, { bad, again });
  } catch (error) {
    await load.stop();
    throw error;
  }
}

async function settle(
  stage: Stage,
  load: Load,
  { bad, again }: { bad: Outcome; again: Outcome },
): Promise<Document> {
  const report = await load.stop();
  const writes = await countLostWrites(stage.ordersUrl, report.acknowledgedWrites);
  const run: Run = { bad, again, report, lostWrites: writes.ok ? writes.value.missing.length : null };
  return documentOf(run, stage.events(), stage.state());
}

function show(outcome: Outcome, say: DemoOptions["say"]): void {
  for (const line of [outcome.what, outcome.means, outcome.next && `→ ${outcome.next}`])
    if (line) say(`   ${line}`);
}

function tellResult(document: Document, say: DemoOptions["say"]): void {
  const { requests, lostRequests, acknowledgedWrites, lostWrites, detect, switchBackMs, errorsByBadRelease } =
    document;
  say(
    `5. ${requests} requests, ${lostRequests} lost. ${acknowledgedWrites} orders confirmed, ${lostWrites ?? "unknown how many"} lost.`,
  );
  for (const { how, times } of document.lostHow) say(`   Lost: ${times} × ${how}`);
  say(`   The bad release failed ${errorsByBadRelease} requests before it was gone.`);
  if (detect)
    say(
      `   Sure after ${detect.requests} requests, ${detect.ms} ms after the switch (the least that anybody could need on average: ${detect.bound}).`,
    );
  if (switchBackMs !== null)
    say(`   From the decision to the last new request that it got: ${switchBackMs} ms.`);
  say("\n   Timeline:");
  for (const row of document.timeline) say(`   ${new Date(row.at).toISOString().slice(11, 23)}  ${row.text}`);
}
