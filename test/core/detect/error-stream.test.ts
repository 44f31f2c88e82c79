import fc from "fast-check";
import { expect, test } from "vitest";
import { evidence } from "../../../src/core/detect/e-process.ts";
import type { ErrorStream } from "../../../src/core/detect/error-state.ts";
import {
  conclude,
  observe,
  type Seen,
  startErrorStream,
  tick,
} from "../../../src/core/detect/error-stream.ts";
import { finding } from "../../../src/core/detect/finding.ts";

const options = { threshold: 0.01, horizonS: 1800 };

function play(
  seen: readonly Seen[],
  more: { alpha?: number; muteS?: number; threshold?: number } = {},
): ErrorStream {
  const stream = startErrorStream({ ...options, ...more });
  for (const one of seen) observe(stream, one);
  return stream;
}

function verdict(stream: ErrorStream, nowS = stream.nowS, blind: string | null = null) {
  return finding.parse(conclude(stream, { nowS, blind }));
}

/** `rate` requests a second, every `every`-th fails; clients take turns so that failures meet all of them. */
function traffic(
  fromS: number,
  toS: number,
  rate: number,
  clients: number,
  every = Number.POSITIVE_INFINITY,
): Seen[] {
  return Array.from({ length: Math.round((toS - fromS) * rate) }, (_, i) => ({
    atS: fromS + i / rate,
    ok: (i + 1) % every !== 0,
    client: `client-${Math.floor(((Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32) * clients)}`,
  }));
}

const histories = fc
  .array(
    fc.record({
      client: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      ok: fc.boolean(),
      waitS: fc.double({ min: 0, max: 90, noNaN: true }),
    }),
    { maxLength: 120 },
  )
  .map((steps) => {
    let atS = 0;
    return steps.map(({ client, ok, waitS }) => {
      atS += waitS;
      return { client, ok, atS };
    });
  });

test("a release that fails 5 % of many clients' requests is bad and broad, from the deploy on", () => {
  const found = verdict(play(traffic(0, 20, 50, 400, 20)));
  expect(found).toMatchObject({
    outcome: "bad",
    breadth: "broad",
    stream: "errors",
    onsetS: 0,
    needed: 1000,
  });
  expect(found.evidence).toBeGreaterThanOrEqual(1000);
  expect(found.errorClients).toBeGreaterThanOrEqual(3);
  expect(found.why).toMatch(
    /^\d+ of [\d,]+ requests failed \(5\.\d %\) from the deploy on, from \d+ clients; more than 1 % is not allowed, and the chance that a healthy release ever looks like this is below 1 in 1,000/,
  );
});

test("trouble that begins at 600 s is dated there, and told with the figures since then", () => {
  const found = verdict(play([...traffic(0, 600, 50, 4000), ...traffic(600, 620, 50, 4000, 10)]));
  expect(found.outcome).toBe("bad");
  if (found.outcome !== "bad") return;
  expect(found.breadth).toBe("broad");
  expect(Math.abs((found.onsetS ?? 0) - 600)).toBeLessThanOrEqual(3);
  expect(found.why).toMatch(
    /failed \((9\.\d|1\d(\.\d)?) %\) since about (9 min 5\d s|10 min( \d s)?) after the deploy/,
  );
  expect(found.requests).toBeGreaterThan(30_000);
});

test("broad trouble stays proven when the evidence fades, with the figures that proved it", () => {
  const stream = play([...traffic(0, 20, 50, 400, 10), ...traffic(20, 1500, 50, 400)]);
  expect(evidence(stream.process)).toBeLessThan(1000);
  const found = verdict(stream);
  expect(found).toMatchObject({ outcome: "bad", breadth: "broad" });
  expect(found.evidence).toBeGreaterThanOrEqual(1000);
  expect(found.requests).toBeLessThan(1000);
  expect(found.why).toMatch(/, as was proven \d s after the deploy; /);
});

test("while broad trouble goes on, the figures are those of now", () => {
  const found = verdict(play(traffic(0, 100, 50, 4000, 10)));
  expect(found.errors).toBeGreaterThan(300);
  expect(found.requests).toBeGreaterThan(3000);
});

test("one client that retries never makes it broad: its burst counts as one failure a minute", () => {
  const burst = Array.from({ length: 500 }, (_, i) => ({ atS: 30 + i / 10, ok: false, client: "the one" }));
  const healthy = traffic(0, 100, 5, 50);
  const all = [...burst, ...healthy].sort((a, b) => a.atS - b.atS);
  const stream = play(all);
  expect(stream.errors).toBe(1);
  expect(stream.repeats).toMatchObject({ errors: 499, clients: 1 });
  expect(verdict(stream).outcome).toBe("undecided");
  expect(verdict(stream).why).toMatch(
    /not counted: 499 failures of clients that had failed less than 60 s before/,
  );
});

test("without the mute the same burst is proven at once, but still called one client's trouble", () => {
  const burst = Array.from({ length: 500 }, (_, i) => ({ atS: 30 + i / 10, ok: false, client: "the one" }));
  const all = [...burst, ...traffic(0, 100, 5, 50)].sort((a, b) => a.atS - b.atS);
  const found = verdict(play(all, { muteS: 0 }));
  expect(found).toMatchObject({ outcome: "bad", breadth: "single-client", errorClients: 1 });
  expect(found.why).toMatch(/all from 1 client: this looks like one client's trouble/);
});

test("no burst of any one client among healthy ones is ever broad, muted or not", () => {
  const burst = fc.array(fc.double({ min: 0, max: 600, noNaN: true }), { maxLength: 400 });
  fc.assert(
    fc.property(burst, fc.constantFrom(0, 60), (times, muteS) => {
      const failing = times.map((atS) => ({ atS, ok: false, client: "the one" }));
      const all = [...failing, ...traffic(0, 600, 2, 30)].sort((a, b) => a.atS - b.atS);
      const stream = startErrorStream({ ...options, muteS });
      for (const seen of all) {
        observe(stream, seen);
        expect(stream.alarm).toBeNull();
      }
      expect(verdict(stream)).not.toMatchObject({ breadth: "broad" });
    }),
    { numRuns: 30 },
  );
});

test("one client's many failures beside two others' single ones are not broad", () => {
  const one = Array.from({ length: 20 }, (_, i) => ({ atS: i * 61, ok: false, client: "the one" }));
  const others = [100, 200].map((atS) => ({ atS, ok: false, client: `other-${atS}` }));
  const all = [...one, ...others, ...traffic(0, 1220, 0.3, 30)].sort((a, b) => a.atS - b.atS);
  const found = verdict(play(all));
  expect(found).toMatchObject({ outcome: "bad", breadth: "single-client" });
  expect(found.why).toMatch(/20 of these 22 failures come from one client/);
});

test("with fewer than three clients in five minutes a person is asked, and the sentence says why", () => {
  const seen = [0, 61, 122, 183].map((atS) => ({ atS, ok: false, client: "the only one" }));
  const found = verdict(play(seen));
  expect(found).toMatchObject({ outcome: "bad", breadth: "single-client", errors: 4 });
  expect(found.why).toMatch(/fewer than 3 clients were seen in the last 5 minutes.*a person has to decide/);
});

test("a service that is down for everybody is broad after five failures, and nothing is concluded in haste before", () => {
  const stream = startErrorStream(options);
  const outcomes = Array.from({ length: 6 }, (_, i) => {
    observe(stream, { atS: 0.1 * i, ok: false, client: `client-${i}` });
    return verdict(stream).outcome;
  });
  expect(outcomes).toEqual(["undecided", "undecided", "undecided", "undecided", "bad", "bad"]);
  expect(verdict(stream)).toMatchObject({ breadth: "broad" });
});

test("when the evidence is there but not its breadth, about how many more requests are needed is said", () => {
  const seen = ["a", "b", "c"].map((client, i) => ({ atS: i / 10, ok: false, client }));
  const found = verdict(play(seen));
  expect(found).toMatchObject({ outcome: "undecided", moreRequests: 2, errorClients: 3 });
  expect(found.evidence).toBeGreaterThan(1000);
});

test("a healthy release is verified, and the sentence has the figures", () => {
  const found = verdict(play(traffic(0, 60, 50, 40_000, 1000)));
  expect(found.outcome).toBe("verified");
  expect(found.why).toMatch(
    /^3 of 3,000 requests failed \(0\.1 %\); that is less than the 1 % that is allowed/,
  );
});

test("one retrying client among many healthy ones does not keep a release from being verified", () => {
  const burst = Array.from({ length: 900 }, (_, i) => ({ atS: i / 10, ok: false, client: "the one" }));
  const all = [...burst, ...traffic(0, 90, 50, 400)].sort((a, b) => a.atS - b.atS);
  expect(verdict(play(all)).outcome).toBe("verified");
});

test("a release on which the same few clients always fail is not called healthy, although the mute hides it", () => {
  const all = traffic(0, 300, 50, 400).map((one) => ({ ...one, ok: !/^client-[1-8]$/.test(one.client) }));
  const found = verdict(play(all));
  expect(found).toMatchObject({ outcome: "undecided", moreRequests: null });
  expect(found.errors / found.requests).toBeLessThan(0.005);
  expect(found.why).toMatch(
    /^\d+ of 15,000 requests failed \(2\.0 %\), nearly all by 8 clients that fail again and again/,
  );
});

test("verified is taken back when failures begin, before they are proven", () => {
  const stream = play(traffic(0, 60, 50, 400));
  expect(verdict(stream).outcome).toBe("verified");
  for (let i = 0; i < 3; i++) observe(stream, { atS: 61, ok: false, client: `new-${i}` });
  expect(verdict(stream).outcome).toBe("undecided");
});

test("without observations nothing is bad or verified, however much time passes", () => {
  const stream = startErrorStream(options);
  for (const nowS of [0, 1, 59, 300, 1800, 1e6]) {
    tick(stream, nowS);
    const found = verdict(stream, nowS);
    expect(found).toMatchObject({
      outcome: "undecided",
      requests: 0,
      errors: 0,
      evidence: expect.closeTo(1, 9),
    });
    expect(found.why).toMatch(/no request was seen yet.*about 6\d0 more requests/);
  }
});

test("a silent source makes it blind, with or without data, verified or not", () => {
  const why = "the access log is silent while connections are open";
  expect(verdict(startErrorStream(options), 10, why)).toMatchObject({ outcome: "blind", requests: 0 });
  const healthy = play(traffic(0, 60, 50, 400));
  expect(verdict(healthy, 60, null).outcome).toBe("verified");
  expect(verdict(healthy, 60, why)).toMatchObject({ outcome: "blind", why: expect.stringContaining(why) });
});

test("what was proven before the source fell silent stays bad", () => {
  expect(verdict(play(traffic(0, 20, 50, 400, 10)), 60, "gone").outcome).toBe("bad");
});

test("undecided names the requests that are missing, and they are about enough", () => {
  const start = traffic(0, 10, 10, 100);
  const found = verdict(play(start));
  expect(found.outcome).toBe("undecided");
  if (found.outcome !== "undecided") return;
  const more = found.moreRequests ?? 0;
  expect(more).toBeGreaterThan(100);
  expect(verdict(play([...start, ...traffic(10, 10 + more / 10, 10, 100)])).outcome).toBe("verified");
});

test("at the threshold itself it says that it cannot be told", () => {
  const seen = traffic(0, 200, 50, 5000, 100).map((one, i) => ({ ...one, client: `c-${i}` }));
  const found = verdict(play(seen));
  expect(found).toMatchObject({ outcome: "undecided", moreRequests: null });
  expect(found.why).toMatch(/too near to it to be told apart/);
});

test("a release that is no worse than a baseline in trouble is not called healthy", () => {
  const found = verdict(play(traffic(0, 100, 50, 4000, 10), { threshold: 0.3 }));
  expect(found).toMatchObject({ outcome: "undecided", moreRequests: null });
  expect(found.why).toMatch(/so much failed before the deploy/);
});

test("requests from before the deploy do not count, late ones count as of now", () => {
  const stream = play([
    { atS: -1, ok: false, client: "early" },
    { atS: 10, ok: true, client: "a" },
    { atS: 3, ok: false, client: "late" },
  ]);
  expect(stream).toMatchObject({ requests: 2, errors: 1, nowS: 10 });
  expect(stream.counts.errors[10]).toBe(1);
});

test("under H0 no next request raises the evidence on average, with the mute and whoever asks", () => {
  const next = fc.record({
    client: fc.constantFrom("a", "b", "new"),
    waitS: fc.double({ min: 0, max: 90, noNaN: true }),
  });
  fc.assert(
    fc.property(histories, next, (past, { client, waitS }) => {
      const stream = play(past);
      const atS = stream.nowS + waitS;
      const [failed, went] = [false, true].map((ok) =>
        evidence(play([...past, { atS, ok, client }]).process),
      );
      const mean = 0.01 * (failed ?? Number.NaN) + 0.99 * (went ?? Number.NaN);
      expect(mean).toBeLessThanOrEqual(evidence(stream.process) * (1 + 1e-9));
    }),
  );
});

test("any history gives a finding of the agreed shape, the same after a trip through JSON", () => {
  fc.assert(
    fc.property(histories, fc.nat({ max: 119 }), (seen, cut) => {
      const stream = play(seen);
      const half = JSON.parse(JSON.stringify(play(seen.slice(0, cut)))) as ErrorStream;
      for (const one of seen.slice(cut)) observe(half, one);
      expect(verdict(half)).toEqual(verdict(stream));
      expect(Number.isFinite(verdict(stream).evidence)).toBe(true);
    }),
  );
});

test("how often one looks changes nothing", () => {
  fc.assert(
    fc.property(histories, (seen) => {
      const looked = startErrorStream(options);
      for (const one of seen) {
        observe(looked, one);
        tick(looked, one.atS + 0.4);
        conclude(looked, { nowS: looked.nowS, blind: null });
      }
      const unlooked = startErrorStream(options);
      for (const one of seen) {
        observe(unlooked, one);
        tick(unlooked, one.atS + 0.4);
      }
      expect(looked).toEqual(unlooked);
    }),
    { numRuns: 50 },
  );
});

test("a smaller share of alpha needs more evidence", () => {
  expect(verdict(play([], { alpha: 0.0005 })).needed).toBe(2000);
  expect(() => startErrorStream({ ...options, alpha: 0 })).toThrow(/alpha/);
});
