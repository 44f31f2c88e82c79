// What copying and exchanging took on this server, remembered beside the backups: so that nobody is held on a guess.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../../core/json.ts";
import type { Context } from "../context.ts";

const measuredSchema = z.object({
  /** A template copy of so many bytes. */
  copy: z.object({ bytes: z.number(), ms: z.number(), at: z.number() }).nullable().default(null),
  /** The newest exchange of names: fence, sessions, both renames. */
  exchangeMs: z.number().nullable().default(null),
  /** A clone of the whole server made, and a database fetched out of one. */
  clone: z.object({ ms: z.number(), at: z.number() }).nullable().default(null),
  fetchMs: z.number().nullable().default(null),
});

export type Measured = z.infer<typeof measuredSchema>;

/** A busy disk takes this many times as long as the one that was measured. */
const DOUBT = 2;

export async function readMeasured(context: Context): Promise<Measured> {
  const read = await context.files.read(path(context));
  const parsed = measuredSchema.safeParse(read.ok ? parseJson(read.value.toString("utf8")) : {});
  return parsed.success ? parsed.data : measuredSchema.parse({});
}

/** Only an estimate hangs on it: what can't be written now is measured again. */
export async function noteMeasured(context: Context, change: Partial<Measured>): Promise<void> {
  const now = await readMeasured(context);
  await context.files.replace(path(context), JSON.stringify({ ...now, ...change }), 0o600);
}

/** Milliseconds that a copy of `bytes` takes at worst: never less than the measured one, because parts of it are fixed. */
export function copyMs({ bytes, ms }: NonNullable<Measured["copy"]>, wanted: number): number {
  return Math.ceil(DOUBT * ms * Math.max(1, wanted / Math.max(1, bytes)));
}

function path({ config }: Context): string {
  return join(config.backupDir, ".measured.json");
}
