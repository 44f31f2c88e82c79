// Signed requests to one bucket. What may have been the network's fault is tried again, and nothing else.
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { ok, type Result } from "../../../../core/result.ts";
import type { ByteAnswer, ByteHttp } from "../../../../ports/byte-http.ts";
import type { Clock } from "../../../../ports/clock.ts";
import { addressOf, type S3Config } from "./config.ts";
import { codeOf, storeProblem } from "./problem.ts";

export type S3Deps = { readonly http: ByteHttp; readonly clock: Clock };

export type S3Request = {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Null: the bucket itself. */
  readonly key: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Of the answer. */
  readonly mostBytes?: number;
  /** For people: `write one/shop.db`. */
  readonly doing: string;
  /** Bad ends that are answers to the caller. */
  readonly expected?: readonly number[];
  readonly isExpected?: (answer: ByteAnswer) => boolean;
};

export type Send = (request: S3Request) => Promise<Result<ByteAnswer>>;

const tries = 5;
const firstPauseMs = 500;
const listBytes = 8 * 1024 * 1024;

/** The whole body's sha256 is part of the signature: the store refuses a body that arrives changed. */
export function bucket(config: S3Config, { http, clock }: S3Deps): Send {
  const keys = new Map<string, ArrayBuffer>();
  const once = async ({ method, key, query = {}, headers = {}, body, mostBytes = listBytes }: S3Request) => {
    const signed = await new AwsV4Signer({
      method,
      url: addressOf(config, key, query),
      headers: { ...headers, "x-amz-content-sha256": digestOf(body) },
      accessKeyId: config.keyId,
      secretAccessKey: config.secret.reveal(),
      service: "s3",
      region: config.region,
      datetime: new Date(clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      cache: keys,
    }).sign();
    return http.exchange({
      method,
      url: signed.url.href,
      headers: Object.fromEntries(signed.headers),
      ...(body === undefined ? {} : { body }),
      ca: config.ca,
      mostBytes,
    });
  };
  return async (request) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(request);
      if (attempt < tries && isPassing(answer)) {
        await clock.sleep(firstPauseMs * 2 ** (attempt - 1));
        continue;
      }
      if (!answer.ok) return answer;
      const { status } = answer.value;
      const isExpected = request.expected?.includes(status) || request.isExpected?.(answer.value);
      if (status < 300 || isExpected) return ok(answer.value);
      return storeProblem(config, { answer: answer.value, doing: request.doing, now: clock.now() });
    }
  };
}

function digestOf(body: Buffer | undefined): string {
  return createHash("sha256")
    .update(body ?? "")
    .digest("hex");
}

/** May it be otherwise a moment later? */
function isPassing(answer: Result<ByteAnswer>): boolean {
  if (!answer.ok) return answer.error.code === "unreachable" || answer.error.code === "timeout";
  const { status } = answer.value;
  // 501: it does not know what was asked, and never will. 507: it is full.
  if (status >= 500) return status !== 501 && status !== 507;
  return status === 429 || status === 408 || (status === 400 && codeOf(answer.value) === "RequestTimeout");
}
