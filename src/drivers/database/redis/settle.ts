// What a restore replaced leaves the server's memory: into a file of its own, proved, and only then out of the server.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { contentOf } from "./content.ts";
import { type Context, withLive } from "./context.ts";
import { copyDatabase } from "./copy.ts";
import { aboutServer } from "./identity.ts";
import { keepProved } from "./keep.ts";
import { allManifests, keptManifest, type Manifest, manifestPath } from "./manifest.ts";
import { save, withScratch } from "./scratch.ts";
import { lookAtServer, type ServerFacts } from "./server.ts";
import { clearSpares } from "./spares.ts";

/** Where every manifest says that its state is in a file, the server is not asked. */
export async function settleKept(context: Context, signal: AbortSignal): Promise<Result<void>> {
  const all = await allManifests(context);
  if (!all.ok) return all;
  const waits = all.value.some(({ place }) => place === "server");
  return waits ? withLive(context, (live) => settleAll(context, live, { signal, but: null })) : ok(undefined);
}

/** `but`: the op of a kept one that stays where it is, because it is about to be put back. */
type Wish = { readonly signal: AbortSignal; readonly but: string | null };

/** Looks into the server, whatever the manifests say: a controller that was killed may have left something there. */
export async function settleAll(
  context: Context,
  live: RedisLink,
  { signal, but }: Wish,
): Promise<Result<void>> {
  const [all, first] = [await allManifests(context), await lookAtServer(live)];
  if (!all.ok) return all;
  if (!first.ok) return first;
  const noted = all.value.filter(({ place }) => place === "server").map(({ op }) => op);
  const there = [...first.value.spares.values()].flatMap(({ tag }) => (tag.state === "kept" ? [tag.of] : []));
  for (const op of new Set([...noted, ...there])) {
    if (op === but) continue;
    const facts = await lookAtServer(live);
    if (!facts.ok) return facts;
    const manifest = all.value.find((one) => one.id === `before-${op}`) ?? unnoted(context, facts.value, op);
    const done = await settleOne(
      context,
      { live, facts: facts.value, manifest, own: spaceOf(facts.value, op) },
      signal,
    );
    if (!done.ok) return done;
  }
  return ok(undefined);
}

async function settleOne(context: Context, settling: Settling, signal: AbortSignal): Promise<Result<void>> {
  const { live, facts, manifest, own } = settling;
  // The restore was killed before its exchange, or this was put back.
  if (own.length === 0) return context.files.remove(manifestPath(context, manifest.id));
  if (manifest.place === "server") return toFile(context, settling, signal);
  // It is in its file, and whoever wrote that was killed.
  return clearSpares(live, facts, (tag) => tag.state === "kept" && tag.of === manifest.op);
}

/** Somebody emptied the folder of backups: what lies in the server is kept all the same. */
function unnoted(context: Context, facts: ServerFacts, op: string): Manifest {
  return keptManifest({ op, at: context.clock.now(), store: null, server: aboutServer(facts) });
}

type Space = { readonly spare: number; readonly db: number; readonly keys: number };

function spaceOf({ spares }: ServerFacts, op: string): readonly Space[] {
  return [...spares]
    .filter(([, { tag }]) => tag.state === "kept" && tag.of === op)
    .map(([spare, { tag, keys }]) => ({ spare, db: tag.for, keys }));
}

/** Keys that a restore keeps now. */
export function keptKeys(facts: ServerFacts, op: string): number {
  return spaceOf(facts, op).reduce((sum, { keys }) => sum + keys, 0);
}

type Settling = {
  readonly live: RedisLink;
  readonly facts: ServerFacts;
  readonly manifest: Manifest;
  readonly own: readonly Space[];
};

/** Nobody writes there any more, so it needs no moment: it is read key by key. */
async function toFile(
  context: Context,
  { live, facts, manifest, own }: Settling,
  signal: AbortSignal,
): Promise<Result<void>> {
  const kept = await withScratch(context, null, signal, async (scratch) => {
    for (const { spare, db } of own) {
      const from = { link: live, db: spare, major: facts.major };
      const copied = await copyDatabase(from, { ...scratch, db }, signal);
      if (!copied.ok) return copied;
    }
    const after = await lookAtServer(live);
    if (!after.ok) return after;
    const content = await contentOf(scratch.link);
    if (!content.ok) return content;
    for (const { db, keys } of spaceOf(after.value, manifest.op)) {
      const there = content.value[String(db)]?.keys ?? 0;
      if (there < keys)
        return problem("failed", `${there} of ${keys} keys of database ${db} came over`, "run again");
    }
    const saved = await save(scratch);
    if (!saved.ok) return saved;
    const { id, op, at, store, server } = manifest;
    return keepProved(context, scratch.file, { id, op, at, store, server }, content.value);
  });
  if (!kept.ok) return kept;
  return clearSpares(live, facts, (tag) => tag.state === "kept" && tag.of === manifest.op);
}
