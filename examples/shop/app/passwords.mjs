// Salted, slow hashes of passwords.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive =
  /** @type {(password: string, salt: Buffer, bytes: number, cost: { N: number }) => Promise<Buffer>} */ (
    promisify(scrypt)
  );
/** Far cheaper than a real shop's should be (its default is 16,384): a load test of 300 requests/s runs on a laptop. */
const COST = { N: 1024 };
const HASH_BYTES = 32;

/** @param {string} password */
export async function hashPassword(password) {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, HASH_BYTES, COST);
  return `${salt.toString("base64url")}.${hash.toString("base64url")}`;
}

/** @param {string} password @param {string} stored */
export async function isPassword(password, stored) {
  const [salt = "", hash = ""] = stored.split(".");
  const known = Buffer.from(hash, "base64url");
  const asked = await derive(password, Buffer.from(salt, "base64url"), HASH_BYTES, COST);
  return known.length === asked.length && timingSafeEqual(known, asked);
}
