import fc from "fast-check";
import { expect, test } from "vitest";
import { type Finding, finding } from "../../../src/core/detect/finding.ts";
import {
  concludeStreams,
  observeDeath,
  observeHealth,
  observeOld,
  observePayment,
  observeRequest,
  type Streams,
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

test("the streams share the alpha of the deploy, most of it for errors, unless told otherwise", () => {
  const { all } = concludeStreams(startStreams(options), { nowS: 0, blind: seeing });
  expect(all.map(({ stream, needed }) => [stream, Math.round(needed)])).toEqual([
    ["errors", 1056],
    ["probe", 19_000],
  ]);
  const shares = { errors: 0.2, probe: 0.8 };
  const own = concludeStreams(startStreams({ ...options, alpha: 0.01, shares }), { nowS: 0, blind: seeing });
  expect(own.all.map(({ needed }) => Math.round(needed))).toEqual([500, 125]);
  expect(() => startStreams({ ...options, shares: { errors: 1, probe: 0.1 } })).toThrow(/alpha/);
});

const everything = {
  heard: { errors: true, probe: true, control: true, restarts: true },
  expects: {
    latency: { p50: 100, p90: 200, p95: 300 },
    payments: { routes: ["/pay"], threshold: 0.05 },
    events: [
      { name: "order", routes: ["/order"], due: [{ fromS: 0, perS: 0.1 }] },
      { name: "sign-up", routes: ["/join*"], due: [{ fromS: 0, perS: 0.1 }] },
    ],
  },
};

test("whatever has a source, the chances of all streams add up to that of the deploy", () => {
  const heard = fc.record({
    errors: fc.boolean(),
    probe: fc.boolean(),
    control: fc.boolean(),
    restarts: fc.boolean(),
  });
  fc.assert(
    fc.property(heard, fc.boolean(), fc.boolean(), (heard, latency, payments) => {
      const expects = {
        latency: latency ? everything.expects.latency : null,
        payments: payments ? everything.expects.payments : null,
        events: latency ? everything.expects.events : [],
      };
      const { all } = concludeStreams(startStreams({ ...options, heard, expects }), {
        nowS: 0,
        blind: seeing,
      });
      const spent = all.reduce((sum, one) => sum + 1 / one.needed, 0);
      expect(spent).toBeCloseTo(0.001, 12);
    }),
  );
});

test("all streams survive JSON in mid-stream, and say the same afterwards; none ever says NaN", () => {
  const request = fc.record({
    kind: fc.constantFrom("new", "new", "new", "old", "probe", "death", "payment"),
    ok: fc.boolean(),
    waitS: fc.double({ min: 0, max: 20, noNaN: true }),
    client: fc.constantFrom("a", "b", "c", "d", "e"),
    route: fc.constantFrom("/pay", "/order", "/join/1", "/"),
    ms: fc.double({ min: 0, max: 2000, noNaN: true }),
  });
  const feed = (
    streams: Streams,
    one: { atS: number; kind: string; ok: boolean; client: string; route: string; ms: number },
  ) => {
    const { atS, kind, ok, client, route, ms } = one;
    if (kind === "new") observeRequest(streams, { atS, ok, client, route, ms, status: ok ? 200 : 500 });
    if (kind === "old") observeOld(streams, { atS, ok, client });
    if (kind === "probe") observeHealth(streams, { atS, ok });
    if (kind === "death") observeDeath(streams, { atS, times: 1, outOfMemory: ok });
    if (kind === "payment") observePayment(streams, { atS, ok, client });
    tickStreams(streams, atS);
  };
  fc.assert(
    fc.property(fc.array(request, { maxLength: 80 }), fc.nat({ max: 80 }), (steps, cut) => {
      let atS = 0;
      const timed = steps.map((step) => {
        atS += step.waitS;
        return { ...step, atS };
      });
      const whole = startStreams({ ...options, ...everything });
      for (const one of timed) feed(whole, one);
      let parted = startStreams({ ...options, ...everything });
      for (const one of timed.slice(0, cut)) feed(parted, one);
      parted = JSON.parse(JSON.stringify(parted)) as Streams;
      for (const one of timed.slice(cut)) feed(parted, one);
      const context = { nowS: atS, blind: seeing };
      const said = concludeStreams(whole, context);
      expect(concludeStreams(parted, context)).toEqual(said);
      expect(said.all).toHaveLength(8);
      for (const one of said.all) {
        finding.parse(one);
        expect(one.why).not.toMatch(/NaN|Infinity|undefined|null/);
        expect(Number.isFinite(one.evidence)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
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
