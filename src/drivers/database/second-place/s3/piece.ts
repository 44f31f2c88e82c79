// A file on its way to an object store, and pieces of it.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { ByteAnswer } from "../../../../ports/byte-http.ts";
import type { Clock } from "../../../../ports/clock.ts";
import type { Source, Told } from "../shelf.ts";
import type { S3Request, Send } from "./client.ts";
import { codeOf } from "./problem.ts";

export type Put = {
  readonly send: Send;
  readonly clock: Clock;
  readonly key: string;
  readonly source: Source;
  readonly told: Told;
  /** Encryption and storage class. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the store takes S3's checksums: some refuse headers that they do not know. Learned when it does. */
  readonly checksums: { taken: boolean };
};

/** `damaged` where the file became shorter meanwhile. */
export async function wholePart(source: Source, offset: number, length: number): Promise<Result<Buffer>> {
  if (length === 0) return ok(Buffer.alloc(0));
  const read = await source.read(offset, length);
  if (!read.ok || read.value.length === length) return read;
  return problem(
    "damaged",
    "a file of the backup became shorter while it was sent",
    "lastgood backup verify",
  );
}

export function base64Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64");
}

/** With S3's checksums for a store that takes them; a store that calls them a header it does not know is not asked again. */
export async function sendSummed(
  { send, checksums }: Pick<Put, "send" | "checksums">,
  request: S3Request,
  sums: Readonly<Record<string, string>>,
): Promise<Result<ByteAnswer>> {
  if (!checksums.taken) return send(request);
  const isExpected = (answer: ByteAnswer) => isAboutChecksums(answer);
  const answer = await send({ ...request, headers: { ...request.headers, ...sums }, isExpected });
  if (!answer.ok || !isAboutChecksums(answer.value)) return answer;
  checksums.taken = false;
  return send(request);
}

function isAboutChecksums(answer: ByteAnswer): boolean {
  if (answer.status === 501) return true;
  const unknown = ["InvalidArgument", "InvalidRequest", "NotImplemented"].includes(codeOf(answer));
  return answer.status === 400 && unknown && /checksum/i.test(answer.body.toString("utf8"));
}
