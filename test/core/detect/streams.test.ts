import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../../src/core/detect/finding.ts";
import {
  concludeStreams,
  observeHealth,
  observeRequest,
  startStreams,
  tickStreams,
  worst,
} from "../../../src/core/detect/streams.ts";

const options = { threshold: 0.01, horizonS: 1800 };
const seeing = { errors: null, probe: null };
const evidence = {
  stream: "errors",
  requests: 1,
  errors: 1,
  errorClients: 1,
  evidence: 1,
  needed: 1000,
  threshold: 0.01,
  why: "because",
};
const bad = (breadth: "broad" | "single-client" | "down"): Finding => ({
  outcome: "bad",
  breadth,
  onsetS: 0,
  ...evidence,
});
const ladder: readonly Finding[] = [
  { outcome: "verified", ...evidence },
  { outcome: "undecided", moreRequests: null, ...evidence },
  { outcome: "blind", ...evidence },
  bad("single-client"),
  bad("broad"),
  bad("down"),
];

test("the worst finding counts: bad before blind before undecided before verified", () => {
  const rung = fc.nat({ max: ladder.length - 1 });
  fc.assert(
    fc.property(rung, fc.array(rung), (first, rest) => {
      const findings = [first, ...rest].map((i) => ladder[i] as Finding) as [Finding, ...Finding[]];
      expect(worst(findings)).toBe(ladder[Math.max(first, ...rest)]);
    }),
  );
});

test("of equal findings the first one counts", () => {
  const other: Finding = { outcome: "undecided", moreRequests: 5, ...evidence, stream: "probe" };
  const first = ladder[1] as Finding;
  expect(worst([first, other])).toBe(first);
});

test("both streams share the alpha of the deploy, half each unless told otherwise", () => {
  const { all } = concludeStreams(startStreams(options), { nowS: 0, blind: seeing });
  expect(all.map(({ stream, needed }) => [stream, needed])).toEqual([
    ["errors", 2000],
    ["probe", 2000],
  ]);
  const shares = { errors: 0.2, probe: 0.8 };
  const own = concludeStreams(startStreams({ ...options, alpha: 0.01, shares }), { nowS: 0, blind: seeing });
  expect(own.all.map(({ needed }) => Math.round(needed))).toEqual([500, 125]);
  expect(() => startStreams({ ...options, shares: { errors: 1, probe: 0.1 } })).toThrow(/alpha/);
});

test("a release whose requests and probes are all well is verified", () => {
  const streams = startStreams(options);
  for (let i = 0; i < 1000; i++) observeRequest(streams, { atS: i / 10, ok: true, client: `c-${i % 40}` });
  const context = { nowS: 100, blind: seeing };
  expect(concludeStreams(streams, context).worst).toMatchObject({ outcome: "undecided", stream: "probe" });
  for (let i = 0; i < 20; i++) observeHealth(streams, { atS: 5 * i, ok: true });
  expect(concludeStreams(streams, context).worst).toMatchObject({ outcome: "verified", stream: "errors" });
});

test("with no traffic, good probes alone never verify", () => {
  const streams = startStreams(options);
  for (let i = 0; i < 300; i++) observeHealth(streams, { atS: 5 * i, ok: true });
  tickStreams(streams, 1800);
  expect(concludeStreams(streams, { nowS: 1800, blind: seeing }).worst).toMatchObject({
    outcome: "undecided",
    stream: "errors",
  });
});

test("when nobody answers, down counts even though there is no traffic", () => {
  const streams = startStreams(options);
  for (let i = 1; i <= 3; i++) observeHealth(streams, { atS: i, ok: false });
  expect(
    concludeStreams(streams, { nowS: 3, blind: { errors: "the log is silent", probe: null } }).worst,
  ).toMatchObject({
    outcome: "bad",
    breadth: "down",
  });
});

test("one blind source makes the whole blind while nothing is proven", () => {
  const streams = startStreams(options);
  for (let i = 0; i < 20; i++) observeHealth(streams, { atS: 5 * i, ok: true });
  expect(
    concludeStreams(streams, { nowS: 100, blind: { errors: "the log is silent", probe: null } }).worst
      .outcome,
  ).toBe("blind");
});

test("a stream without a source does not keep a release from being verified; without any, nothing was seen", () => {
  const streams = startStreams(options);
  for (let i = 0; i < 20; i++) observeHealth(streams, { atS: 5 * i, ok: true });
  const onlyProbes = concludeStreams(streams, {
    nowS: 100,
    blind: seeing,
    heard: { errors: false, probe: true },
  });
  expect([onlyProbes.worst.outcome, onlyProbes.all.length]).toEqual(["verified", 1]);
  expect(concludeStreams(streams, { nowS: 100, blind: seeing }).worst.outcome).toBe("undecided");
  const deaf = concludeStreams(streams, { nowS: 100, blind: seeing, heard: { errors: false, probe: false } });
  expect([deaf.worst.outcome, deaf.worst.stream]).toEqual(["undecided", "errors"]);
});
