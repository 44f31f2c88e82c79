// Why an object store said no, in words that say what to look at.
import { span } from "../../../../core/doctor/look.ts";
import { type Problem, problem, type Result } from "../../../../core/result.ts";
import type { ByteAnswer } from "../../../../ports/byte-http.ts";
import { aboutOf, type S3Config } from "./config.ts";
import { textOf } from "./xml.ts";

export type Refused = { readonly answer: ByteAnswer; readonly doing: string; readonly now: number };

/** The store's own name of the error, such as `NoSuchKey`; empty where it gave none. */
export function codeOf({ body }: Pick<ByteAnswer, "body">): string {
  return textOf(body.toString("utf8"), "Code") ?? "";
}

const full = new Set(["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "QuotaExceededException"]);
const wrongKey = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"]);
const elsewhere = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

export function storeProblem(config: S3Config, refused: Refused): Result<never, Problem> {
  const { answer, doing, now } = refused;
  const about = aboutOf(config);
  const { status } = answer;
  const code = codeOf(answer);
  const said = textOf(answer.body.toString("utf8"), "Message") ?? "";
  const what = (why: string) => `cannot ${doing} at ${about}: ${why}`;
  const no = (kind: Problem["code"], why: string, next: string) => problem(kind, what(why), next, about);
  if (code === "RequestTimeTooSkewed")
    return no(
      "refused",
      `the clocks differ${skew(answer, now)}`,
      "set this machine's clock: timedatectl status",
    );
  if (code === "NoSuchBucket" || (status === 404 && code === ""))
    return no(
      "missing",
      `there is no bucket ${config.bucket}`,
      "make the bucket, or correct backups: second: bucket",
    );
  if (code === "NoSuchKey" || status === 404)
    return no("missing", "nothing of that name is there", "lastgood backup list");
  if (elsewhere.has(code) || status === 301 || status === 307)
    return no(
      "config",
      `the bucket is not in the region ${config.region}${regionOf(answer)}`,
      "correct backups: second: region and endpoint",
    );
  if (wrongKey.has(code))
    return no("refused", `the key is not accepted (${code})`, "check keyId and secret of backups: second");
  if (full.has(code) || status === 507)
    return no(
      "no-space",
      `it is full, or its quota is used up (${code || status})`,
      "make room there, or keep fewer: backups: keep",
    );
  if (code === "InvalidObjectState")
    return no(
      "refused",
      "it lies in an archive class and has to be thawed first",
      "restore the objects in the store's console, then run again",
    );
  if (status === 403)
    return no(
      "refused",
      `access is denied${code === "" ? "" : ` (${code})`}`,
      "the key needs to list the bucket, and to read, write and delete below the prefix",
    );
  if (status === 429 || (status >= 500 && status !== 501))
    return no(
      "unreachable",
      `it is not well (${status}${code === "" ? "" : ` ${code}`}), after several tries`,
      "look at the store's own status; it is tried again with the next backup",
    );
  return no(
    "failed",
    `it answered ${status}${code === "" ? "" : ` ${code}`}${said === "" ? "" : `: ${said.slice(0, 200)}`}`,
    "check backups: second in lastgood.yml",
  );
}

function skew({ headers }: ByteAnswer, now: number): string {
  const theirs = Date.parse(headers["date"] ?? "");
  if (Number.isNaN(theirs)) return "";
  return `: ours is ${span(Math.abs(now - theirs))} ${now > theirs ? "ahead" : "behind"}`;
}

function regionOf({ headers, body }: ByteAnswer): string {
  const region = headers["x-amz-bucket-region"] ?? textOf(body.toString("utf8"), "Region");
  return region ? `, it is in ${region}` : "";
}
