// A large file goes in parts. A try that broke off is gone on with: what arrived of it is not sent again.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../../../../core/result.ts";
import { listParts, listUploads, type Part, type Upload } from "./listing.ts";
import { base64Of, type Put, sendSummed, wholePart } from "./piece.ts";
import { escaped, textOf } from "./xml.ts";

type Sent = { readonly etag: string; readonly sha256: string | null };
type Headers = Readonly<Record<string, string>>;

export async function putParts(put: Put, partBytes: number, headers: Headers): Promise<Result<void>> {
  const upload = await goOnOrBegin(put, headers);
  if (!upload.ok) return upload;
  const there = await listParts(put.send, upload.value);
  if (!there.ok) return there;
  const known = new Map(there.value.map((part) => [part.number, part]));
  const sent: Sent[] = [];
  const { source, told } = put;
  for (let at = 0; at < source.bytes; at += partBytes) {
    told(at);
    const body = await wholePart(source, at, Math.min(partBytes, source.bytes - at));
    if (!body.ok) return body;
    const number = sent.length + 1;
    const part =
      isSame(known.get(number), body.value) ?? (await putPart(put, upload.value, number, body.value));
    if (!part.ok) return part;
    sent.push(part.value);
  }
  told(source.bytes);
  return complete(put, upload.value, sent);
}

/** By the checksum that the store shows, or by the MD5 of those that show none. Else the part is sent again. */
function isSame(part: Part | undefined, body: Buffer): Result<Sent> | null {
  if (part === undefined || part.bytes !== body.length) return null;
  const { etag, sha256 } = part;
  const md5 = createHash("md5").update(body).digest("hex");
  const same = sha256 === null ? etag.replaceAll('"', "") === md5 : sha256 === base64Of(body);
  return same ? ok({ etag, sha256 }) : null;
}

async function goOnOrBegin(put: Put, headers: Headers): Promise<Result<Upload>> {
  const uploads = await listUploads(put.send, put.key);
  if (!uploads.ok) return uploads;
  const own = uploads.value.filter(({ key }) => key === put.key);
  const [last] = own.slice(-1);
  if (last !== undefined) return ok(last);
  const { key } = put;
  const request = {
    method: "POST",
    key,
    query: { uploads: "" },
    headers,
    doing: `begin to write ${key}`,
  } as const;
  const begun = await sendSummed(put, request, { "x-amz-checksum-algorithm": "SHA256" });
  if (!begun.ok) return begun;
  const id = textOf(begun.value.body.toString("utf8"), "UploadId");
  if (id !== null) return ok({ key, id });
  return problem(
    "failed",
    `the store began to take ${key}, and did not say how to go on`,
    "check that it speaks S3",
  );
}

async function putPart(put: Put, { key, id }: Upload, number: number, body: Buffer): Promise<Result<Sent>> {
  const query = { partNumber: String(number), uploadId: id };
  const request = { method: "PUT", key, query, body, doing: `write part ${number} of ${key}` } as const;
  const answer = await sendSummed(put, request, { "x-amz-checksum-sha256": base64Of(body) });
  if (!answer.ok) return answer;
  const { etag = "", "x-amz-checksum-sha256": told = null } = answer.value.headers;
  return ok({ etag, sha256: told });
}

/** It may answer 200 and then say in the body that it failed; and a second try finds that the first one worked. */
async function complete(put: Put, { key, id }: Upload, sent: readonly Sent[]): Promise<Result<void>> {
  const parts = sent.map(({ etag, sha256 }, index) => {
    const sum = sha256 === null ? "" : `<ChecksumSHA256>${sha256}</ChecksumSHA256>`;
    return `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag>${sum}</Part>`;
  });
  const xml = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`;
  const answer = await put.send({
    method: "POST",
    key,
    query: { uploadId: id },
    headers: { "content-type": "application/xml" },
    body: Buffer.from(xml),
    doing: `end writing ${key}`,
    expected: [404],
  });
  if (!answer.ok) return answer;
  const code = textOf(answer.value.body.toString("utf8"), "Code");
  // Gone: ended by a try before, whose answer was lost. The look at the object that follows tells.
  if (code === null || answer.value.status === 404) return ok(undefined);
  return problem(
    "failed",
    `the store could not put ${key} together (${code})`,
    "the next backup tries again",
    key,
  );
}

/** So that nobody pays for parts that no file will be made of. */
export async function abortUploads(send: Put["send"], prefix: string): Promise<Result<void>> {
  const uploads = await listUploads(send, prefix);
  if (!uploads.ok) return uploads;
  for (const { key, id } of uploads.value.filter((one) => one.key.startsWith(prefix))) {
    const doing = `give up ${key}`;
    const gone = await send({ method: "DELETE", key, query: { uploadId: id }, doing, expected: [404] });
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}
