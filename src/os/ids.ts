// Fresh names from the system's random source.
import { randomBytes } from "node:crypto";
import type { Ids } from "../ports/clock.ts";

/** Base 32 without i, l, o and u, which people misread or misread aloud. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** 40 bits: a clash is likely only after about a million names of one prefix. */
const CHARACTERS = 8;

export function randomIds(): Ids {
  return { fresh: (prefix) => `${prefix}-${randomName()}` };
}

/** 256 bits that nobody can guess, safe in addresses and headers. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

function randomName(): string {
  return Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
