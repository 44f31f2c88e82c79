// An object store that is as strict as S3 and lies when it is told to. Signatures are checked by its own arithmetic.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterTest, type Later } from "../../../parts/bed.ts";
import { keyId, secretText } from "./config.ts";

export type Asked = { readonly method: string; readonly key: string; readonly query: URLSearchParams };
/**
 * `refuse`: not done, and this is the answer. `lose`: done, and this is the answer. `cut`: done, and the answer breaks off
 * in its middle. `flip`: one bit of the answer's body is another one.
 */
export type Lie =
  | { readonly do: "refuse" | "lose"; readonly status: number; readonly code: string }
  | { readonly do: "cut" | "flip" };

export type StoreWish = {
  /** Keeps S3's checksums; `refuse`: calls them a header that it does not know. */
  readonly checksums?: boolean | "refuse";
  readonly pageKeys?: number;
  readonly region?: string;
  /** Tells of unfinished uploads. */
  readonly listsUploads?: boolean;
};

type Stored = {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  readonly sum: string | null;
};
type Upload = {
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly parts: Map<number, Stored>;
};

export type Store = {
  readonly url: string;
  readonly bucket: string;
  readonly objects: Map<string, Stored>;
  readonly uploads: Map<string, Upload>;
  /** Everything that was asked, `PUT key?query`. */
  readonly asked: string[];
  /** Keys that listings do not show. */
  readonly hidden: Set<string>;
  lie: (asked: Asked) => Lie | null;
  /** Milliseconds that its clock is ahead of ours. */
  aheadMs: number;
};

export async function startStore(wish: StoreWish = {}, later: Later = afterTest): Promise<Store> {
  const server = createServer((request, response) => {
    void answer(store, wish, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  later(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const store: Store = {
    url: `http://127.0.0.1:${port}`,
    bucket: "shop",
    objects: new Map(),
    uploads: new Map(),
    asked: [],
    hidden: new Set(),
    lie: () => null,
    aheadMs: 0,
  };
  return store;
}

type Answer = {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
};

async function answer(store: Store, wish: StoreWish, request: IncomingMessage, response: ServerResponse) {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return; // the client went away in the middle of its body: nothing happened
  }
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? "/", store.url);
  const [, bucket = "", ...rest] = url.pathname.split("/").map(decodeURIComponent);
  const asked: Asked = { method: request.method ?? "", key: rest.join("/"), query: url.searchParams };
  store.asked.push(`${asked.method} ${asked.key}${url.search}`);
  const headers = request.headers as Record<string, string>;
  const wrong = refused(store, wish, { ...asked, url, headers, body, bucket });
  const lie = wrong === null ? store.lie(asked) : null;
  if (wrong !== null) return send(store, asked, response, wrong);
  if (lie?.do === "refuse") return send(store, asked, response, error(lie.status, lie.code));
  const done = act(store, wish, asked, headers, body);
  if (lie?.do === "lose") return send(store, asked, response, error(lie.status, lie.code));
  if (lie?.do === "flip") return send(store, asked, response, { ...done, body: flipped(done.body) });
  return send(store, asked, response, done, lie?.do === "cut");
}

function send(
  store: Store,
  { method }: Asked,
  response: ServerResponse,
  answered: Answer,
  cut = false,
): void {
  const body = Buffer.from(answered.body ?? "");
  const date = new Date(Date.now() + store.aheadMs).toUTCString();
  const length = method === "HEAD" ? {} : { "content-length": String(body.length) };
  response.sendDate = false;
  response.writeHead(answered.status, { date, ...length, ...answered.headers });
  if (cut) {
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    return;
  }
  response.end(method === "HEAD" ? undefined : body);
}

function flipped(body: Buffer | string | undefined): Buffer {
  const copy = Buffer.from(body ?? "");
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

function error(status: number, code: string, more = ""): Answer {
  return {
    status,
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message>${more}</Error>`,
  };
}

type Whole = Asked & { url: URL; headers: Record<string, string>; body: Buffer; bucket: string };

/** Null where the request is right. */
function refused(
  store: Store,
  { region = "us-east-1", checksums = true }: StoreWish,
  it: Whole,
): Answer | null {
  const { headers, body } = it;
  const found =
    /Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)/.exec(
      headers["authorization"] ?? "",
    );
  if (found === null) return error(403, "AccessDenied");
  const [, id = "", day = "", signedRegion = "", signed = "", signature = ""] = found;
  if (id !== keyId) return error(403, "InvalidAccessKeyId");
  if (signedRegion !== region)
    return error(400, "AuthorizationHeaderMalformed", `<Region>${region}</Region>`);
  const time = headers["x-amz-date"] ?? "";
  const at = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  if (Math.abs(at - Date.now() - store.aheadMs) > 15 * 60_000) return error(403, "RequestTimeTooSkewed");
  if (signature !== signatureOf(it, { day, region, signed: signed.split(";"), time }))
    return error(403, "SignatureDoesNotMatch");
  const digest = createHash("sha256").update(body).digest("hex");
  if (headers["x-amz-content-sha256"] !== digest) return error(400, "XAmzContentSHA256Mismatch");
  if (it.bucket !== store.bucket) return error(404, "NoSuchBucket");
  const named = Object.keys(headers).some(
    (name) => name.startsWith("x-amz-checksum-") && !name.endsWith("-mode"),
  );
  if (checksums === "refuse" && named) return error(501, "NotImplemented");
  const sum = headers["x-amz-checksum-sha256"];
  if (checksums === true && sum !== undefined && sum !== base64(body)) return error(400, "BadDigest");
  return null;
}

type Signing = { day: string; region: string; signed: string[]; time: string };

function signatureOf({ method, url, headers }: Whole, { day, region, signed, time }: Signing): string {
  const strict = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const path = url.pathname
    .split("/")
    .map((part) => strict(decodeURIComponent(part)))
    .join("/");
  const pairs = [...url.searchParams].map(([name, value]) => `${strict(name)}=${strict(value)}`).sort();
  const lines = signed.map((name) => `${name}:${(headers[name] ?? "").trim()}\n`).join("");
  const canonical = [
    method,
    path,
    pairs.join("&"),
    lines,
    signed.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join(
    "\n",
  );
  const mac = (key: Buffer | string, of: string) => createHmac("sha256", key).update(of).digest();
  const key = [day, region, "s3", "aws4_request"].reduce<Buffer | string>(mac, `AWS4${secretText}`);
  return mac(key, text).toString("hex");
}

function act(
  store: Store,
  wish: StoreWish,
  asked: Asked,
  headers: Record<string, string>,
  body: Buffer,
): Answer {
  const { method, key, query } = asked;
  if (key === "") return query.has("uploads") ? listUploads(store, wish, query) : list(store, wish, query);
  if (method === "POST" || query.has("uploadId")) return multipart(store, wish, asked, headers, body);
  if (method === "PUT") {
    store.objects.set(key, stored(wish, headers, body));
    return { status: 200, headers: { etag: md5(body) } };
  }
  if (method === "DELETE") {
    store.objects.delete(key);
    return { status: 204 };
  }
  const found = store.objects.get(key);
  if (found === undefined) return error(404, "NoSuchKey");
  const sum =
    found.sum !== null && headers["x-amz-checksum-mode"] === "ENABLED"
      ? { "x-amz-checksum-sha256": found.sum }
      : {};
  if (method === "HEAD")
    return {
      status: 200,
      headers: { ...found.headers, ...sum, "content-length": String(found.body.length) },
    };
  return ranged(found, headers["range"]);
}

function ranged({ body, headers }: Stored, range: string | undefined): Answer {
  const [, from = "0", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  if (range === undefined) return { status: 200, headers, body };
  if (Number(from) >= body.length) return error(416, "InvalidRange");
  return { status: 206, headers, body: body.subarray(Number(from), Number(to) + 1) };
}

function stored({ checksums = true }: StoreWish, all: Record<string, string>, body: Buffer): Stored {
  const kept = Object.entries(all).filter(([name]) => /^x-amz-(meta-|server-side|storage)/.test(name));
  const sum = checksums === true ? (all["x-amz-checksum-sha256"] ?? null) : null;
  return { body, headers: Object.fromEntries(kept), sum };
}

function multipart(
  store: Store,
  wish: StoreWish,
  { method, key, query }: Asked,
  headers: Record<string, string>,
  body: Buffer,
): Answer {
  if (query.has("uploads")) {
    const id = randomBytes(8).toString("hex");
    store.uploads.set(id, { key, headers, parts: new Map() });
    return { status: 200, body: `<R><UploadId>${id}</UploadId></R>` };
  }
  const id = query.get("uploadId") ?? "";
  const upload = store.uploads.get(id);
  if (upload === undefined) return error(404, "NoSuchUpload");
  if (method === "DELETE") {
    store.uploads.delete(id);
    return { status: 204 };
  }
  if (method === "PUT") {
    const part = stored(wish, headers, body);
    upload.parts.set(Number(query.get("partNumber")), part);
    const sum = part.sum === null ? {} : { "x-amz-checksum-sha256": part.sum };
    return { status: 200, headers: { etag: md5(body), ...sum } };
  }
  const parts = [...upload.parts].sort(([a], [b]) => a - b);
  if (method === "GET")
    return { status: 200, body: `<R>${parts.map(partXml).join("")}<IsTruncated>false</IsTruncated></R>` };
  return completed(store, wish, id, upload, body.toString("utf8"));
}

function partXml([number, { body, sum }]: [number, Stored]): string {
  const sha = sum === null ? "" : `<ChecksumSHA256>${sum}</ChecksumSHA256>`;
  return `<Part><PartNumber>${number}</PartNumber><ETag>${md5(body).replaceAll('"', "&quot;")}</ETag><Size>${body.length}</Size>${sha}</Part>`;
}

function completed(store: Store, wish: StoreWish, id: string, upload: Upload, xml: string): Answer {
  const named = [...xml.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
  const parts = named.map(([, number, etag]) => {
    const part = upload.parts.get(Number(number));
    return part && md5(part.body) === etag?.replaceAll("&quot;", '"') ? part : null;
  });
  const bodies = parts.flatMap((part) => (part === null ? [] : [part.body]));
  if (bodies.length !== parts.length || bodies.slice(0, -1).some((one) => one.length < 5 * 1024 * 1024))
    return error(200, "InvalidPart");
  const whole = stored(wish, upload.headers, Buffer.concat(bodies));
  const digests = bodies.map((one) => createHash("sha256").update(one).digest());
  const sum =
    wish.checksums === true || wish.checksums === undefined
      ? `${base64(Buffer.concat(digests))}-${bodies.length}`
      : null;
  store.objects.set(upload.key, { ...whole, sum });
  store.uploads.delete(id);
  return { status: 200, body: "<R><ETag>whole</ETag></R>" };
}

function list(store: Store, { pageKeys = 1_000 }: StoreWish, query: URLSearchParams): Answer {
  const prefix = query.get("prefix") ?? "";
  const most = Math.min(pageKeys, Number(query.get("max-keys") ?? pageKeys));
  const all = new Set<string>();
  for (const key of store.objects.keys()) {
    if (!key.startsWith(prefix) || store.hidden.has(key)) continue;
    const slash = query.get("delimiter") === "/" ? key.indexOf("/", prefix.length) : -1;
    all.add(slash === -1 ? key : key.slice(0, slash + 1));
  }
  const from = query.get("continuation-token") ?? "";
  const rest = [...all].sort().filter((one) => one > from);
  const page = rest.slice(0, most);
  const xml = page.map((one) =>
    one.endsWith("/")
      ? `<CommonPrefixes><Prefix>${one}</Prefix></CommonPrefixes>`
      : `<Contents><Key>${one}</Key></Contents>`,
  );
  const more = rest.length > page.length;
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
  return {
    status: 200,
    body: `<ListBucketResult><Prefix>${prefix}</Prefix>${xml.join("")}<IsTruncated>${more}</IsTruncated>${next}</ListBucketResult>`,
  };
}

function listUploads(store: Store, { listsUploads = true }: StoreWish, query: URLSearchParams): Answer {
  if (!listsUploads) return error(501, "NotImplemented");
  const prefix = query.get("prefix") ?? "";
  const found = [...store.uploads].filter(([, { key }]) => key.startsWith(prefix));
  return {
    status: 200,
    body: `<R>${found.map(([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`).join("")}</R>`,
  };
}

function md5(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function base64(body: Buffer): string {
  return createHash("sha256").update(body).digest("base64");
}
