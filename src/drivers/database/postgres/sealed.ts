// Backups that are encrypted on the disk: each file is sealed before the backup has a name, and opened for a restore.
import { join } from "node:path";
import { sha256 } from "../../../core/digest.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Secret, secret } from "../../../core/secret.ts";
import type { Seal } from "../../../ports/seal.ts";
import type { Context } from "./context.ts";
import type { Manifest } from "./manifest.ts";
import { roomFor } from "./room.ts";

const ENDING = ".sealed";
/** Half a key is a typing error. */
const KEY_CHARS_MIN = 32;
const OPENED = ".opened.half";

type Key = { readonly key: Secret; readonly name: string; readonly seal: Seal };

/** Null where backups are not encrypted. */
export async function keyOf({ config, files, seal }: Context): Promise<Result<Key | null>> {
  const path = config.encryptionKeyFile ?? null;
  if (path === null) return ok(null);
  if (seal === undefined)
    return problem("config", "nothing here encrypts files", "take encryptionKeyFile away", path);
  const read = await files.read(path);
  if (!read.ok) return read;
  const text = read.value.toString("utf8").trim();
  if (text.length < KEY_CHARS_MIN)
    return problem(
      "config",
      `the key in ${path} has ${text.length} characters, and ${KEY_CHARS_MIN} are the least`,
      "make one: openssl rand -hex 32; and keep a copy where this machine is not",
      path,
    );
  return ok({ key: secret(text), name: sha256(`lastgood key ${text}`).slice(0, 16), seal });
}

/** Every file of the folder is replaced by its sealed form. */
export async function sealFolder(
  context: Context,
  folder: string,
  { key, seal }: Key,
): Promise<Result<void>> {
  const names = await context.files.list(folder);
  if (!names.ok) return names;
  for (const name of names.value) {
    const sealed = await seal.seal(join(folder, name), join(folder, `${name}${ENDING}`), key);
    if (!sealed.ok) return sealed;
    const removed = await context.files.remove(join(folder, name));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

/** Calls `work` with the folder that pg_restore reads; what was opened for it is removed afterwards. */
export async function opened<T>(
  context: Context,
  manifest: Manifest,
  folder: string,
  work: (folder: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  if (manifest.encryption === null) return work(folder);
  const key = await fittingKey(context, manifest);
  if (!key.ok) return key;
  const room = await roomFor(context, context.config.backupDir, manifest.bytes, `opening ${manifest.id}`);
  if (!room.ok) return room;
  const out = `${folder}${OPENED}`;
  const cleared = await context.files.remove(out); // of a restore that died
  if (!cleared.ok) return cleared;
  context.working.add(out);
  const done = await openAll(context, manifest, { folder, out, key: key.value });
  const result = done.ok ? await work(out) : done;
  const removed = await context.files.remove(out);
  context.working.delete(out);
  return result.ok && !removed.ok ? removed : result;
}

async function openAll(
  context: Context,
  manifest: Manifest,
  { folder, out, key }: { readonly folder: string; readonly out: string; readonly key: Key },
): Promise<Result<void>> {
  // The first file makes the folder.
  const made = await context.files.replace(join(out, ".opening"), "", 0o600);
  if (!made.ok) return made;
  for (const { path } of manifest.files) {
    const plain = join(out, path.slice(0, -ENDING.length));
    const done = await key.seal.open(join(folder, path), plain, key.key);
    if (!done.ok) return done;
  }
  return context.files.remove(join(out, ".opening"));
}

async function fittingKey(context: Context, manifest: Manifest): Promise<Result<Key>> {
  const now = await keyOf(context);
  if (!now.ok) return now;
  const wanted = manifest.encryption?.key;
  if (now.value !== null && now.value.name === wanted) return ok(now.value);
  const has = now.value === null ? "no key is set" : `the key that is set is ${now.value.name}`;
  return problem(
    "refused",
    `${manifest.id} was encrypted with the key ${wanted}, and ${has}`,
    "put the key of then into the file that encryptionKeyFile names",
    manifest.id,
  );
}
