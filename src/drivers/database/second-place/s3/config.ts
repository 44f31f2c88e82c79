// What is said of an object store, and how its addresses are made.
import type { Secret } from "../../../../core/secret.ts";

export type S3Config = {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`: without a bucket. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before every key, without slashes at its ends; empty: none. */
  readonly prefix: string;
  /** `path`: endpoint/bucket/key. `host`: bucket.endpoint/key. */
  readonly style: "path" | "host";
  readonly keyId: string;
  readonly secret: Secret;
  /** The store's own encryption of what it keeps; null: as the bucket is set up. */
  readonly encryption: { readonly method: "AES256" | "aws:kms"; readonly key: string | null } | null;
  /** Of the backups' files; records always stay where they can be read at once. Null: the bucket's. */
  readonly storageClass: string | null;
  /** Certificates (PEM) that are trusted in the place of the system's; null: the system's. */
  readonly ca: string | null;
};

export function aboutOf({
  endpoint,
  bucket,
  prefix,
}: Pick<S3Config, "endpoint" | "bucket" | "prefix">): string {
  return `s3://${[bucket, prefix].filter((one) => one !== "").join("/")} at ${new URL(endpoint).host}`;
}

/** The key of a name of ours. */
export function keyOf({ prefix }: Pick<S3Config, "prefix">, name: string): string {
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** `key` null: the bucket itself. */
export function addressOf(
  { endpoint, bucket, style }: S3Config,
  key: string | null,
  query: Readonly<Record<string, string>>,
): string {
  const base = new URL(endpoint);
  if (style === "host") base.hostname = `${bucket}.${base.hostname}`;
  const parts = [...(style === "path" ? [bucket] : []), ...(key === null ? [] : key.split("/"))];
  const folder = base.pathname.replace(/\/+$/, "");
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const asked = search.length === 0 ? "" : `?${search.join("&")}`;
  return `${base.origin}${folder}/${parts.map(encodeURIComponent).join("/")}${asked}`;
}
