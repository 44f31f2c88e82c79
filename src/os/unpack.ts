// gzip and `openssl enc`, as backup scripts use them: read as streams, so that size does not matter.
import { createDecipheriv, createHash, type DecipherGCM, pbkdf2Sync } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ok, problem, type Result } from "../core/result.ts";
import type { Unpack } from "../ports/unpack.ts";
import { errorCode, fileProblem } from "./file-problem.ts";

const SALTED = "Salted__";
const SALT_BYTES = 8;
const HEAD_BYTES = SALTED.length + SALT_BYTES;
const KEY_BYTES = 32;
const IV_BYTES = 16;
/** What `openssl enc -pbkdf2` does where no `-iter` is given. */
const ITERATIONS = 10_000;

export const unpack: Unpack = {
  gunzip: (from, to) =>
    written(from, to, `unpack ${from}`, (out) => pipeline(createReadStream(from), createGunzip(), out)),
  decrypt: async (from, to, password) => {
    const head = await attempt(from, () => firstBytes(from, HEAD_BYTES + IV_BYTES));
    if (!head.ok) return head;
    if (head.value.subarray(0, SALTED.length).toString("latin1") !== SALTED)
      return problem("damaged", `${from} was not made by openssl enc`, "choose another file", from);
    const salt = head.value.subarray(SALTED.length, HEAD_BYTES);
    const block = head.value.subarray(HEAD_BYTES);
    const fitting = derivations.find(({ derive }) => looksRight(derive(password.reveal(), salt), block));
    if (fitting === undefined)
      return problem(
        "damaged",
        `the password does not open ${from}, or it was not made with -aes-256-cbc`,
        "check the password that the backup script uses, and the options that it gives to openssl enc",
        from,
      );
    const { key, iv } = fitting.derive(password.reveal(), salt);
    const done = await written(from, to, `decrypt ${from}`, (out) =>
      pipeline(createReadStream(from, { start: HEAD_BYTES }), createDecipheriv("aes-256-cbc", key, iv), out),
    );
    return done.ok ? ok({ ...done.value, how: fitting.how }) : done;
  },
};

type Derived = { readonly key: Buffer; readonly iv: Buffer };

const derivations: readonly {
  readonly how: string;
  readonly derive: (password: string, salt: Buffer) => Derived;
}[] = [
  {
    how: "-pbkdf2",
    derive: (password, salt) => cut(pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES + IV_BYTES, "sha256")),
  },
  { how: "-md sha256", derive: (password, salt) => cut(bytesToKey("sha256", password, salt)) },
  { how: "-md md5", derive: (password, salt) => cut(bytesToKey("md5", password, salt)) },
];

/** OpenSSL's own derivation from before -pbkdf2, one round: EVP_BytesToKey(3). */
function bytesToKey(digest: string, password: string, salt: Buffer): Buffer {
  let block = Buffer.alloc(0);
  let all = Buffer.alloc(0);
  while (all.length < KEY_BYTES + IV_BYTES) {
    block = createHash(digest).update(block).update(password).update(salt).digest();
    all = Buffer.concat([all, block]);
  }
  return all;
}

function cut(derived: Buffer): Derived {
  return { key: derived.subarray(0, KEY_BYTES), iv: derived.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES) };
}

/** The first block is the beginning of a dump: gzip, an archive of pg_dump, a tar, or text. */
function looksRight({ key, iv }: Derived, block: Buffer): boolean {
  const decipher = createDecipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
  const plain = (decipher as DecipherGCM).update(block);
  const text = plain.toString("latin1");
  return (
    plain.readUInt16BE(0) === 0x1f8b ||
    text.startsWith("PGDMP") ||
    text.startsWith("toc.dat") ||
    /^[\t\n\r -~]+$/.test(text)
  );
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function written(
  from: string,
  to: string,
  doing: string,
  work: (out: ReturnType<typeof createWriteStream>) => Promise<void>,
): Promise<Result<{ readonly bytes: number }>> {
  const done = await attempt(from, async () => {
    const out = createWriteStream(to, { flags: "wx", mode: 0o600, flush: true });
    await work(out);
    return { bytes: out.bytesWritten };
  });
  if (done.ok) return done;
  await rm(to, { force: true });
  if (done.error.code !== "failed") return done;
  return problem(
    "damaged",
    `cannot ${doing}: ${done.error.what}`,
    "the file is cut off or damaged: choose another one",
    from,
  );
}

/** zlib's and the cipher's complaints have codes of their own (`Z_…`, `ERR_OSSL_…`). */
async function attempt<T>(path: string, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    const code = errorCode(error);
    if (code?.startsWith("Z_") || code?.startsWith("ERR_OSSL"))
      return problem("failed", (error as Error).message, "choose another file", path);
    return fileProblem(error, `read ${path}`, path);
  }
}
