import { describe, expect, test } from "vitest";
import type { Observation } from "../../../src/core/detect/finding.ts";
import {
  combined,
  compileFormat,
  type LogEscape,
  traefikCommon,
} from "../../../src/drivers/signals/log/format.ts";
import { caddyJson, traefikJson } from "../../../src/drivers/signals/log/json/formats.ts";
import { jsonSpans } from "../../../src/drivers/signals/log/json.ts";
import { logObserver, type Routed } from "../../../src/drivers/signals/log/observe.ts";
import { emptySpans, type SpanReader, textOf } from "../../../src/drivers/signals/log/spans.ts";
import { foldRoute } from "../../../src/proxy/access-line.ts";
import { value } from "../../proxy/bed.ts";
import { line } from "./log-bed.ts";

const at = Date.UTC(2000, 9, 10, 13, 55, 36);

function nginx(format: string, how: LogEscape = "default", client: string | null = null): SpanReader {
  return value(compileFormat({ format, escape: how, client }));
}

/** What a reader makes of a line, in texts; null: it is not of this format. */
function read(reader: SpanReader, text: string) {
  const spans = emptySpans();
  const bytes = Buffer.from(text, "latin1");
  const after = reader(bytes, 0, spans);
  if (after < 0) return null;
  const { atMs, exactMs, status, ms } = spans;
  const texts = ["request", "remote", "agent", "client", "upstream", "release"] as const;
  return {
    ...{ atMs, exactMs, status, ms },
    ...(Object.fromEntries(texts.map((name) => [name, textOf(spans, spans[name])])) as Record<
      (typeof texts)[number],
      string
    >),
  };
}

/** One line at a time. `null`: it says nothing about a release. */
function observer(reader: SpanReader, routed: readonly Routed[] = []) {
  const made = logObserver({ reader, foldRoute });
  made.routes(routed);
  return {
    observe(text: string): Observation | "unparsed" | null {
      let seen: Observation | "unparsed" | null = null;
      made.observe(Buffer.from(text, "latin1"), {
        observation: (one) => {
          seen = one;
        },
        unparsed: () => {
          seen = "unparsed";
        },
      });
      return seen;
    },
  };
}

describe("combined", () => {
  const reader = value(compileFormat(combined));

  test("is read field by field", () => {
    expect(read(reader, line("/a/b?x=1", 404, "Mozilla/5.0 (X11)").trimEnd())).toMatchObject({
      atMs: at,
      exactMs: 1_000,
      status: 404,
      request: "GET /a/b?x=1 HTTP/1.1",
      remote: "203.0.113.7",
      agent: "Mozilla/5.0 (X11)",
    });
  });

  test("zones count", () => {
    const text = line("/").replace("+0000", "-0730").trimEnd();
    expect(read(reader, text)?.atMs).toBe(at + 7.5 * 3_600_000);
  });

  test("quotes and brackets in values, as nginx writes them, move nothing", () => {
    const text = line("/x\\x22 200 1 ]", 500, 'a\\x22 \\x5Cb [c] "'.slice(0, -1)).trimEnd();
    expect(read(reader, text)).toMatchObject({ status: 500, agent: "a\\x22 \\x5Cb [c] " });
  });

  test.each([
    "",
    "-",
    "\0\0\0\0",
    "203.0.113.7 - - [10/Oct/2000:13:55:36 +0000]",
    '203.0.113.7 - - [99/Foo/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    '203.0.113.7 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" abc 1 "-" "-"',
    '203.0.113.7 - - [10/Oct/2000:13:5x:36 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    "2000/10/10 13:55:36 [error] 12#12: *1 connect() failed",
  ])("refuses %j", (text) => {
    expect(read(reader, text)).toBe(null);
  });
});

describe("a log_format of one's own", () => {
  test("upstream lists, times of several tries, and our variable", () => {
    const reader = nginx(
      '$remote_addr [$time_iso8601] "$request" $status $upstream_addr $upstream_status $upstream_response_time rt=$request_time rel=$lastgood_web_release "$http_user_agent"',
    );
    const text =
      '::1 [2000-10-10T15:55:36+02:00] "GET / HTTP/1.1" 200 127.0.0.1:1, 127.0.0.1:2 : 127.0.0.1:3 502, 502 : 200 0.001, 0.002 : 0.250 rt=0.253 rel=v2-ab "a b"';
    expect(read(reader, text)).toMatchObject({
      atMs: at,
      status: 200,
      upstream: "127.0.0.1:1, 127.0.0.1:2 : 127.0.0.1:3",
      ms: 253,
      release: "v2-ab",
      agent: "a b",
    });
  });

  test("what the app said of its flags makes the arms of a switch", () => {
    const reader = nginx(
      '$msec $status "$request" "$upstream_http_lastgood_flags" $sent_http_x_lastgood_release',
    );
    const seen = (flags: string) =>
      observer(reader).observe(`971186136.250 200 "GET / HTTP/1.1" "${flags}" v2-ab`);
    expect(seen("new-checkout=on; search=b")).toMatchObject({ arms: { "new-checkout": "on", search: "b" } });
    expect(seen("-")).not.toHaveProperty("arms");
    expect(seen("<odd>")).not.toHaveProperty("arms");
  });

  test("without request_time the tries add up", () => {
    const reader = nginx('$msec $status "$request" $upstream_response_time');
    const fields = read(reader, '971186136.250 200 "GET / HTTP/1.1" 0.001, - : 0.250');
    expect(fields?.atMs).toBe(at + 250);
    expect(fields?.exactMs).toBe(1);
    expect(fields?.ms).toBeCloseTo(251);
  });

  test("JSON with escape=json keeps its fields, whatever is in the values", () => {
    const reader = nginx(
      '{"t":"$time_iso8601","ua":"$http_user_agent","r":"$request","s":$status,"c":"$cookie_sid"}',
      "json",
      "$cookie_sid",
    );
    for (const agent of ['a","r":"GET /fake', "x\\", 'y"', '\\",', ""]) {
      const escaped = JSON.stringify(agent).slice(1, -1);
      const text = `{"t":"2000-10-10T13:55:36+00:00","ua":"${escaped}","r":"GET /real HTTP/1.1","s":201,"c":"me"}`;
      expect(read(reader, text)).toMatchObject({
        agent: escaped,
        request: "GET /real HTTP/1.1",
        status: 201,
        client: "me",
      });
    }
  });

  test.each([
    ["$remote_addr $status", "no time"],
    ['$time_local "$request"', "no $status"],
    ["$msec $request $status", "no quotes"],
    ["$msec$status x", "nothing stands between"],
  ])("%s is refused with a reason", (format, reason) => {
    const compiled = compileFormat({ format, escape: "default", client: null });
    expect(compiled.ok ? "ok" : `${compiled.error.code} ${compiled.error.what}`).toContain(reason);
  });
});

test("Traefik's common format", () => {
  const text =
    '10.0.0.9 - - [10/Oct/2000:13:55:36 +0000] "GET /x HTTP/2.0" 502 11 "-" "curl/8" 17 "web@docker" "http://10.0.0.3:80" 12ms';
  expect(read(value(compileFormat(traefikCommon)), text)).toMatchObject({
    atMs: at,
    status: 502,
    upstream: "http://10.0.0.3:80",
    ms: 12,
  });
});

test("Caddy's JSON", () => {
  const text = JSON.stringify({
    level: "info",
    ts: at / 1_000 + 0.5,
    logger: "http.log.access",
    msg: "handled request",
    request: {
      remote_ip: "203.0.113.7",
      method: "GET",
      uri: '/a "b"?c',
      headers: { Accept: ["*/*", "x"], "User-Agent": ["curl/8", "other"] },
      tls: { resumed: false, list: [1, [2, { status: 999 }], null] },
    },
    duration: 0.0125,
    size: 3,
    status: 503,
    resp_headers: { "X-Lastgood-Release": ["v3-c"], Server: ["Caddy"] },
  });
  const reader = jsonSpans(caddyJson);
  expect(read(reader, text)).toMatchObject({
    atMs: at + 500,
    status: 503,
    ms: 12.5,
    request: '/a "b"?c',
    remote: "203.0.113.7",
    agent: "curl/8",
    release: "v3-c",
  });
  // Cut anywhere, or run into the next line, it is no line.
  for (let end = 1; end < text.length; end += 1) expect(read(reader, text.slice(0, end))).toBe(null);
  expect(read(reader, text + text)).toBe(null);
});

test("Traefik's JSON", () => {
  const text = `{"ClientHost":"10.0.0.9","DownstreamStatus":200,"Duration":12500000,"RequestPath":"/x?y","ServiceAddr":"10.0.0.3:80","StartUTC":"2000-10-10T13:55:36.123456789Z","request_User-Agent":"curl/8"}`;
  expect(read(jsonSpans(traefikJson), text)).toMatchObject({
    atMs: at + 123,
    exactMs: 1,
    status: 200,
    ms: 12.5,
    request: "/x?y",
    upstream: "10.0.0.3:80",
  });
});

describe("which release a line is about", () => {
  const routed: readonly Routed[] = [
    { release: "v2", url: "http://127.0.0.1:4002", fromMs: at + 500 },
    { release: "v1", url: "http://127.0.0.1:4001", fromMs: at - 60_000 },
  ];

  test("our variable or header first, then the address that answered last", () => {
    const reader = nginx('$msec $status "$request" $upstream_addr $sent_http_x_lastgood_release');
    const { observe } = observer(reader, routed);
    const said = `${at / 1_000} 200 "GET / HTTP/1.1" 127.0.0.1:4001`;
    expect(observe(`${said} v9`)).toMatchObject({ release: "v9" });
    expect(observe(`${said} -`)).toMatchObject({ release: "v1" });
    expect(observe(`${at / 1_000} 200 "GET / HTTP/1.1" 127.0.0.1:4001, 127.0.0.1:4002 -`)).toMatchObject({
      release: "v2",
    });
    expect(observe(`${at / 1_000} 200 "GET / HTTP/1.1" 127.0.0.1:9999 -`)).toBe(null);
  });

  test("else the clock, and what the clock cannot tell is nobody's", () => {
    const reader = nginx('$msec $status "$request" $request_time');
    const { observe } = observer(reader, routed);
    const asked = (ms: number, took: string) => observe(`${(at + ms) / 1_000} 200 "GET / HTTP/1.1" ${took}`);
    expect(asked(400, "0.001")).toMatchObject({ release: "v1" });
    expect(asked(900, "0.001")).toMatchObject({ release: "v2" });
    // Began before the switch and ended after it.
    expect(asked(900, "0.700")).toBe(null);
    expect(asked(-61_000, "0.001")).toBe(null);
  });

  test("in whole seconds the second of a switch is nobody's", () => {
    const { observe } = observer(value(compileFormat(combined)), routed);
    const ofSecond = (second: string) => observe(line("/").replace(":36 ", `:${second} `).trimEnd());
    expect(ofSecond("35")).toMatchObject({ release: "v1" });
    expect(ofSecond("36")).toBe(null);
    expect(ofSecond("37")).toMatchObject({ release: "v2" });
  });
});

test("how it went: 5xx is bad, 499 says nothing, routes are folded, one client is one client", () => {
  const { observe } = observer(value(compileFormat(combined)), [{ release: "v1", url: null, fromMs: 0 }]);
  const seen = (text: string) => observe(text.trimEnd());
  expect(seen(line("/orders/12345?a=b", 500))).toMatchObject({
    ok: false,
    status: 500,
    route: "/orders/:id",
    at,
  });
  expect(seen(line("/", 404))).toMatchObject({ ok: true });
  expect(seen(line("/", 499))).toBe(null);
  const [one, again, other] = [seen(line("/a")), seen(line("/b")), seen(line("/a", 200, "wget"))];
  expect(one).toMatchObject({ client: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect((one as { client: string }).client).toBe((again as { client: string }).client);
  expect((one as { client: string }).client).not.toBe((other as { client: string }).client);
});
