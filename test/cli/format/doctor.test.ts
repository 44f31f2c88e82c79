// Doctor's one screen.
import { expect, test } from "vitest";
import { doctorText } from "../../../src/cli/format/doctor.ts";
import type { Io } from "../../../src/cli/io.ts";
import { bad, type Look, warn, well } from "../../../src/core/doctor/look.ts";
import { type Row, reportData, verdict } from "../../../src/core/doctor/report.ts";
import type { Outcome } from "../../../src/core/view/outcome.ts";

function text(rows: readonly Row[], columns = 100): string {
  const { well, what, next } = verdict(rows);
  const outcome: Outcome = {
    verb: "doctor",
    env: null,
    outcome: well ? "done" : "failed",
    what,
    means: "",
    next,
    problem: null,
    data: reportData(rows, 812),
  };
  return doctorText(outcome, { color: false, columns } as Io);
}

function many(make: (i: number) => Look, count: number, env: string | null): readonly Row[] {
  return Array.from({ length: count }, (_, i) => ({ ...make(i), env, check: "containers", ms: 5 }));
}

const three = ["production", "staging", "preview"];

test("three environments with twenty things well each fit on one screen of 40 lines", () => {
  const rows = [...three, null].flatMap((env) => many((i) => well(`part-${i}`, `up ${i} h`), 20, env));
  expect(text(rows).split("\n").length).toBeLessThanOrEqual(40);
});

test("it stays one screen when everything is bad; what does not fit is counted", () => {
  const rows = three.flatMap((env) =>
    many((i) => bad(`part-${i}`, "is not running", `start part-${i}`), 20, env),
  );
  const lines = text(rows).split("\n");
  expect(lines.length).toBeLessThanOrEqual(40);
  const shown = lines.filter((line) => line.startsWith("✗ ") && line.includes("part-")).length;
  expect(text(rows)).toContain(`… and ${60 - shown} more: lastgood doctor --json`);
});

test("what is bad stands above what is doubtful, each with its next command under it", () => {
  const rows = [
    ...many(() => well("api", "healthy 3 h"), 1, "production"),
    ...many(() => warn("redis", "nearly full", "lastgood logs redis"), 1, "staging"),
    ...many(() => bad("web", "dies again and again", "lastgood logs web"), 1, "production"),
  ];
  expect(text(rows).split("\n")).toEqual([
    "✗ 1 bad, 1 to look at, 1 well. (812 ms)",
    "✗ production containers web: dies again and again",
    "             → lastgood logs web",
    "! staging    containers redis: nearly full",
    "             → lastgood logs redis -e staging",
    "✓ production containers api: healthy 3 h",
  ]);
});

test("no line is wider than the terminal, and nothing that a container says can move the cursor", () => {
  const rows = many(
    (i) => (i % 2 ? bad : warn)("x".repeat(30), `\u001b[2J${"long ".repeat(60)}`, "y".repeat(300)),
    6,
    "production",
  );
  for (const line of text(rows, 90).split("\n")) {
    expect(line.length).toBeLessThanOrEqual(90);
    expect(line).not.toContain("\u001b");
  }
});
