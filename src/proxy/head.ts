// Heads of requests and answers on their way through: hop-by-hop fields end here, forwarding fields are added.
import { askerAddress, cookieValue, isTrustedPeer } from "./client.ts";

export const releaseHeader = "x-lastgood-release";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What a `Connection: …` list must not be able to take away from the next hop. */
const framing = new Set(["content-length", "host", "trailer"]);

export type Body = "none" | "length" | "chunked";

export type RequestFacts = {
  readonly rawHeaders: readonly string[];
  readonly method: string;
  readonly url: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  /** Of the connection, plain (no `::ffff:`). */
  readonly address: string;
  readonly keyHeader: string | undefined;
  readonly keyCookie: string | undefined;
};

export type RequestHead = {
  /** Flat name-value list for the app, without connection fields. */
  readonly headers: string[];
  /** Origin form: starts with `/`, or `*`. */
  readonly target: string;
  readonly body: Body;
  readonly expects: boolean;
  /** The protocol of an Upgrade request, lower case; empty where there is none. */
  readonly upgrade: string;
  /** Who asks, behind proxies of ours too. */
  readonly asker: string;
  readonly agent: string;
  readonly account: string;
  readonly session: string;
  /** Why it can't be passed on: answered by the edge. */
  readonly fault: { readonly status: 400 | 501; readonly why: string } | null;
};

type Gathered = {
  hosts: string[];
  connection: string[];
  encodings: string[];
  length: string | null;
  te: string;
  expect: string;
  upgrade: string;
  agent: string;
  account: string;
  cookies: string;
  forwardedFor: string[];
  forwardedProto: string;
  forwardedHost: string;
};

/** One pass over the raw fields; what is copied and what is dropped is decided in `requestHead`. */
function gather(raw: readonly string[], keyHeader: string | undefined): Gathered {
  const g: Gathered = {
    hosts: [],
    connection: [],
    encodings: [],
    length: null,
    te: "",
    expect: "",
    upgrade: "",
    agent: "",
    account: "",
    cookies: "",
    forwardedFor: [],
    forwardedProto: "",
    forwardedHost: "",
  };
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const value = raw[i + 1] ?? "";
    if (name === keyHeader) g.account = value;
    if (name === "host") g.hosts.push(value);
    else if (name === "connection") g.connection.push(...listed(value));
    else if (name === "transfer-encoding") g.encodings.push(...listed(value));
    else if (name === "content-length") g.length = value;
    else if (name === "te") g.te = value;
    else if (name === "expect") g.expect = value;
    else if (name === "upgrade") g.upgrade = value;
    else if (name === "user-agent") g.agent = value;
    else if (name === "cookie") g.cookies += `${value};`;
    else if (name === "x-forwarded-for") g.forwardedFor.push(value);
    else if (name === "x-forwarded-proto") g.forwardedProto = value;
    else if (name === "x-forwarded-host") g.forwardedHost = value;
  }
  return g;
}

export function requestHead(facts: RequestFacts): RequestHead {
  const g = gather(facts.rawHeaders, facts.keyHeader);
  const { target, authority } = originForm(facts.url);
  const trusted = isTrustedPeer(facts.address);
  const dropped = new Set(g.connection.filter((name) => !framing.has(name)));
  const expects = g.expect.toLowerCase() === "100-continue" && facts.httpVersion === "1.1";
  const body = bodyOf(g);
  const headers: string[] = [];
  for (let i = 0; i + 1 < facts.rawHeaders.length; i += 2) {
    const name = facts.rawHeaders[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || dropped.has(lower)) continue;
    if (lower === "host" || lower === "content-length") continue;
    if (lower === "expect" && !expects) continue;
    if (lower === "trailer" && body !== "chunked") continue;
    if (isForwarding(lower) && (!trusted || isOurs(lower))) continue;
    headers.push(name, facts.rawHeaders[i + 1] ?? "");
  }
  const host = authority ?? g.hosts[0] ?? "";
  headers.push("host", host);
  const chain = trusted ? [...g.forwardedFor, facts.address] : [facts.address];
  headers.push("x-forwarded-for", chain.join(", "));
  headers.push("x-forwarded-proto", trusted && g.forwardedProto !== "" ? g.forwardedProto : "http");
  headers.push("x-forwarded-host", trusted && g.forwardedHost !== "" ? g.forwardedHost : host);
  if (/(^|,)\s*trailers\s*(,|;|$)/i.test(g.te)) headers.push("te", "trailers");
  pushFraming(headers, body, g.length, facts.method);
  return {
    headers,
    target,
    body,
    expects,
    upgrade: g.connection.includes("upgrade") ? g.upgrade.toLowerCase() : "",
    asker: askerAddress(facts.address, g.forwardedFor),
    agent: g.agent,
    account: g.account,
    session: facts.keyCookie === undefined ? "" : cookieValue(g.cookies, facts.keyCookie),
    fault: faultOf(g),
  };
}

function bodyOf(g: Gathered): Body {
  if (g.encodings.length > 0) return "chunked";
  return g.length === null || Number(g.length) === 0 ? "none" : "length";
}

/** Exactly one framing, always written by us, so that two parsers can't disagree about where a request ends. */
function pushFraming(headers: string[], body: Body, length: string | null, method: string): void {
  if (body === "chunked") headers.push("transfer-encoding", "chunked");
  else if (body === "length") headers.push("content-length", (length ?? "0").replace(/^0+(?=\d)/, ""));
  else if (length !== null || method === "POST" || method === "PUT" || method === "PATCH") {
    headers.push("content-length", "0");
  }
}

function faultOf(g: Gathered): RequestHead["fault"] {
  if (g.hosts.length > 1) return { status: 400, why: "more than one Host header" };
  if (g.encodings.some((coding) => coding !== "chunked") || g.encodings.length > 1) {
    return { status: 501, why: "a Transfer-Encoding other than chunked" };
  }
  return null;
}

function isForwarding(name: string): boolean {
  return name.startsWith("x-forwarded-") || name === "forwarded" || name === "x-real-ip";
}

/** Written anew by us in every case. */
function isOurs(name: string): boolean {
  return name === "x-forwarded-for" || name === "x-forwarded-proto" || name === "x-forwarded-host";
}

function listed(value: string): string[] {
  return value
    .split(",")
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "");
}

/** `GET http://host/path` is allowed by HTTP; the app gets `/path`, and the authority as its Host. */
function originForm(url: string): { target: string; authority: string | null } {
  const absolute = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url);
  if (!absolute) return { target: url === "*" || url.startsWith("/") ? url : `/${url}`, authority: null };
  const rest = absolute[2] ?? "";
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority: absolute[1] ?? "" };
}

/** How an app says which variants of which flags a request got: `new-checkout=on; search=b`. For the log, not for users. */
export const flagsHeader = "lastgood-flags";

/** Fields of an answer for the client. `trailers`: this answer can carry trailers to this client. */
export function answerHeaders(raw: readonly string[], release: string, trailers: boolean): string[] {
  const dropped = new Set<string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if ((raw[i] ?? "").toLowerCase() !== "connection") continue;
    for (const name of listed(raw[i + 1] ?? "")) if (!framing.has(name)) dropped.add(name);
  }
  const headers: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || dropped.has(lower) || lower === releaseHeader) continue;
    if (lower === flagsHeader) continue;
    if (lower === "trailer" && !trailers) continue;
    headers.push(name, raw[i + 1] ?? "");
  }
  headers.push(releaseHeader, release);
  return headers;
}

/** Trailers that may pass: nothing that would change framing, routing or who is said to answer. */
export function passingTrailers(raw: readonly string[]): [string, string][] {
  const trailers: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || framing.has(lower) || lower === releaseHeader) continue;
    trailers.push([name, raw[i + 1] ?? ""]);
  }
  return trailers;
}
