// An S3-compatible object store as a second place.
import { ok, type Result } from "../../../../core/result.ts";
import type { Shelf } from "../shelf.ts";
import { bucket, type S3Deps, type Send } from "./client.ts";
import { aboutOf, keyOf, type S3Config } from "./config.ts";
import { listKeys } from "./listing.ts";
import { abortUploads } from "./parts.ts";
import { putFile } from "./put.ts";

/** A refusal may be longer than what was asked for. */
const complaintBytes = 64 * 1024;

export function s3Shelf(config: S3Config, deps: S3Deps): Shelf {
  const send = bucket(config, deps);
  const checksums = { taken: true };
  const sealed = encryptionOf(config);
  const stored = config.storageClass === null ? {} : { "x-amz-storage-class": config.storageClass };
  return {
    about: aboutOf(config),
    async ready() {
      const query = { "list-type": "2", prefix: keyOf(config, ""), "max-keys": "1" };
      const asked = await send({ method: "GET", key: null, query, doing: "look for what lies" });
      return asked.ok ? ok(undefined) : asked;
    },
    ids: () => ids(config, send),
    put: (name, source, told) =>
      putFile({
        ...{ send, clock: deps.clock, source, told, checksums },
        key: keyOf(config, name),
        headers: { ...sealed, ...stored },
      }),
    async read(name, offset, length) {
      const headers = { range: `bytes=${offset}-${offset + length - 1}` };
      const answer = await send({
        ...{ method: "GET", key: keyOf(config, name), headers, mostBytes: length + complaintBytes },
        doing: `read ${name}`,
        expected: [416],
      });
      if (!answer.ok) return answer;
      const { status, body } = answer.value;
      if (status === 416) return ok(Buffer.alloc(0));
      // 200: it does not know ranges, and gave all of it.
      return ok(status === 206 ? body : body.subarray(offset, offset + length));
    },
    async write(name, text) {
      const [key, body] = [keyOf(config, name), Buffer.from(text)];
      const answer = await send({ method: "PUT", key, headers: sealed, body, doing: `write ${name}` });
      return answer.ok ? ok(undefined) : answer;
    },
    drop: (name) => drop(config, send, name),
  };
}

function encryptionOf({ encryption }: S3Config): Readonly<Record<string, string>> {
  if (encryption === null) return {};
  const { method, key } = encryption;
  return {
    "x-amz-server-side-encryption": method,
    ...(key === null ? {} : { "x-amz-server-side-encryption-aws-kms-key-id": key }),
  };
}

async function ids(config: S3Config, send: Send): Promise<Result<readonly string[]>> {
  const prefix = keyOf(config, "");
  const listed = await listKeys(send, prefix, true);
  if (!listed.ok) return listed;
  return ok(listed.value.folders.map((folder) => folder.slice(prefix.length, -1)).sort());
}

/** Of a backup: every file, page by page, and what was begun of it. */
async function drop(config: S3Config, send: Send, name: string): Promise<Result<void>> {
  if (name.includes("/")) return remove(send, keyOf(config, name));
  const prefix = `${keyOf(config, name)}/`;
  const listed = await listKeys(send, prefix, false);
  if (!listed.ok) return listed;
  for (const key of listed.value.keys.filter((one) => one.startsWith(prefix))) {
    const gone = await remove(send, key);
    if (!gone.ok) return gone;
  }
  return abortUploads(send, prefix);
}

async function remove(send: Send, key: string): Promise<Result<void>> {
  const gone = await send({ method: "DELETE", key, doing: `remove ${key}`, expected: [404] });
  return gone.ok ? ok(undefined) : gone;
}
