// The exchange: one transaction of the server that swaps databases by their numbers, and says in it whose doing it was.

import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { RedisCommand, RedisLink, RedisReply } from "../../../ports/redis-link.ts";
import { type Context, IDENTITY, MARKER, TAG } from "./context.ts";
import { aboutServer, readIdentity } from "./identity.ts";
import { keptManifest, type Manifest, writeManifest } from "./manifest.ts";
import { askAll, askOne, refusal, refusalOf, textOf } from "./say.ts";
import { lookAtServer, type ServerFacts } from "./server.ts";
import { freeDatabases, tagCommand } from "./spares.ts";

/** Restores that the marker remembers: an older one does not come again. */
const PAST = 50;

const markSchema = z.object({
  op: z.string(),
  epoch: z.number(),
  backup: z.string(),
  at: z.number(),
  past: z.array(z.string()),
});

export type Mark = z.infer<typeof markSchema>;

/** Of database 0, which must be selected. Null where there was no restore. */
export async function readMark(live: RedisLink): Promise<Result<Mark | null>> {
  const said = await askOne(live, "GET", MARKER);
  if (!said.ok) return said;
  const text = textOf(said.value);
  if (text === "") return ok(null);
  const mark = markSchema.safeParse(parseJson(text));
  if (mark.success) return ok(mark.data);
  return problem(
    "damaged",
    `the key ${MARKER} in database 0 is not ours`,
    `look at it, then remove it: DEL ${MARKER}`,
  );
}

/** Writes that came before are in what is kept, those that come after in what was restored: none is lost. */
export async function commit(
  context: Context,
  live: RedisLink,
  op: Op,
  manifest: Manifest,
): Promise<Result<void>> {
  const watched = await askAll(live, [
    ["SELECT", "0"],
    ["WATCH", MARKER],
  ]);
  if (!watched.ok) return watched;
  const facts = await lookAtServer(live);
  if (!facts.ok) return facts;
  const before = await readMark(live);
  if (!before.ok) return before;
  const swaps = await swapsFor(live, facts.value, manifest);
  if (!swaps.ok) return swaps;
  const store = await readIdentity(live);
  if (!store.ok) return store;
  const identity = store.value ?? manifest.store;
  const noted = await noteKept(context, facts.value, op, identity);
  if (!noted.ok) return noted;
  const mark: Mark = {
    op: op.id,
    epoch: op.epoch,
    backup: manifest.id,
    at: context.clock.now(),
    past: [...(before.value ? [...before.value.past, before.value.op] : [])].slice(-PAST),
  };
  // The last look before it happens.
  if (op.signal.aborted) return problem("cancelled", "called off before Redis was changed", "run again");
  const commands = transaction(swaps.value, op, mark, identity);
  const replies = await live.ask(commands);
  return replies.ok ? judge(commands, replies.value) : replies;
}

/** `spare` takes the place of `db`. */
type Swap = { readonly db: number; readonly spare: number };

async function swapsFor(
  live: RedisLink,
  facts: ServerFacts,
  manifest: Manifest,
): Promise<Result<readonly Swap[]>> {
  const [state, of] = manifest.place === "server" ? ["kept", manifest.op] : ["ready", manifest.id];
  const own = [...facts.spares].filter(([, { tag }]) => tag.state === state && tag.of === of);
  const laid = own.map(([spare, { tag }]) => ({ db: tag.for, spare }));
  const whole = isWhole(manifest, new Map(own.map(([, { tag, keys }]) => [tag.for, keys])));
  if (!whole)
    return problem(
      "missing",
      `what was laid out of ${manifest.id} is not there any more: somebody emptied Redis, or it evicts keys`,
      "lastgood backup list shows what there is",
    );
  // What the snapshot did not have is empty afterwards; database 0 carries the marker.
  const others = [...new Set([0, ...facts.used.keys()])].filter((db) => !laid.some((one) => one.db === db));
  const free = await freeDatabases(live, facts, others.length, []);
  if (!free.ok) return free;
  return ok([...laid, ...others.map((db, at) => ({ db, spare: free.value[at] ?? -1 }))]);
}

/** `laid`: keys by the database that they are for. An empty one in the place of a full one would be no restore. */
function isWhole({ content }: Manifest, laid: ReadonlyMap<number, number>): boolean {
  if (content === null) return laid.size > 0;
  return Object.entries(content).every(([db, { keys, expiring }]) => {
    const there = laid.get(Number(db));
    return there !== undefined && there <= keys && there >= keys - expiring;
  });
}

/** Before the exchange: a manifest without its databases is nothing, but databases without a manifest are not found. */
async function noteKept(
  context: Context,
  facts: ServerFacts,
  op: Op,
  store: string | null,
): Promise<Result<void>> {
  const about = { op: op.id, at: context.clock.now(), store, server: aboutServer(facts) };
  return writeManifest(context, keptManifest(about));
}

function transaction(
  swaps: readonly Swap[],
  op: Op,
  mark: Mark,
  identity: string | null,
): readonly RedisCommand[] {
  return [
    ["MULTI"],
    ...swaps.flatMap(({ db, spare }) => [
      ["SELECT", String(spare)],
      ["DEL", TAG],
      ["SWAPDB", String(db), String(spare)],
      // What was live is there now.
      ["DEL", MARKER, IDENTITY],
      tagCommand({ state: "kept", of: op.id, for: db }),
    ]),
    ["SELECT", "0"],
    ["SET", MARKER, JSON.stringify(mark)],
    ...(identity === null ? [] : [["SET", IDENTITY, identity]]),
    ["EXEC"],
  ];
}

function judge(commands: readonly RedisCommand[], replies: readonly RedisReply[]): Result<void> {
  for (const [at, reply] of replies.slice(0, -1).entries()) {
    const said = refusalOf(reply);
    if (said !== null) return refusal(String(commands[at]?.[0] ?? ""), said);
  }
  const last = replies.at(-1) ?? null;
  const said = refusalOf(last);
  if (said !== null) return refusal("EXEC", said);
  if (last === null)
    return problem("conflict", "another restore came in between", "look which one: lastgood backup list");
  const inside = (Array.isArray(last) ? (last as readonly RedisReply[]) : []).map(refusalOf);
  const wrong = inside.find((one) => one !== null) ?? null;
  return wrong === null ? ok(undefined) : refusal("SWAPDB", wrong);
}
