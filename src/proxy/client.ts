// Who asks: the peer's address, whether its forwarding headers may be believed, and the key it is counted by.
import { hash } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

/** `::ffff:10.0.0.1` is 10.0.0.1; zone ids are dropped. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const bare = address.split("%", 1)[0] ?? address;
  return bare.startsWith("::ffff:") && isIPv4(bare.slice(7)) ? bare.slice(7) : bare;
}

/**
 * Loopback, private and link-local peers are proxies of ours (nginx on the host, a compose network), so
 * their X-Forwarded-* is believed. A public peer could write there what it likes.
 */
export function isTrustedPeer(address: string): boolean {
  return /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i.test(
    address,
  );
}

/**
 * Whose request it is: the peer's, or, where the peer is a proxy of ours, the newest address in X-Forwarded-For that
 * is not. Each proxy appends whom it was asked by, so what a client wrote there itself stands further left and does
 * not count. Where all are private (an intranet), the oldest.
 */
export function askerAddress(peer: string, forwardedFor: readonly string[]): string {
  let asker = peer;
  const chain = forwardedFor.join(",").split(",");
  while (isTrustedPeer(asker)) {
    const next = chain.pop();
    if (next === undefined) break;
    const address = hopAddress(next);
    if (address === null) break; // somebody's `unknown` or worse: what stands left of it is no better
    asker = address;
  }
  return asker;
}

/** `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1` or `[2001:db8::1]:5678`. */
function hopAddress(text: string): string | null {
  const hop = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([^:]+):\d+$/.exec(hop)?.[1] ?? hop;
  const address = plainAddress(bare);
  return isIPv4(address) || isIPv6(address) ? address : null;
}

export type Asker = {
  /** See `askerAddress`. */
  readonly address: string;
  readonly agent: string;
  /** Value of the configured account header; empty where there is none. */
  readonly account: string;
  /** Value of the configured session cookie; empty where there is none. */
  readonly session: string;
};

/** First 16 hex digits of a SHA-256: the same client gives the same key, and nobody's data stands in the log. */
export function clientKey(asker: Asker): string {
  if (asker.account !== "") return digest("account", asker.account);
  if (asker.session !== "") return digest("session", asker.session);
  return digest("address", `${network(asker.address)}\0${asker.agent}`);
}

function digest(kind: string, value: string): string {
  return hash("sha256", `${kind}\0${value}`, "hex").slice(0, 16);
}

/** An IPv6 client owns its whole /64. */
export function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [left = "", right] = address.toLowerCase().split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const missing = Math.max(0, 8 - head.length - tail.length - (address.includes(".") ? 1 : 0));
  const groups = right === undefined ? head : [...head, ...Array<string>(missing).fill("0"), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

export function cookieValue(cookies: string, name: string): string {
  for (const part of cookies.split(";")) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return "";
}
