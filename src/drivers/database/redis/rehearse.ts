// A snapshot is loaded into a server of our own, compared with what was written down, and what a restore would cost is told.
import { createHash } from "node:crypto";
import { ok, type Result } from "../../../core/result.ts";
import type { Since } from "../../../ports/backup-care.ts";
import type { Loss, Rehearsal } from "../../../ports/database.ts";
import { type Content, contentOf } from "./content.ts";
import { type Context, withLive } from "./context.ts";
import { copyDatabase } from "./copy.ts";
import { findManifest, type Manifest, writeManifest } from "./manifest.ts";
import { withScratch } from "./scratch.ts";
import { lookAtServer, numberIn } from "./server.ts";
import { withProved } from "./stage.ts";

/** Of keys and values: beyond it, values are not compared. */
const COMPARE_BYTES = 64 * 1024 * 1024;

export async function rehearse(context: Context, id: string): Promise<Result<Rehearsal>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  const began = context.clock.elapsed();
  const proved = await withProved(context, found.value, new AbortController().signal, async () =>
    ok(undefined),
  );
  if (!proved.ok) return proved;
  const ms = context.clock.elapsed() - began;
  const rehearsed = { at: context.clock.now(), ms: Math.round(ms) };
  const written = await writeManifest(context, { ...found.value, rehearsed });
  if (!written.ok) return written;
  const live = await liveContent(context);
  if (!live.ok) return ok({ ms, losses: [], lossesUnknown: live.error.what });
  return ok({ ms, losses: lossesOf(found.value, live.value) });
}

/** Keys then and now by database, and whether values of equal counts are other ones where that could be told. */
export async function since(context: Context, id: string): Promise<Result<Since>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  const live = await liveContent(context);
  if (!live.ok) return live;
  const written = lossesOf(found.value, live.value).map(({ table, then: before, now }) => ({
    table,
    rows: now > before ? now - before : null,
    what:
      before === now ? `${now} keys then and now, some of them changed` : `${before} keys then, ${now} now`,
  }));
  return ok({ written, gaps: gapsOf(found.value, live.value) });
}

function gapsOf({ content }: Manifest, { compared }: LiveContent): readonly string[] {
  const expiring = Object.values(content ?? {}).reduce((sum, one) => sum + one.expiring, 0);
  return [
    ...(expiring > 0
      ? [
          `${expiring} keys of the snapshot had a time to live, and run out at their moment also while they are kept.`,
        ]
      : []),
    ...(compared
      ? []
      : ["Redis holds too much to compare values: databases with as many keys as then are not named."]),
  ];
}

function lossesOf({ content, rows }: Manifest, live: LiveContent): readonly Loss[] {
  const names = new Set([...Object.keys(rows), ...live.keys.keys()]);
  return [...names].sort().flatMap((table) => {
    const [before, now] = [rows[table] ?? 0, live.keys.get(table) ?? 0];
    const db = table.replace(/^db/, "");
    const [was, is] = [content?.[db]?.all, live.content?.[db]?.all];
    const changed = was !== undefined && is !== undefined && was !== is;
    if (before === now && !changed) return [];
    // biome-ignore lint/suspicious/noThenProperty: a number, and the word that the port has for it
    return [{ table, then: before, now }];
  });
}

type LiveContent = {
  /** `db0` and so on. */
  readonly keys: ReadonlyMap<string, number>;
  readonly content: Content | null;
  readonly compared: boolean;
};

async function liveContent(context: Context): Promise<Result<LiveContent>> {
  const content = await contentNow(context);
  if (!content.ok) return content;
  if (content.value !== null) {
    const keys = Object.entries(content.value).map(([db, one]) => [`db${db}`, one.keys] as const);
    return ok({ keys: new Map(keys), content: content.value, compared: true });
  }
  return withLive(context, async (live) => {
    const facts = await lookAtServer(live);
    if (!facts.ok) return facts;
    const keys = [...facts.value.used].map(([db, count]) => [`db${db}`, count] as const);
    return ok({ keys: new Map(keys), content: null, compared: false });
  });
}

/** Null where it is too much to compare. Read key by key: exact while nobody writes. */
async function contentNow(context: Context): Promise<Result<Content | null>> {
  return withLive(context, async (live) => {
    const facts = await lookAtServer(live);
    if (!facts.ok) return facts;
    if (numberIn(facts.value, "used_memory_dataset") > COMPARE_BYTES) return ok(null);
    const { signal } = new AbortController();
    return withScratch(context, null, signal, async (scratch) => {
      for (const db of facts.value.used.keys()) {
        const from = { link: live, db, major: facts.value.major };
        const copied = await copyDatabase(from, { ...scratch, db }, signal);
        if (!copied.ok) return copied;
      }
      return contentOf(scratch.link);
    });
  });
}

export async function position(context: Context): Promise<Result<string>> {
  const content = await contentNow(context);
  if (!content.ok) return content;
  if (content.value === null) return ok(context.ids.fresh("unknown"));
  const sorted = Object.entries(content.value).sort(([a], [b]) => Number(a) - Number(b));
  return ok(createHash("sha256").update(JSON.stringify(sorted)).digest("hex"));
}
