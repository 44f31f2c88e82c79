// The pure parts of smoke flows: variables, pointers, expressions, cookies, judging, comparing, hiding.
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareFlows } from "../../../src/core/flows/compare.ts";
import { received, sentTo } from "../../../src/core/flows/cookies.ts";
import { firstMatch, matchedCharacters, refusedExpression } from "../../../src/core/flows/expression.ts";
import { fill, fillJson } from "../../../src/core/flows/fill.ts";
import type { FlowMark, FlowStep } from "../../../src/core/flows/flow.ts";
import { captured, fault, keysOf } from "../../../src/core/flows/judge.ts";
import { at } from "../../../src/core/flows/pointer.ts";
import { veil } from "../../../src/core/flows/veil.ts";

test("variables are filled in, in texts and deep in JSON; an unknown one is named with those that are known", () => {
  expect(fill("/orders/{order}?q={order}", { order: "7" })).toEqual({ ok: true, value: "/orders/7?q=7" });
  expect(fillJson({ a: ["{x}", 1, null, { b: "{x}{x}" }] }, { x: "1" })).toEqual({
    ok: true,
    value: { a: ["1", 1, null, { b: "11" }] },
  });
  expect(fill("{ordr}", { order: "7" })).toMatchObject({ ok: false, error: { next: "Known here: order." } });
});

test("what is filled in is not filled again", () => {
  expect(fill("{a}", { a: "{b}", b: "no" })).toEqual({ ok: true, value: "{b}" });
});

test("pointers follow RFC 6901, and never the prototype", () => {
  const document = { "a/b": [{ "m~n": 8 }], "": 0 };
  expect([at(document, "/a~1b/0/m~0n"), at(document, "/"), at(document, "/a~1b/01")]).toEqual([
    8,
    0,
    undefined,
  ]);
  expect(at(document, "/constructor")).toBeUndefined();
});

test.each([
  ["a+", "upper bound"],
  ["a{2,}", "upper bound"],
  ["(a?){9}", "group"],
  ["(ab|a){1,3}", "group"],
  ["(a)\\1", "back references"],
  ["(?<=a)b", "looks around"],
  ["[a-z]{1,99}[a-z]{1,99}[a-z]{1,99}", "too long"],
  ["(", "no"],
])("the expression %s is refused", (expression, why) => {
  const refused = refusedExpression(expression);
  expect(refused).not.toBeNull();
  if (why !== "no") expect(`${refused?.what} ${refused?.fix}`).toContain(why);
});

test("an expression that is let in looks at a bounded piece, and gives its first group", () => {
  expect(refusedExpression('name="csrf" value="([^"]{1,100})"')).toBeNull();
  expect(firstMatch('value="([^"]{1,100})"', '<input value="t0k">')).toBe("t0k");
  expect(firstMatch("x", `${" ".repeat(matchedCharacters)}x`)).toBeNull();
});

test("cookies: several in one header, dates with commas, paths, expiry", () => {
  const now = Date.UTC(2026, 0, 1);
  const jar = received(
    [],
    "sid=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT; HttpOnly, cart=2; Path=/shop, gone=3; Max-Age=0, old=4; Expires=Wed, 21 Oct 2015 07:28:00 GMT",
    now,
  );
  expect([sentTo(jar, "/"), sentTo(jar, "/shop/x"), sentTo(jar, "/shopping")]).toEqual([
    "sid=1",
    "sid=1; cart=2",
    "sid=1",
  ]);
  expect(sentTo(received(jar, "sid=; Max-Age=0", now), "/")).toBeNull();
});

const step: FlowStep = {
  name: "order",
  method: "GET",
  path: "/",
  headers: {},
  body: null,
  capture: {},
  expect: { status: 200, headers: {}, json: {}, contains: [], withinMs: 1_000 },
};
const answer = {
  status: 200,
  headers: { "content-type": "application/json", location: "/a" },
  body: '{"id":7,"s":{"t":"x"}}',
  ms: 10,
};

test.each([
  ["the status", { status: 201 }, "gave 200, expected 201"],
  ["a header", { headers: { "Content-Type": "text/html" } }, "header Content-Type"],
  ["a text", { contains: ["Thank you"] }, "body does not hold"],
  ["a JSON value", { json: { "/id": 8 } }, "at /id"],
  ["a JSON place", { json: { "/nothing": 8 } }, "nothing at /nothing"],
  ["the time", { withinMs: 5 }, "took 10 ms"],
])("a fault is told: %s", (_, change, words) => {
  expect(fault({ ...step, expect: { ...step.expect, ...change } }, answer)).toContain(words);
});

test("an answer that is as expected has no fault", () => {
  const expected = {
    status: 200,
    headers: { "content-type": "json" },
    json: { "/s": { t: "x" } },
    contains: ["id"],
    withinMs: 10,
  };
  expect(fault({ ...step, expect: expected }, answer)).toBeNull();
});

test("values are captured from JSON, headers and by expression; what is not there is said", () => {
  expect(captured({ json: "/id" }, answer)).toEqual({ value: "7" });
  expect(captured({ header: "Location" }, answer)).toEqual({ value: "/a" });
  expect(captured({ match: '"t":"([a-z]{1,9})"' }, answer)).toEqual({ value: "x" });
  expect(captured({ json: "/no" }, answer)).toEqual({ why: "there is nothing at /no" });
  expect([keysOf(answer.body), keysOf("[1]"), keysOf("<p>")]).toEqual([["id", "s"], [], []]);
});

const mark = (change: Partial<FlowMark>): FlowMark => ({
  flow: "order",
  step: "pay",
  status: 200,
  ms: 20,
  bytes: 9,
  keys: ["id"],
  ...change,
});

test.each([
  ["the same", {}, null],
  ["a little slower", { ms: 90 }, null],
  ["far slower", { ms: 900 }, "it took 900 ms, before 20 ms"],
  ["another status", { status: 201 }, "it gave 200 before, and 201 now"],
  ["another answer", { keys: ["state"] }, "its answer is now without id and with state"],
])("before and after: %s", (_, change, note) => {
  expect(compareFlows([mark({})], [mark(change)])).toEqual([
    { flow: "order", step: "pay", status: [200, mark(change).status], ms: [20, mark(change).ms], note },
  ]);
});

test("no form in which a secret was sent is left in a text", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (secret, around) => {
      const sent = [secret, encodeURIComponent(encodable(secret)), JSON.stringify(secret).slice(1, -1)];
      const text = veil(sent.map((one) => `<${one}>`).join(""), [encodable(secret)]);
      expect(encodable(secret) === secret && text.replaceAll("[secret]", "").includes(`<${secret}>`)).toBe(
        false,
      );
      expect(veil(around, [])).toBe(around);
    }),
  );
});

function encodable(text: string): string {
  return text.isWellFormed() ? text : "secret";
}
