// Deploys and rollbacks of an example stack in turn, under load through its front door.
import { countLostWrites } from "../../src/demo/load/lost-writes.ts";
import type { StackName } from "../../src/demo/stack/stack.ts";
import type { Options, ToAndFro } from "../../test/e2e/to-and-fro.ts";
import { type Docker, pause, stackBed } from "./bed.ts";
import { statefulStarts } from "./stateful.ts";

export type StackRun = ToAndFro & {
  /** From the start of the command to the start of the last request that the release left behind answered, ms. */
  readonly fromCommandMs: readonly number[];
  /** Databases and caches that were started anew, or are gone. */
  readonly disturbed: readonly string[];
  /** Connections of chats that ended without a goodbye. */
  readonly cutChats: number;
};

const next = "v7";
/** Requests that were under way at the switch, slow ones of 2 s too, must be over before the count is right. */
const settleMs = 2_500;

export async function stackToAndFro(
  kind: StackName,
  docker: Docker,
  { rounds, perSecond, clients, seed }: Options,
): Promise<StackRun> {
  const bed = await stackBed(kind, docker);
  try {
    await bed.serve();
    // The first deploy takes the stack over, once: it is no part of what is counted.
    await bed.stack.setVersion(next);
    await bed.lastgood("deploy", next, "--yes", "--no-wait");
    await bed.lastgood("rollback", "--yes", "--no-wait");
    const before = await statefulStarts(bed.stack);
    const load = bed.load({ perSecond, clients, seed });
    const lastRequestMs: number[] = [];
    const commandMs: number[] = [];
    const fromCommandMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await bed.lastgood("deploy", next, "--yes", "--no-wait", "--lift", "to and fro");
      await pause(500);
      const begunAt = Date.now();
      await bed.lastgood("rollback", "--yes", "--no-wait");
      commandMs.push(Date.now() - begunAt);
      await pause(settleMs);
      const last = load.counts().byVersion[next]?.lastStartedAt ?? 0;
      lastRequestMs.push(Math.max(0, last - (await bed.decidedAt())));
      fromCommandMs.push(Math.max(0, last - begunAt));
    }
    const report = await load.stop();
    const { publicUrl, paths } = bed.stack;
    const writes = await countLostWrites(`${publicUrl}${paths.base}`, report.acknowledgedWrites);
    const after = await statefulStarts(bed.stack);
    return {
      deploys: rounds,
      rollbacks: rounds,
      report,
      lostWrites: writes.ok ? writes.value.missing.length : null,
      lastRequestMs,
      commandMs,
      fromCommandMs,
      disturbed: [...before].filter(([name, at]) => after.get(name) !== at).map(([name]) => name),
      cutChats: report.websocket.closedUnexpectedly,
    };
  } finally {
    await bed.close();
  }
}
