// A file goes to an object store: in one request, or in parts; whole or not at all, and told by the store what it has.
import { createHash } from "node:crypto";
import { assert, ok, problem, type Result } from "../../../../core/result.ts";
import type { ByteAnswer } from "../../../../ports/byte-http.ts";
import { pieceBytes, type Source } from "../shelf.ts";
import { putParts } from "./parts.ts";
import { base64Of, type Put, sendSummed, wholePart } from "./piece.ts";

/** Of which a file may have 10,000. */
const mostParts = 9_000;
const megabyte = 1024 * 1024;
/** A store may take a moment until it shows what it has acknowledged. */
const showsWithinTries = 5;
const showsPauseMs = 200;

const metaName = "x-amz-meta-sha256";

/** True: the store says that it has exactly these bytes. False: it has them, and cannot say. */
export async function putFile(put: Put): Promise<Result<boolean>> {
  const { source } = put;
  const before = await head(put);
  if (!before.ok) return before;
  if (before.value !== null && isThis(before.value, source)) return isTold(put, before.value);
  const isSmall = source.bytes <= pieceBytes;
  const sent = await (isSmall ? putWhole(put) : putParts(put, partBytes(source), meta(put)));
  if (!sent.ok) return sent;
  for (let attempt = 1; ; attempt++) {
    const after = await head(put);
    if (!after.ok) return after;
    if (after.value !== null) return isTold(put, after.value);
    if (attempt === showsWithinTries) return lost(put);
    await put.clock.sleep(showsPauseMs * 2 ** attempt);
  }
}

function lost({ key }: Put): Result<never> {
  return problem(
    "damaged",
    `the store took ${key}, and does not have it`,
    "look at that store's log and rules",
    key,
  );
}

function meta({ source, headers }: Put): Readonly<Record<string, string>> {
  return { ...headers, [metaName]: source.sha256 };
}

export function partBytes({ bytes }: Pick<Source, "bytes">): number {
  return Math.max(pieceBytes, Math.ceil(bytes / mostParts / megabyte) * megabyte);
}

async function putWhole(put: Put): Promise<Result<void>> {
  const { source, key } = put;
  const body = await wholePart(source, 0, source.bytes);
  if (!body.ok) return body;
  const request = {
    method: "PUT",
    key,
    headers: meta(put),
    body: body.value,
    doing: `write ${key}`,
  } as const;
  const answer = await sendSummed(put, request, { "x-amz-checksum-sha256": base64Of(body.value) });
  put.told(source.bytes);
  return answer.ok ? ok(undefined) : answer;
}

/** Null where nothing is there. */
async function head({ send: ask, key }: Put): Promise<Result<ByteAnswer | null>> {
  const headers = { "x-amz-checksum-mode": "ENABLED" };
  const answer = await ask({ method: "HEAD", key, headers, doing: `look at ${key}`, expected: [404] });
  if (!answer.ok) return answer;
  return ok(answer.value.status === 404 ? null : answer.value);
}

/** Objects appear whole or not at all: what we wrote under this name with this sha256 is this file. */
function isThis({ headers }: ByteAnswer, { bytes, sha256 }: Source): boolean {
  return headers[metaName] === sha256 && Number(headers["content-length"]) === bytes;
}

/** The store's own checksum: of the whole, or of its parts' checksums (`…-3`). Anything else must be read back. */
async function isTold({ source }: Put, { headers }: ByteAnswer): Promise<Result<boolean>> {
  const told = headers["x-amz-checksum-sha256"];
  if (source.bytes === 0) return ok(headers["content-length"] === "0");
  if (told === undefined || Number(headers["content-length"]) !== source.bytes) return ok(false);
  const whole = Buffer.from(source.sha256, "hex").toString("base64");
  if (!told.includes("-")) return ok(told === whole);
  const hash = createHash("sha256");
  const step = partBytes(source);
  let parts = 0;
  for (let at = 0; at < source.bytes; at += step, parts++) {
    const part = await wholePart(source, at, Math.min(step, source.bytes - at));
    if (!part.ok) return part;
    hash.update(createHash("sha256").update(part.value).digest());
  }
  assert(parts <= 10_000, "no object has more parts");
  return ok(told === `${hash.digest("base64")}-${parts}`);
}
