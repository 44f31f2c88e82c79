// What doctor says of what it saw: worst first, one verdict, a stable document.
import { expect, test } from "vitest";
import { bad, type Look, size, span, unknown, warn, well } from "../../../src/core/doctor/look.ts";
import {
  failedLook,
  type Row,
  reportData,
  silentLook,
  verdict,
  worstFirst,
} from "../../../src/core/doctor/report.ts";

function row(look: Look, env: string | null = "production", check = "disk"): Row {
  return { ...look, env, check, ms: 1 };
}

const rows = [
  row(well("/", "75 GB free")),
  row(warn("/data", "2 GB free", "du -xh /data")),
  row(unknown("", "no tool for it")),
  row(bad("cache", "nobody listens there", "lastgood logs redis"), null, "redis"),
  row(well("/var", "9 GB free")),
];

test("what is bad stands first, then what is doubtful, then what could not be looked at, then what is well", () => {
  expect(worstFirst(rows).map((one) => one.is)).toEqual(["bad", "warn", "unknown", "well", "well"]);
});

test("among equals the order in which they were asked for stays", () => {
  expect(
    worstFirst(rows)
      .map((one) => one.about)
      .slice(3),
  ).toEqual(["/", "/var"]);
});

test("the verdict counts, and its next step is that of the worst", () => {
  expect(verdict(rows)).toEqual({
    well: false,
    what: "1 bad, 1 to look at, 2 well.",
    next: "lastgood logs redis",
  });
});

test("what is only doubtful is no failure, and what could not be looked at neither", () => {
  expect(verdict(rows.filter((one) => one.is !== "bad")).well).toBe(true);
  expect(verdict([row(unknown("", "no tool")), row(well("", "fine"))])).toMatchObject({
    well: true,
    what: expect.stringMatching(/All well/),
  });
});

test("a look that found no tool is not bad news; one that failed is", () => {
  expect(failedLook("x", { code: "missing", what: "no psql", next: "install it" }).is).toBe("unknown");
  expect(failedLook("x", { code: "failed", what: "no", next: "look" }).is).toBe("bad");
});

test("silence is bad, says for how long it was waited, and keeps the check's own next step", () => {
  expect(silentLook("cache", 1_500, "lastgood logs redis")).toMatchObject({
    is: "bad",
    what: "did not answer in 1.5 s",
    next: "lastgood logs redis",
    data: { silent: true },
  });
});

test("the document has the counts and every row with its figures, worst first", () => {
  const data = reportData(rows, 12.4);
  expect(data).toMatchObject({ well: false, ms: 12, counts: { bad: 1, warn: 1, unknown: 1, well: 2 } });
  expect((data["checks"] as { env: string | null }[])[0]).toEqual({
    env: null,
    check: "redis",
    about: "cache",
    is: "bad",
    what: "nobody listens there",
    next: "lastgood logs redis",
    ms: 1,
    data: {},
  });
});

test.each([
  [850, "850 ms"],
  [90_000, "90 s"],
  [5 * 60_000, "5 min"],
  [7_200_000, "2 h"],
  [9 * 86_400_000, "9 d"],
])("%i ms is %s", (ms, text) => expect(span(ms)).toBe(text));

test.each([
  [512, "512 B"],
  [1536, "1.5 KB"],
  [75 * 1024 ** 3, "75 GB"],
])("%i bytes are %s", (bytes, text) => expect(size(bytes)).toBe(text));
