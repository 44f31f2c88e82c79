// A snapshot in the place of the live data, without a restart: laid out beside them, then exchanged in one transaction.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { passEpoch } from "../epoch.ts";
import { commit, readMark } from "./commit.ts";
import { type Context, withLive } from "./context.ts";
import { readIdentity } from "./identity.ts";
import { findManifest, type Manifest } from "./manifest.ts";
import { lookAtServer, nobodyWrites, passServer } from "./server.ts";
import { keptKeys, settleAll, settleKept } from "./settle.ts";
import { stage } from "./stage.ts";

/** So many keys are in a file in a moment: requests may wait for it. More stay in the server until the next act. */
const SETTLE_AT_ONCE_KEYS = 2_000;

/** While the app goes on: `restore` of the same snapshot is the exchange alone then. */
export async function prepare(context: Context, op: Op, id: string): Promise<Result<void>> {
  const passed = await passEpoch({ ...context, ...context.config, subject: "redis" }, op);
  if (!passed.ok) return passed;
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  return withLive(context, async (live) => {
    const possible = await passTarget(live, found.value);
    if (!possible.ok) return possible;
    const settled = await settleAll(context, live, { signal: op.signal, but: keptIn(found.value) });
    return settled.ok ? stage(context, live, found.value, op.signal) : settled;
  });
}

export async function restore(
  context: Context,
  op: Op,
  id: string,
): Promise<Result<{ readonly kept: string }>> {
  const passed = await passEpoch({ ...context, ...context.config, subject: "redis" }, op);
  if (!passed.ok) return passed;
  const kept = { kept: `before-${op.id}` };
  return withLive(context, async (live) => {
    const before = await isApplied(live, op);
    if (!before.ok) return before;
    if (before.value) return ok(kept);
    const found = await findManifest(context, id);
    if (!found.ok) return found;
    const possible = await passTarget(live, found.value);
    if (!possible.ok) return possible;
    const free = context.config.clients === "stay" ? ok(undefined) : await nobodyWrites(live);
    if (!free.ok) return free;
    const settled = await settleAll(context, live, { signal: op.signal, but: keptIn(found.value) });
    if (!settled.ok) return settled;
    const staged = await stage(context, live, found.value, op.signal);
    if (!staged.ok) return staged;
    const done = await commit(context, live, op, found.value);
    if (!done.ok) return done;
    await settleSmall(context, live, op);
    return ok(kept);
  });
}

function keptIn({ place, op }: Manifest): string | null {
  return place === "server" ? op : null;
}

async function isApplied(live: RedisLink, op: Op): Promise<Result<boolean>> {
  const mark = await readMark(live);
  if (!mark.ok) return mark;
  if (mark.value === null) return ok(false);
  if (mark.value.op === op.id) return ok(true);
  if (mark.value.past.includes(op.id))
    return problem(
      "conflict",
      "this restore was made before, and another came after it",
      "lastgood backup list",
    );
  if (mark.value.epoch > op.epoch)
    return problem(
      "fenced",
      `epoch ${op.epoch} is over: Redis has seen epoch ${mark.value.epoch}`,
      "another controller took over; stop this one",
    );
  return ok(false);
}

async function passTarget(live: RedisLink, { id, store }: Manifest): Promise<Result<void>> {
  const facts = await lookAtServer(live);
  if (!facts.ok) return facts;
  const possible = await passServer(live, facts.value);
  if (!possible.ok) return possible;
  const identity = await readIdentity(live);
  if (!identity.ok) return identity;
  if (store === null || identity.value === null || identity.value === store) return ok(undefined);
  return problem(
    "refused",
    `${id} is of another Redis than the one that redis: url leads to`,
    "look at redis: url; to bring it here all the same, name its file: lastgood restore <path of the .rdb>",
  );
}

/** Where it fails it lies in the server, is listed, and the next act tries again. */
async function settleSmall(context: Context, live: RedisLink, op: Op): Promise<void> {
  const facts = await lookAtServer(live);
  if (facts.ok && keptKeys(facts.value, op.id) <= SETTLE_AT_ONCE_KEYS) await settleKept(context, op.signal);
}
