// The closing line of `npm test`, from what vitest reported.

export type Count = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The part of vitest's JSON report that counts. */
export type Report = { readonly testResults: readonly FileReport[] };
type FileReport = {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
};

export type Circumstances = {
  /** Vitest's exit code; null where it was killed. */
  readonly exit: number | null;
  /** Nobody looks at what was skipped: it counts as failed. */
  readonly ci: boolean;
  /** Some tests were left out on purpose (`-t`). */
  readonly narrowed: boolean;
  /** Parts that could not be had. */
  readonly missing: readonly string[];
  /** Checks that failed before the tests began. */
  readonly failedBefore: number;
};

/** Null as the report: there is none, so vitest died. */
export function countOf(report: Report | null, circumstances: Circumstances): Count {
  const { exit, failedBefore } = circumstances;
  const skipped = skippedIn(report).length;
  const counted = failuresIn(report);
  // An error outside of any test has no other place in the count.
  const failures = counted === 0 && exit !== 0 ? 1 : counted;
  const unseen = unseenIn(skipped, circumstances);
  return {
    passed: ofStatus(report, "passed").length,
    failed: failures + unseen + failedBefore,
    skipped: unseen > 0 ? 0 : skipped,
  };
}

/** What was skipped without anybody to see it, or would have been. */
function unseenIn(skipped: number, { ci, narrowed, missing }: Circumstances): number {
  if (!ci || narrowed) return 0;
  return Math.max(skipped, missing.length);
}

/** Failed tests, and files that failed without one: they did not load, or their preparations failed. */
function failuresIn(report: Report | null): number {
  const files = (report?.testResults ?? []).filter(({ status, assertionResults }) => {
    return status === "failed" && !assertionResults.some((test) => test.status === "failed");
  });
  return ofStatus(report, "failed").length + files.length;
}

/** Names of the tests that were neither passed nor failed. */
export function skippedIn(report: Report | null): readonly string[] {
  const rest = allOf(report).filter(({ status }) => status !== "passed" && status !== "failed");
  return rest.map(({ fullName }) => fullName);
}

function ofStatus(report: Report | null, status: string) {
  return allOf(report).filter((test) => test.status === status);
}

function allOf(report: Report | null) {
  return (report?.testResults ?? []).flatMap(({ assertionResults }) => assertionResults);
}

/** Exactly this, on a line of its own, last. */
export function closingLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Nothing passed is no success. */
export function exitCode({ passed, failed }: Count): number {
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Do these arguments of `npm test` leave tests out by name? */
export function isNarrowed(args: readonly string[]): boolean {
  return args.some(
    (arg) => arg.startsWith("-t") || arg.startsWith("--testNamePattern") || arg.startsWith("--tagsFilter"),
  );
}
