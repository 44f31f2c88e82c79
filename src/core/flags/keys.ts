// SDK keys: read-only, of one environment, kept as a hash. `lastgood_<id>_<secret>`.
import { sha256 } from "../digest.ts";
import type { FlagState, SdkKey } from "./state.ts";

const shape = /^lastgood_([a-z0-9-]{1,40})_([A-Za-z0-9_-]{40,100})$/;

/** Built from a fresh id and fresh randomness of at least 32 bytes. */
export function keyText(id: string, random: string): string {
  return `lastgood_${id}_${random}`;
}

export function keyHash(text: string): string {
  return sha256(text);
}

/** The key's id where this text is a valid key of the environment now (wall clock); null otherwise. */
export function findKey(state: FlagState, text: string, now: number): string | null {
  const id = shape.exec(text)?.[1];
  const key = id !== undefined && Object.hasOwn(state.keys, id) ? state.keys[id] : undefined;
  if (!id || !key || isOver(key, now)) return null;
  // Hashes of 32 random bytes: how long a comparison takes tells nothing about the key.
  return keyHash(text) === key.hash ? id : null;
}

export function isOver({ until }: SdkKey, now: number): boolean {
  return until !== null && until <= now;
}

const ticketMs = 24 * 3_600_000;

/** What a browser may put into an address to listen for changes: it says when, and nothing else. Ends after a day, or with its key. */
export function ticket(id: string, { hash }: SdkKey, now: number): string {
  const until = now + ticketMs;
  return `${id}.${until}.${sealOf(id, hash, until)}`;
}

export function findTicket(state: FlagState, text: string, now: number): string | null {
  const [id = "", until = "", seal = ""] = text.split(".");
  const key = Object.hasOwn(state.keys, id) ? state.keys[id] : undefined;
  if (!key || isOver(key, now) || !(Number(until) > now) || Number(until) > now + ticketMs) return null;
  return seal === sealOf(id, key.hash, Number(until)) ? id : null;
}

function sealOf(id: string, hash: string, until: number): string {
  return sha256(`events|${hash}|${id}|${until}`);
}
