import fc from "fast-check";
import { expect, test } from "vitest";
import {
  breadth,
  evidenceWithoutWorst,
  failedClients,
  failureLimit,
  failuresByClient,
  fewClients,
  neededWithoutWorst,
  noteClient,
  rememberFailure,
  startFailures,
  startRecentClients,
} from "../../../src/core/detect/breadth.ts";
import { countRequest, openBuckets, startCounts } from "../../../src/core/detect/counts.ts";
import { countError, countOk, evidence, startEProcess, tickTo } from "../../../src/core/detect/e-process.ts";

type Request = { readonly atS: number; readonly client: string; readonly ok: boolean };

const options = { threshold: 0.01, horizonS: 120 };

function play(requests: readonly Request[]) {
  const process = startEProcess(options);
  const counts = startCounts();
  const failures = startFailures();
  const recent = startRecentClients();
  for (const { atS, client, ok } of requests) {
    tickTo(process, atS);
    openBuckets(counts, process.ticks);
    countRequest(counts, process.ticks, ok);
    noteClient(recent, client, atS);
    if (ok) countOk(process);
    else {
      countError(process);
      rememberFailure(failures, client, process.ticks);
    }
  }
  return { process, counts, failures, recent };
}

/** The e-process without one client's requests at all, by definition. */
function withoutClient(requests: readonly Request[], client: string): number {
  const process = startEProcess(options);
  for (const request of requests) {
    tickTo(process, request.atS);
    if (request.client === client) continue;
    request.ok ? countOk(process) : countError(process);
  }
  return evidence(process);
}

function spread(errors: number, clients: number, oks = 60): readonly Request[] {
  const good = Array.from({ length: oks }, (_, i) => ({ atS: i / 10, client: `good-${i % 20}`, ok: true }));
  const bad = Array.from({ length: errors }, (_, i) => ({
    atS: 6 + i / 10,
    client: `bad-${i % clients}`,
    ok: false,
  }));
  return [...good, ...bad];
}

function read(requests: readonly Request[], nowS = 90) {
  const { process, counts, failures, recent } = play(requests);
  return breadth(process, counts, failures, recent, nowS);
}

const request = fc.record({
  client: fc.constantFrom("a", "b", "c", "d", "e"),
  ok: fc.boolean(),
  waitS: fc.double({ min: 0, max: 3, noNaN: true }),
});
const histories = fc.array(request, { minLength: 1, maxLength: 80 }).map((steps) => {
  let atS = 0;
  return steps.map(({ client, ok, waitS }) => {
    atS += waitS;
    return { client, ok, atS };
  });
});

test("what is left without the worst client is never more than the e-process without any one client", () => {
  fc.assert(
    fc.property(histories, (requests) => {
      const { process, counts, failures } = play(requests);
      const least = Math.min(...["a", "b", "c", "d", "e"].map((client) => withoutClient(requests, client)));
      expect(evidenceWithoutWorst(process, counts, failures)).toBeLessThanOrEqual(least * (1 + 1e-9));
    }),
  );
});

test("where each client failed once, it is the evidence without the newest failure", () => {
  const requests = spread(6, 6);
  const { process, counts, failures } = play(requests);
  const unspent = (1 - process.deployShare) * (1 - process.ticks / options.horizonS);
  const expected = withoutClient(requests, "bad-5") - unspent;
  expect(evidenceWithoutWorst(process, counts, failures) / expected).toBeCloseTo(1, 9);
});

test("six failures from six clients are broad", () => {
  expect(read(spread(6, 6))).toEqual({ kind: "broad", errorClients: 6, worstErrors: 1 });
});

test("six failures from one or two clients are not, however strong the evidence", () => {
  expect(read(spread(60, 1)).kind).toBe("one-client");
  expect(read(spread(60, 2)).kind).toBe("one-client");
});

test("a few failures beside one client's many do not make it broad", () => {
  const requests = [
    ...spread(30, 1, 400),
    ...spread(2, 2, 0).map((r) => ({ ...r, client: `x-${r.client}` })),
  ];
  const { process, counts, failures } = play(requests);
  expect(evidence(process)).toBeGreaterThan(1e6);
  expect(evidenceWithoutWorst(process, counts, failures)).toBeLessThan(neededWithoutWorst);
  expect(read(requests).kind).toBe("one-client");
});

test("four failures from four clients are too few to call, five are enough", () => {
  expect(read(spread(4, 4)).kind).toBe("unclear");
  expect(read(spread(5, 5)).kind).toBe("broad");
});

test("two clients in five minutes are too few to tell, but not in the first minute of a watch", () => {
  const requests = [0, 1, 2, 3].map((i) => ({ atS: i, client: `c-${i % 2}`, ok: false }));
  expect(read(requests, 59).kind).toBe("unclear");
  expect(read(requests, 60).kind).toBe("few-clients");
});

test("the third client keeps its time: seen within five minutes or not", () => {
  const recent = startRecentClients();
  for (const [client, atS] of [
    ["a", 100],
    ["b", 200],
    ["b", 250],
    ["c", 300],
    ["a", 380],
    ["c", 390],
  ] as const) {
    noteClient(recent, client, atS);
  }
  expect(fewClients(recent, 549)).toBe(false);
  expect(fewClients(recent, 550)).toBe(true);
});

test("the newest three clients are the same as by looking at the whole past", () => {
  const visits = fc.array(
    fc.record({ client: fc.constantFrom("a", "b", "c", "d"), waitS: fc.integer({ min: 0, max: 200 }) }),
  );
  fc.assert(
    fc.property(visits, (steps) => {
      const recent = startRecentClients();
      const past: { client: string; atS: number }[] = [];
      let atS = 60;
      for (const { client, waitS } of steps) {
        atS += waitS;
        noteClient(recent, client, atS);
        past.push({ client, atS });
      }
      const seen = new Set(past.filter((visit) => visit.atS > atS - 300).map((visit) => visit.client));
      expect(fewClients(recent, atS)).toBe(seen.size < 3);
    }),
  );
});

test("memory of failures is bounded, and what was forgotten is never counted as evidence", () => {
  const { process, counts } = play([]);
  const failures = startFailures();
  for (let i = 0; i < 5 * failureLimit; i++) {
    const second = Math.floor(i / 1000);
    tickTo(process, second);
    openBuckets(counts, process.ticks);
    for (let k = 0; k < 9; k++) {
      countRequest(counts, process.ticks, true);
      countOk(process);
    }
    countRequest(counts, process.ticks, false);
    countError(process);
    rememberFailure(failures, `client-${i % 300}`, process.ticks);
    expect(failures.kept.length).toBeLessThan(2 * failureLimit);
  }
  expect(failures.forgottenTo).toBe(39);
  expect(failuresByClient(failures)).toHaveLength(300);
  const left = evidenceWithoutWorst(process, counts, failures);
  expect(Number.isFinite(left)).toBe(true);
  expect(left).toBeGreaterThan(neededWithoutWorst);
  // Only bets that were started after what was forgotten are left: none, when all is forgotten.
  expect(evidenceWithoutWorst(process, counts, { ...failures, forgottenTo: 49 })).toBe(0);
});

test("failures by client are the same whether they were asked for before or not, also when some were forgotten", () => {
  const failures = startFailures();
  for (let i = 0; i < 5 * failureLimit; i += 1) {
    rememberFailure(failures, `c${(i * i) % 997}`, Math.floor(i / 25_000));
    if (i % 3_001 !== 0 && i !== 2 * failureLimit - 2 && i !== 3 * failureLimit - 1) continue;
    const fresh = JSON.parse(JSON.stringify(failures)) as typeof failures;
    expect(failuresByClient(failures)).toEqual(failuresByClient(fresh));
    expect(failedClients(failures)).toBe(new Set(failures.kept.map(({ client }) => client)).size);
  }
});
