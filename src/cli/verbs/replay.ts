// lastgood replay

import type { ReplayWish } from "../../app/replay.ts";
import type { Outcome } from "../../core/view/outcome.ts";
import type { Shared } from "../run.ts";

export async function replayCommand(it: Shared, wish: ReplayWish): Promise<Outcome> {
  return await it.edges.replay(wish, (line) => it.io.err(`${line}\n`));
}
