// How bad it is, in the three columns of the runbook's matrix: impact, users, data risk. Pure.
import type { Finding } from "../detect/finding.ts";

export const impacts = ["low", "medium", "high", "critical"] as const;
export type Impact = (typeof impacts)[number];
export const userShares = ["none", "some", "many", "all"] as const;
export type Users = (typeof userShares)[number];

export type Severity = { readonly impact: Impact; readonly users: Users; readonly dataRisk: boolean };

export const reportKinds = [
  "down",
  "corruption",
  "security",
  "payments",
  "errors",
  "slow",
  "single-user",
  "other",
] as const;
export type ReportKind = (typeof reportKinds)[number];

/** What a person, or another system, says is wrong. */
export type Report = {
  readonly kind: ReportKind;
  readonly by: string;
  readonly what: string;
  /** Where they say it; otherwise by the kind. */
  readonly impact: Impact | null;
  readonly users: Users | null;
  readonly dataRisk: boolean | null;
  /** What the policy's rules go by, where it is not that of the kind. */
  readonly stream?: string | undefined;
  /** What it is about, where a source tells of it: the same for the same trouble. */
  readonly subject?: string | undefined;
  /** Where it is in the journal, if it came from outside: what was heard once is decided on once. */
  readonly heard?: string | undefined;
  /** Wall clock, milliseconds, where it was taken before it could be decided on. */
  readonly saidAt?: number | undefined;
};

const byKind: Readonly<Record<ReportKind, Severity>> = {
  down: { impact: "critical", users: "all", dataRisk: false },
  corruption: { impact: "critical", users: "all", dataRisk: true },
  security: { impact: "critical", users: "all", dataRisk: true },
  payments: { impact: "high", users: "many", dataRisk: false },
  errors: { impact: "high", users: "many", dataRisk: false },
  slow: { impact: "medium", users: "some", dataRisk: false },
  "single-user": { impact: "low", users: "some", dataRisk: false },
  other: { impact: "low", users: "none", dataRisk: false },
};

/** From this share of failing requests on, it is many users and not some. */
const manyShare = 0.01;

export function severityOf(finding: Finding | null, report: Report | null): Severity {
  if (report) {
    const usual = byKind[report.kind];
    return {
      impact: report.impact ?? usual.impact,
      users: report.users ?? usual.users,
      dataRisk: report.dataRisk ?? usual.dataRisk,
    };
  }
  if (finding?.outcome !== "bad") return { impact: "low", users: "none", dataRisk: false };
  if (finding.stream.startsWith("integrity")) return byKind.corruption;
  if (finding.breadth === "down") return byKind.down;
  if (finding.breadth === "single-client") return byKind["single-user"];
  const share = finding.requests === 0 ? 1 : finding.errors / finding.requests;
  return share > manyShare ? byKind.errors : byKind.slow;
}

type Trouble = { readonly stream: string; readonly breadth: "broad" | "single-client" | "down" };

const reported: Readonly<Record<ReportKind, Trouble>> = {
  down: { stream: "report", breadth: "down" },
  corruption: { stream: "integrity", breadth: "broad" },
  security: { stream: "security", breadth: "broad" },
  payments: { stream: "payments", breadth: "broad" },
  errors: { stream: "errors", breadth: "broad" },
  slow: { stream: "latency", breadth: "broad" },
  "single-user": { stream: "errors", breadth: "single-client" },
  other: { stream: "report", breadth: "broad" },
};

/** What kind of trouble it is, whoever tells of it; null where nothing bad was found. */
export function troubleOf(finding: Finding | null, report: Report | null): Trouble | null {
  if (report) {
    const trouble = reported[report.kind];
    return { ...trouble, stream: report.stream ?? trouble.stream };
  }
  return finding?.outcome === "bad" ? { stream: finding.stream, breadth: finding.breadth } : null;
}
