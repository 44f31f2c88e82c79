// A snapshot is proved in a server of our own, and then laid out in the store beside the live data, which go on.
import { size } from "../../../core/doctor/look.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { contentOf, differs } from "./content.ts";
import { type Context, TAG } from "./context.ts";
import { copyDatabase } from "./copy.ts";
import { damaged, filePath, type Manifest, passFile } from "./manifest.ts";
import { askAll } from "./say.ts";
import { type Scratch, withScratch } from "./scratch.ts";
import { lookAtServer, numberIn, type ServerFacts } from "./server.ts";
import { clearSpares, freeDatabases, tagCommand } from "./spares.ts";

/** Of the machine's memory: beyond it, the kernel begins to end processes. */
const MEMORY_SHARE = 0.9;

/** Convergent: what is laid out already is not laid out again. */
export async function stage(
  context: Context,
  live: RedisLink,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<Result<void>> {
  const facts = await lookAtServer(live);
  if (!facts.ok) return facts;
  if (manifest.place === "server" || isStaged(facts.value, manifest)) return ok(undefined);
  const room = roomFor(facts.value, manifest);
  if (!room.ok) return room;
  const cleared = await clearSpares(live, facts.value, (tag) => tag.state !== "kept");
  if (!cleared.ok) return cleared;
  return withProved(context, manifest, signal, async (scratch) => {
    for (const db of Object.keys(manifest.content ?? {})) {
      const laid = await layOut(live, scratch, { manifest, db: Number(db) }, signal);
      if (!laid.ok) return laid;
    }
    return ok(undefined);
  });
}

/** Loads it, and compares what is in it with what was written down. */
export async function withProved<T>(
  context: Context,
  manifest: Manifest,
  signal: AbortSignal,
  work: (scratch: Scratch) => Promise<Result<T>>,
): Promise<Result<T>> {
  const whole = await passFile(context, manifest);
  if (!whole.ok) return whole;
  return withScratch(context, filePath(context, manifest.id), signal, async (scratch) => {
    const there = await contentOf(scratch.link);
    if (!there.ok) return there;
    const wrong = differs(manifest.content ?? {}, there.value);
    return wrong === null ? work(scratch) : damaged(manifest.id, `loaded, ${wrong}`);
  });
}

function isStaged({ spares }: ServerFacts, { id, content }: Manifest): boolean {
  const ready = [...spares.values()].filter(({ tag }) => tag.state === "ready" && tag.of === id);
  const wanted = Object.keys(content ?? {});
  return wanted.length > 0 && wanted.every((db) => ready.some(({ tag }) => tag.for === Number(db)));
}

type Wanted = { readonly manifest: Manifest; readonly db: number };

async function layOut(
  live: RedisLink,
  scratch: Scratch,
  { manifest, db }: Wanted,
  signal: AbortSignal,
): Promise<Result<void>> {
  const facts = await lookAtServer(live);
  if (!facts.ok) return facts;
  const free = await freeDatabases(live, facts.value, 1, []);
  if (!free.ok) return free;
  const [spare] = free.value as readonly [number];
  const tag = { of: manifest.id, for: db };
  const begun = await askAll(live, [["SELECT", String(spare)], tagCommand({ ...tag, state: "loading" })]);
  if (!begun.ok) return begun;
  const copied = await copyDatabase(
    { ...scratch, db },
    { link: live, db: spare, major: facts.value.major },
    signal,
  );
  if (!copied.ok) return copied;
  const { keys = 0, expiring = 0 } = manifest.content?.[String(db)] ?? {};
  if (copied.value.keys > keys || copied.value.keys < keys - expiring) {
    const what = `${copied.value.keys} of ${keys} keys of database ${db} came over`;
    return problem("failed", what, "look at the server's log (does it evict keys?), then run again");
  }
  const ready = await askAll(live, [
    tagCommand({ ...tag, state: "ready" }),
    ["EXISTS", TAG],
    ["SELECT", "0"],
  ]);
  return ready.ok ? ok(undefined) : ready;
}

/** Both states are in its memory for a while. */
function roomFor(facts: ServerFacts, manifest: Manifest): Result<void> {
  const used = numberIn(facts, "used_memory");
  const needed = used + manifest.server.memoryBytes;
  const [most, machine] = [
    numberIn(facts, "maxmemory"),
    numberIn(facts, "total_system_memory") * MEMORY_SHARE,
  ];
  const [limit, words] =
    most > 0 ? [most, "its maxmemory"] : [machine, "nine tenths of the machine's memory"];
  if (limit === 0 || needed <= limit) return ok(undefined);
  return problem(
    "no-space",
    `Redis uses ${size(used)}, and with the snapshot beside it ${size(needed)}: more than ${words}, ${size(limit)}`,
    most > 0 ? "raise it for the restore: CONFIG SET maxmemory" : "make room on that machine, then run again",
  );
}
