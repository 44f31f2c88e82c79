// Sealed files: a magic line, a fresh nonce, the encrypted bytes, and GCM's tag at the end.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ok, problem, type Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";
import type { Seal } from "../ports/seal.ts";
import { errorCode, fileProblem } from "./file-problem.ts";

const MAGIC = Buffer.from("lastgood-sealed-1\n");
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const HEAD_BYTES = MAGIC.length + SALT_BYTES + NONCE_BYTES;

export const seal: Seal = {
  seal: (from, to, key) =>
    fresh(from, to, async () => {
      const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
      const cipher = createCipheriv("aes-256-gcm", keyOf(key, salt), nonce);
      const head = Buffer.concat([MAGIC, salt, nonce]);
      cipher.setAAD(head);
      const sealed = async function* () {
        yield head;
        for await (const chunk of createReadStream(from)) yield cipher.update(chunk as Buffer);
        yield cipher.final();
        yield cipher.getAuthTag();
      };
      await pipeline(Readable.from(sealed()), createWriteStream(to, newFile));
    }),
  open: (from, to, key) =>
    fresh(from, to, async () => {
      const { head, tag, size } = await ends(from);
      if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new NotSealed();
      const salt = head.subarray(MAGIC.length, MAGIC.length + SALT_BYTES);
      const nonce = head.subarray(MAGIC.length + SALT_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", keyOf(key, salt), nonce);
      decipher.setAAD(head).setAuthTag(tag);
      const body = { start: HEAD_BYTES, end: size - TAG_BYTES - 1 };
      const source = body.end < body.start ? Readable.from([]) : createReadStream(from, body);
      await pipeline(source, decipher, createWriteStream(to, newFile));
    }),
};

const newFile = { flags: "wx", mode: 0o600, flush: true } as const;

class NotSealed extends Error {}

/** A key of its own for each file: nonces under one key would run out. */
function keyOf(key: Secret, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", key.reveal(), salt, "lastgood backup", KEY_BYTES));
}

async function ends(path: string): Promise<{ head: Buffer; tag: Buffer; size: number }> {
  const { size } = await stat(path);
  if (size < HEAD_BYTES + TAG_BYTES) throw new NotSealed();
  const handle = await open(path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const tag = Buffer.alloc(TAG_BYTES);
    await handle.read(head, 0, HEAD_BYTES, 0);
    await handle.read(tag, 0, TAG_BYTES, size - TAG_BYTES);
    return { head, tag, size };
  } finally {
    await handle.close();
  }
}

async function fresh(from: string, to: string, work: () => Promise<void>): Promise<Result<void>> {
  try {
    await work();
    return ok(undefined);
  } catch (error) {
    await rm(to, { force: true });
    // GCM says no more than that it does not fit, and has no code of its own.
    if (error instanceof NotSealed || (error instanceof Error && /authenticate data/.test(error.message)))
      return problem(
        "damaged",
        `${from} cannot be opened: the key is another one, or the file is not as it was written`,
        "check that the key file is the one of then; else choose another copy of this backup",
        from,
      );
    if (errorCode(error) === null) throw error;
    return fileProblem(error, `read ${from}`, from);
  }
}
