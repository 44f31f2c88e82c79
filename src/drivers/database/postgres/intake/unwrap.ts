// Takes what `openssl enc` and gzip have wrapped out of it, layer by layer.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Context } from "../context.ts";
import { roomFor } from "../room.ts";
import { type Kind, kindNames, kindOf } from "./kind.ts";

/** Encrypted, compressed, dump: more layers are nobody's backup. */
const LAYERS_MAX = 3;
/** Dumps of text shrink to a tenth at most, as a rule. */
const GROWTH = 10;

export type Inner = {
  readonly path: string;
  readonly kind: Exclude<Kind, "gzip" | "openssl">;
  /** From outside in, e.g. `openssl enc (-pbkdf2), gzip, a plain SQL dump`. */
  readonly format: string;
};

/** `temp`: beginning of the paths that layers are written to; the caller removes what begins with it. */
export async function unwrap(context: Context, path: string, temp: string): Promise<Result<Inner>> {
  const layers: string[] = [];
  let at = path;
  for (let layer = 1; layer <= LAYERS_MAX; layer++) {
    const kind = await kindOf(context.files, at);
    if (!kind.ok) return layers.length === 0 ? kind : inside(kind, path, layers);
    if (kind.value !== "gzip" && kind.value !== "openssl")
      return ok({ path: at, kind: kind.value, format: [...layers, kindNames[kind.value]].join(", ") });
    const to = `${temp}-${layer}.half`;
    const out = await one(context, { from: at, to, kind: kind.value, shown: path });
    if (!out.ok) return out;
    layers.push(out.value);
    at = to;
  }
  return problem(
    "refused",
    `${path} is wrapped more than ${LAYERS_MAX - 1} times`,
    "unwrap it, and name what is in it",
    path,
  );
}

type Layer = {
  readonly from: string;
  readonly to: string;
  readonly kind: "gzip" | "openssl";
  readonly shown: string;
};

async function one(context: Context, { from, to, kind, shown }: Layer): Promise<Result<string>> {
  const stat = await context.files.stat(from);
  if (!stat.ok) return stat;
  const bytes = (stat.value?.size ?? 0) * (kind === "gzip" ? GROWTH : 1);
  const room = await roomFor(context, context.config.backupDir, bytes, `what is in ${shown}`);
  if (!room.ok) return room;
  if (kind === "gzip") {
    const out = await context.unpack.gunzip(from, to);
    if (!out.ok) return renamed(out, from, shown);
    if (out.value.bytes > 0) return ok("gzip");
    return problem(
      "damaged",
      `${shown} holds nothing: the gzip is whole and empty, as from a pipe whose pg_dump failed`,
      "choose an older backup, and let the script that made this one check pg_dump's own exit code",
      shown,
    );
  }
  const password = context.config.unpackPassword ?? null;
  if (password === null)
    return problem(
      "refused",
      `${shown} is encrypted by openssl enc`,
      "set its password in the database's settings (unpackPassword)",
      shown,
    );
  const out = await context.unpack.decrypt(from, to, password);
  return out.ok ? ok(`openssl enc (${out.value.how})`) : renamed(out, from, shown);
}

/** Layers have names of ours, which say nothing to people. */
function renamed<T>(failed: Result<T>, inner: string, shown: string): Result<never> {
  if (failed.ok) throw new Error("it did not fail");
  return {
    ok: false,
    error: { ...failed.error, what: failed.error.what.replaceAll(inner, shown), where: shown },
  };
}

function inside(failed: Result<Kind>, path: string, layers: readonly string[]): Result<never> {
  if (failed.ok) throw new Error("it did not fail");
  const { error } = failed;
  const where = error.where ?? "";
  return {
    ok: false,
    error: {
      ...error,
      what: `in ${path} (${layers.join(", ")}): ${error.what.replaceAll(where, "the content")}`,
      where: path,
    },
  };
}
