// Whatever a line of JSON is, the scanner over bytes says of it what JSON.parse says.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caddyJson, traefikJson } from "../../../src/drivers/signals/log/json/formats.ts";
import { decimal, thousandths } from "../../../src/drivers/signals/log/json/numbers.ts";
import { jsonSpans } from "../../../src/drivers/signals/log/json.ts";
import { findQuote } from "../../../src/drivers/signals/log/scan.ts";
import { emptySpans, spanNames, textOf } from "../../../src/drivers/signals/log/spans.ts";
import { isoTime } from "../../../src/drivers/signals/log/time.ts";

type Said = Readonly<Record<string, string | number>>;

/** What the reader says of the line in the middle; null: it is none. It never looks at its neighbours. */
function said(read: ReturnType<typeof jsonSpans>, line: Buffer): Said | null {
  const before = Buffer.from('{"status":1}\n');
  const block = Buffer.concat([before, line, Buffer.from('\n{"status":2,"ts":3}\n')]);
  const spans = emptySpans();
  const end = read(block, before.length, spans);
  if (end < 0) return null;
  expect(end).toBe(before.length + line.length);
  const texts = spanNames.map((name) => [name, Buffer.from(textOf(spans, spans[name]), "latin1").toString()]);
  const { atMs, exactMs, status, ms } = spans;
  return { ...Object.fromEntries(texts), atMs, exactMs, status, ms };
}

const caddyPaths = {
  ...{ request: "request.uri", remote: "request.remote_ip", agent: "request.headers.User-Agent" },
  ...{ release: "resp_headers.X-Lastgood-Release", client: "", upstream: "", flags: "" },
};

/** The same by JSON.parse. */
function parsed(line: string): Said | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const texts = Object.entries(caddyPaths).map(([name, path]) => [
    name,
    String(at(value, path) ?? "").toWellFormed(),
  ]);
  const [time, status, duration] = [at(value, "ts"), at(value, "status"), at(value, "duration")];
  const bytes = Buffer.from(String(time));
  const isText = typeof time === "string";
  const atMs = isText ? isoTime(bytes, 0, bytes.length) : Math.round(Number(String(time)) * 1_000);
  const code = status === undefined ? 0 : Number(String(status));
  if (!(atMs > 0 && code >= 0 && code < 1_000)) return null;
  const took = Number(String(duration)) * 1_000;
  const ms = took >= 0 && Number.isFinite(took) ? took : 0;
  return {
    ...Object.fromEntries(texts),
    atMs,
    exactMs: isText && !time.includes(".") ? 1_000 : 1,
    status: code,
    ms,
  };
}

/** A scalar by its path; of lists the first. */
function at(value: unknown, path: string): string | number | boolean | undefined {
  if (path === "") return undefined;
  const keys = path.split(".");
  let one: unknown = first(value);
  for (const key of keys) {
    const known = typeof one === "object" && one !== null && Object.hasOwn(one, key);
    one = known ? first((one as Record<string, unknown>)[key]) : undefined;
  }
  return typeof one === "object" || one === undefined ? undefined : (one as string | number | boolean);
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? first(value[0]) : value;
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', "\\", "\n", "u", "é", "😀", "a", "\u0000", "/"), maxLength: 6 }),
  fc.constantFrom("/shop/a?b=1&c=2", "203.0.113.7", 'curl "8"', "v3"),
);
const number = fc.oneof(
  fc.integer({ min: 0, max: 999 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: 1.6e9, max: 1.9e9, noNaN: true }),
);
const anything = fc.jsonValue({ maxDepth: 2 });
const seldomOdd = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: anything });
/** Digits alone in texts where a number is wanted: what else `Number` takes for one is told apart elsewhere. */
const oddNumber = fc.oneof(number, fc.constantFrom("200", "0.5", "", "abc", null, true, [204], [], {}));

const log = fc.record(
  {
    ts: fc.oneof(
      fc.double({ min: 1.6e9, max: 1.9e9, noNaN: true }),
      fc.integer({ min: 1, max: 4e9 }),
      fc
        .date({ min: new Date(1e12), max: new Date(3e12), noInvalidDate: true })
        .map((one) => one.toISOString()),
      fc.constantFrom("2026-01-05T08:00:00+02:00", "2026-01-05", "", null),
    ),
    status: fc.oneof(fc.integer({ min: 100, max: 599 }), oddNumber),
    duration: oddNumber,
    size: anything,
    request: seldomOdd(
      fc.record(
        {
          remote_ip: seldomOdd(text),
          uri: seldomOdd(text),
          headers: seldomOdd(
            fc.record({ "User-Agent": seldomOdd(fc.array(text, { maxLength: 3 })), Other: anything }),
          ),
          tls: anything,
        },
        { requiredKeys: [] },
      ),
    ),
    resp_headers: seldomOdd(fc.record({ Server: anything, "X-Lastgood-Release": seldomOdd(fc.array(text)) })),
    user: anything,
  },
  { requiredKeys: ["ts"] },
);

/** Written by different hands: keys in any order, twice, spaces, characters as escapes. */
const written = fc
  .tuple(
    log,
    fc.boolean(),
    fc.constantFrom("", " ", "  "),
    fc.nat(),
    fc.constantFrom("", '"status":7,', '"ts":9,"request":1,'),
  )
  .map(([one, escaped, space, turn, twice]) => {
    const entries = Object.entries(one);
    const cut = turn % (entries.length + 1);
    const turned = Object.fromEntries([...entries.slice(cut), ...entries.slice(0, cut)]);
    const plain = JSON.stringify(turned).replace(/^\{/, `{${twice}`);
    const spaced = space === "" ? plain : plain.replace(/([,:])"(?=[a-z])/g, `$1${space}"`);
    if (!escaped) return spaced;
    return spaced.replace(/[^\x20-\x7e]|&/g, (found) =>
      [...Array(found.length).keys()]
        .map((i) => `\\u${found.charCodeAt(i).toString(16).padStart(4, "0")}`)
        .join(""),
    );
  });

describe("a line of JSON", () => {
  test("says what JSON.parse says of it, by whomever it was written", () => {
    const read = jsonSpans(caddyJson);
    fc.assert(
      fc.property(written, (line) => {
        expect(said(read, Buffer.from(line))).toEqual(parsed(line));
      }),
      { numRuns: 1_000 },
    );
  });

  test("that is cut, changed or mixed with another is refused where JSON.parse refuses it, else read alike", () => {
    const read = jsonSpans(caddyJson);
    const bits = fc.constantFrom(
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "0",
      "-",
      "e",
      ".",
      "\\u12",
      "\t",
      "\u0001",
      "null",
      " ",
    );
    fc.assert(
      fc.property(written, fc.nat(), fc.nat(9), bits, (line, where, drop, put) => {
        const place = where % (line.length + 1);
        const broken = line.slice(0, place) + put + line.slice(place + drop);
        expect(said(read, Buffer.from(broken))).toEqual(parsed(Buffer.from(broken).toString()));
      }),
      { numRuns: 1_000 },
    );
  });

  test("is deep, or long, and read all the same", () => {
    const read = jsonSpans(caddyJson);
    const deep = `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)},"ts":1767600000.1239,"status":200}`;
    const long = `{"a":"${"x".repeat(60_000)}","ts":1767600000.1239,"status":200}`;
    for (const line of [deep, long]) {
      expect(said(read, Buffer.from(line))).toMatchObject({ atMs: 1_767_600_000_124, status: 200 });
    }
  });

  test("names a client by the bytes that it sent, also those that are no UTF-8", () => {
    const read = jsonSpans(traefikJson);
    const line = (agent: string) =>
      Buffer.from(
        `{"DownstreamStatus":200,"StartUTC":"2026-01-05T08:00:00Z","request_User-Agent":"${agent}","RequestPath":"/a\\u0026b\\u00e9"}`,
        "latin1",
      );
    const spans = emptySpans();
    const agent = (bytes: Buffer) => (read(bytes, 0, spans) < 0 ? null : textOf(spans, spans.agent));
    expect(agent(line("caf\xff"))).toBe("caf\xff");
    expect(textOf(spans, spans.request)).toBe(Buffer.from("/a&bé").toString("latin1"));
    expect(agent(line("nul\0"))).toBe(null);
  });
});

test("a decimal number is what Number makes of its digits, and thousandths are rounded alike", () => {
  const digits = fc.tuple(
    fc.nat(2 ** 31),
    fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 12 }),
  );
  fc.assert(
    fc.property(digits, ([whole, behind]) => {
      const bytes = Buffer.from(behind === "" ? `${whole}` : `${whole}.${behind}`);
      expect(decimal(bytes, 0, bytes.length)).toBe(Number(bytes.toString()));
      expect(thousandths(bytes, 0, bytes.length)).toBe(Math.round(Number(bytes.toString()) * 1_000));
    }),
    { numRuns: 1_000 },
  );
});

test("the end of a text is found four bytes at a time where it is found one by one", () => {
  const few = fc.array(fc.constantFrom(0, 10, 31, 32, 33, 34, 35, 91, 92, 93, 0x80, 0xa2, 0xdc, 0xff), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(few, fc.nat(40), (all, start) => {
      const from = Math.min(start, all.length);
      const found = all.findIndex((byte, i) => i >= from && (byte < 32 || byte === 34 || byte === 92));
      const view = new DataView(Uint8Array.from(all).buffer);
      expect(findQuote(view, from, all.length)).toBe(found < 0 ? all.length : found);
    }),
  );
});
