// What would be done about a finding: attribution and the default policy, as in app/watch.ts, for a deploy at time 0.
import { attribute, type Circumstances } from "../../src/core/attribute/attribute.ts";
import type { Attribution } from "../../src/core/attribute/attribution.ts";
import { type Decision, decide } from "../../src/core/decide/decide.ts";
import { defaultPolicy } from "../../src/core/decide/policy.ts";
import type { Finding } from "../../src/core/detect/finding.ts";

export type Judged = { readonly attribution: Attribution; readonly decision: Decision };

type Known = Pick<Circumstances, "findings" | "failures" | "before" | "dependencies">;

/** The deploy is the only change that is known, nothing was in alarm before it, and the release before is ready. */
export function judge(worst: Finding, nowS: number, known: Known): Judged {
  const changes = [{ kind: "deploy", name: "v2", at: 0 }] as const;
  const attribution = attribute({ since: 0, changes, clean: true, ...known });
  const decision = decide({
    env: "production",
    watch: "watch-1",
    finding: worst,
    report: null,
    after: "deploy",
    release: "v2",
    servingSince: 0,
    ways: { lastGood: "v1", warm: true, flag: null, restorePoint: null },
    attribution,
    policy: defaultPolicy,
    acts: [],
    now: nowS * 1_000,
  });
  return { attribution, decision };
}
