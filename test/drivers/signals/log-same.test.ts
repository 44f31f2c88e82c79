// Whatever stands in a line, the reader over bytes says of it what a plain one over texts says.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Observation } from "../../../src/core/detect/finding.ts";
import { combined, compileFormat, type LogFormat } from "../../../src/drivers/signals/log/format.ts";
import { hashBytes, knownNames, startHash } from "../../../src/drivers/signals/log/hash.ts";
import { caddyJson } from "../../../src/drivers/signals/log/json/formats.ts";
import { jsonSpans } from "../../../src/drivers/signals/log/json.ts";
import { logObserver } from "../../../src/drivers/signals/log/observe.ts";
import { findEither } from "../../../src/drivers/signals/log/scan.ts";
import type { SpanReader } from "../../../src/drivers/signals/log/spans.ts";
import { foldRoute } from "../../../src/proxy/access-line.ts";
import { value } from "../../proxy/bed.ts";

type Told = Pick<Observation, "at" | "status" | "route" | "ok" | "ms">;

/** What all lines of a block say; `null` for one that cannot be read. */
function told(reader: SpanReader, block: Buffer): readonly (Told | null)[] {
  const made = logObserver({ reader, foldRoute });
  made.routes([{ release: "v1", url: null, fromMs: 0 }]);
  const all: (Told | null)[] = [];
  made.observe(block, {
    observation: ({ at, status, route, ok, ms }) => void all.push({ at, status, route, ok, ms }),
    unparsed: () => void all.push(null),
  });
  return all;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number) => String(n).padStart(2, "0");

function stamp(atMs: number): string {
  const at = new Date(atMs);
  const day = `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `${day}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}

/** Any bytes, the line's end as well. */
const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all).toString("latin1"));
/** A value as nginx writes it: no quote, no backslash alone, no control characters. */
const written = (max: number) =>
  fc.string({ unit: "binary", maxLength: max }).map((text) =>
    Buffer.from(text)
      .toString("latin1")
      .replace(/["\\]|[^\x20-\xff]|\x7f/g, (one) => {
        return `\\x${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
      }),
  );
const second = fc.integer({ min: 1_000, max: 4_000_000_000 });
const status = fc.integer({ min: 100, max: 599 }).filter((one) => one !== 499);
const path = fc.array(fc.constantFrom("shop", "a", "12345", "é", "x.css", "%20"), { maxLength: 4 });

const request = fc.record({
  second,
  status,
  path,
  query: written(20),
  agent: written(150),
  took: fc.nat(99_999),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

const target = (one: Request) => `/${one.path.join("/")}?${one.query.replace(/ /g, "+")}`;
const seconds = (ms: number) => `${Math.floor(ms / 1_000)}.${String(ms % 1_000).padStart(3, "0")}`;

type Kind = {
  readonly name: string;
  readonly reader: SpanReader;
  line(one: Request): string;
  takes: boolean;
};

function nginx(format: LogFormat): SpanReader {
  return value(compileFormat(format));
}

const kinds: readonly Kind[] = [
  {
    name: "combined",
    reader: nginx(combined),
    line: (one) =>
      `10.0.0.1 - - [${stamp(one.second * 1_000)}] "GET ${target(one)} HTTP/1.1" ${one.status} 5 "-" "${one.agent}"`,
    takes: false,
  },
  {
    name: "a log_format of one's own",
    reader: nginx({
      ...combined,
      format: '$msec $remote_addr $status "$request" "$http_user_agent" $request_time',
    }),
    line: (one) =>
      `${seconds(one.second * 1_000)} ::1 ${one.status} "GET ${target(one)} HTTP/1.1" "${one.agent}" ${seconds(one.took)}`,
    takes: true,
  },
  {
    name: "Caddy's JSON",
    reader: jsonSpans(caddyJson),
    line: (one) =>
      JSON.stringify({
        ts: one.second,
        request: { remote_ip: "10.0.0.1", uri: target(one), headers: { "User-Agent": [one.agent] } },
        duration: one.took / 1_000,
        status: one.status,
      }),
    takes: true,
  },
];

function expected(one: Request, { takes }: Kind): Told {
  const ms = takes ? one.took : 0;
  const route = foldRoute(Buffer.from(target(one), "latin1").toString("utf8"));
  return { at: one.second * 1_000 - ms, status: one.status, route, ok: one.status < 500, ms };
}

function close(all: readonly (Told | null)[]) {
  return all.map((one) => one && { ...one, at: Math.round(one.at), ms: Math.round(one.ms) });
}

describe.each(kinds)("$name", (kind) => {
  test("each line says what was written into it, wherever it stands in the block", () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), (requests) => {
        const block = Buffer.from(requests.map((one) => `${kind.line(one)}\n`).join(""), "latin1");
        expect(close(told(kind.reader, block))).toEqual(requests.map((one) => expected(one, kind)));
      }),
    );
  });

  test("a broken line is one unreadable line or none, and never touches its neighbours", () => {
    fc.assert(
      fc.property(request, request, fc.nat(), bytes, (before, after, at, broken) => {
        const whole = kind.line(before);
        const junk = whole.slice(0, at % whole.length) + broken.replace(/\n/g, "");
        const block = Buffer.from(`${kind.line(before)}\n${junk}\n${kind.line(after)}\n`, "latin1");
        const all = close(told(kind.reader, block));
        expect(all[0]).toEqual(expected(before, kind));
        expect(all.at(-1)).toEqual(expected(after, kind));
        expect(all.length).toBeLessThanOrEqual(3);
      }),
    );
  });

  test("of any bytes no line is lost: each is an observation, unreadable, empty, or says nothing", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), request, (junk, one) => {
        const lines = junk.flatMap((text) => text.split("\n"));
        const block = Buffer.from([...lines, kind.line(one), ""].join("\n"), "latin1");
        const all = close(told(kind.reader, block));
        expect(all).toEqual([...lines.filter((text) => text !== "").map(() => null), expected(one, kind)]);
      }),
    );
  });
});

test("a byte is found four at a time where it is found one by one", () => {
  const few = fc.array(fc.constantFrom(0, 10, 11, 34, 35, 0x80, 0x8a, 0xff), { maxLength: 40 });
  fc.assert(
    fc.property(few, fc.nat(40), fc.nat(40), (all, a, b) => {
      const [from, to] = [Math.min(a, b, all.length), Math.min(Math.max(a, b), all.length)];
      const found = all.findIndex((byte, i) => i >= from && i < to && (byte === 34 || byte === 10));
      const view = new DataView(Uint8Array.from(all).buffer);
      expect(findEither(view, from, to, 34, 10)).toBe(found < 0 ? to : found);
    }),
  );
});

test("a name is found again by the bytes it was kept for, among many and wherever they stand", () => {
  const texts = fc.uniqueArray(fc.string({ unit: "binary-ascii", maxLength: 40 }), { maxLength: 3_000 });
  fc.assert(
    fc.property(texts, fc.nat(7), (names, shift) => {
      const known = knownNames<string>(50_000);
      const hash = { a: 0, b: 0 };
      const look = (text: string, at: number) => {
        const all = Buffer.concat([Buffer.alloc(at, "x"), Buffer.from(text, "latin1")]);
        startHash(hash);
        hashBytes(hash, new DataView(all.buffer, all.byteOffset, all.length), at, all.length);
      };
      for (const name of names) {
        look(name, 0);
        expect(known.find(hash)).toBe(undefined);
        known.keep(hash, name);
      }
      for (const name of names) {
        look(name, shift);
        expect(known.find(hash)).toBe(name);
      }
    }),
    { numRuns: 20 },
  );
});
