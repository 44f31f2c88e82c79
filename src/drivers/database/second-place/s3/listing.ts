// What lies in a bucket, page by page.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Send } from "./client.ts";
import { blocksOf, textOf } from "./xml.ts";

/** A store that always says that there is more must not keep us for ever. */
const mostPages = 10_000;

export type Listed = {
  readonly keys: readonly string[];
  /** What stands before the next slash, with it; only where `folders` is asked for. */
  readonly folders: readonly string[];
};

/** All keys that begin with `prefix`. */
export async function listKeys(send: Send, prefix: string, folders: boolean): Promise<Result<Listed>> {
  const found = { keys: [] as string[], folders: [] as string[] };
  let token: string | null = null;
  for (let page = 0; page < mostPages; page++) {
    const answer: Awaited<ReturnType<Send>> = await send({
      method: "GET",
      key: null,
      query: {
        "list-type": "2",
        prefix,
        ...(folders ? { delimiter: "/" } : {}),
        ...(token === null ? {} : { "continuation-token": token }),
      },
      doing: "list what lies",
    });
    if (!answer.ok) return answer;
    const xml = answer.value.body.toString("utf8");
    for (const one of blocksOf(xml, "Contents")) found.keys.push(textOf(one, "Key") ?? "");
    for (const one of blocksOf(xml, "CommonPrefixes")) found.folders.push(textOf(one, "Prefix") ?? "");
    token = textOf(xml, "NextContinuationToken");
    if (textOf(xml, "IsTruncated") !== "true") return ok(found);
    if (token === null) break;
  }
  return problem(
    "failed",
    "the store does not say where its list goes on",
    "check that it speaks S3's list type 2",
  );
}

export type Upload = { readonly key: string; readonly id: string };

/** Uploads in parts that were begun and not ended. Empty where the store cannot list them. */
export async function listUploads(send: Send, prefix: string): Promise<Result<readonly Upload[]>> {
  const answer = await send({
    method: "GET",
    key: null,
    query: { uploads: "", prefix },
    doing: "list unfinished uploads",
    expected: [400, 404, 405, 501],
  });
  if (!answer.ok) return answer;
  if (answer.value.status !== 200) return ok([]);
  const uploads = blocksOf(answer.value.body.toString("utf8"), "Upload");
  return ok(uploads.map((one) => ({ key: textOf(one, "Key") ?? "", id: textOf(one, "UploadId") ?? "" })));
}

export type Part = {
  readonly number: number;
  readonly etag: string;
  readonly bytes: number;
  /** base64; null where the store keeps none. */
  readonly sha256: string | null;
};

/** Of an upload that goes on. What cannot be listed is sent again. */
export async function listParts(send: Send, { key, id }: Upload): Promise<Result<readonly Part[]>> {
  const parts: Part[] = [];
  for (let marker: string | null = null, page = 0; page < mostPages; page++) {
    const answer: Awaited<ReturnType<Send>> = await send({
      method: "GET",
      key,
      query: { uploadId: id, ...(marker === null ? {} : { "part-number-marker": marker }) },
      doing: `list the parts of ${key}`,
      expected: [400, 404, 405, 501],
    });
    if (!answer.ok) return answer;
    if (answer.value.status !== 200) return ok([]);
    const xml = answer.value.body.toString("utf8");
    for (const one of blocksOf(xml, "Part"))
      parts.push({
        number: Number(textOf(one, "PartNumber")),
        etag: textOf(one, "ETag") ?? "",
        bytes: Number(textOf(one, "Size")),
        sha256: textOf(one, "ChecksumSHA256"),
      });
    marker = textOf(xml, "NextPartNumberMarker");
    if (textOf(xml, "IsTruncated") !== "true" || marker === null) break;
  }
  return ok(parts);
}
