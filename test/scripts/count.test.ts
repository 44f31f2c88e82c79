// The closing line of `npm test` says what happened, and never more than that.
import { describe, expect, test } from "vitest";
import {
  type Circumstances,
  closingLine,
  countOf,
  exitCode,
  isNarrowed,
  type Report,
  skippedIn,
} from "../../scripts/count.ts";

const calm: Circumstances = { exit: 0, ci: false, narrowed: false, missing: [], failedBefore: 0 };
const ci: Circumstances = { ...calm, ci: true };

/** A report of one file for each list of its tests' outcomes. */
function report(...files: readonly (readonly string[])[]): Report {
  const testResults = files.map((statuses, index) => ({
    name: `${index}.test.ts`,
    status: statuses.includes("failed") ? "failed" : "passed",
    assertionResults: statuses.map((status, number) => ({ fullName: `${index}/${number}`, status })),
  }));
  return { testResults };
}

function brokenFile(statuses: readonly string[]): Report {
  const [file] = report(statuses).testResults;
  return { testResults: file ? [{ ...file, status: "failed" }] : [] };
}

describe("counting", () => {
  test("passed, failed and skipped tests of all files are added up", () => {
    const count = countOf(report(["passed", "failed"], ["passed", "skipped", "todo"]), { ...calm, exit: 1 });
    expect(closingLine(count)).toBe("2 passed, 1 failed, 2 skipped");
  });

  test("a file that fails without a failed test counts as one failure", () => {
    expect(countOf(brokenFile([]), { ...calm, exit: 1 })).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countOf(brokenFile(["passed", "skipped"]), { ...calm, exit: 1 })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
    });
  });

  test("an error outside of all tests counts as one failure", () => {
    expect(countOf(report(["passed"]), { ...calm, exit: 1 })).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(countOf(report(["passed"]), { ...calm, exit: null })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  test("no report is a failure, and not two", () => {
    expect(countOf(null, { ...calm, exit: 1 })).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test("checks that failed before count too", () => {
    expect(countOf(report(["passed"]), { ...calm, failedBefore: 2 })).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
    });
  });
});

describe("with CI=true", () => {
  test("each skipped test counts as failed", () => {
    expect(countOf(report(["passed", "skipped", "todo"]), ci)).toEqual({ passed: 1, failed: 2, skipped: 0 });
  });

  test("a missing part is a failure even where no test was skipped for it", () => {
    expect(countOf(report(["passed"]), { ...ci, missing: ["docker"] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  test("tests that were left out by name are only skipped", () => {
    expect(countOf(report(["passed", "skipped"]), { ...ci, narrowed: true })).toEqual({
      passed: 1,
      failed: 0,
      skipped: 1,
    });
  });
});

test("elsewhere a missing part costs no failure, and its tests are named", () => {
  const seen = report(["passed", "skipped"]);
  expect(countOf(seen, { ...calm, missing: ["strace"] })).toEqual({ passed: 1, failed: 0, skipped: 1 });
  expect(skippedIn(seen)).toEqual(["0/1"]);
});

test("only passed tests and no failure are a success", () => {
  expect(exitCode({ passed: 1, failed: 0, skipped: 3 })).toBe(0);
  expect(exitCode({ passed: 1, failed: 1, skipped: 0 })).toBe(1);
  expect(exitCode({ passed: 0, failed: 0, skipped: 3 })).toBe(1);
});

test.each([
  [["-t", "x"], true],
  [["--testNamePattern=x"], true],
  [["test/core"], false],
  [["--bail", "1"], false],
])("arguments %j leave tests out by name: %s", (args, narrowed) => {
  expect(isNarrowed(args)).toBe(narrowed);
});
