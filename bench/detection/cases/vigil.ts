// How often somebody is asked to look into nothing, outside of watches: whole rounds in which all is just as bad as allowed.
import type { Expects } from "../../../src/core/detect/expects.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../../../src/core/detect/streams.ts";
import { alphaPerDay, nextRound } from "../../../src/core/detect/vigil.ts";
import type { BenchResult } from "../../document.ts";
import type { Random } from "../../random.ts";
import { clientNames } from "../deploy.ts";
import { poisson } from "../poisson.ts";
import { begin, share } from "../report.ts";

const threshold = 0.01;
const route = "/api/payments";
/** Of a site with a usual share of payments; each is an event as well. */
const paying = 0.1;
const allowedDeclined = 0.05;
const before = { p50: 100, p90: 200, p95: 300 };
const clients = clientNames(200);
const { forMs, alpha } = nextRound(null, 0, false);
const horizonS = forMs / 1_000;
const roundsAQuarter = 6 * 91.3;

/** Requests a second, and the part of the runs that is affordable there. */
const rates = [
  { rate: 0.05, part: 0.1 },
  { rate: 0.5, part: 0.05 },
  { rate: 5, part: 0.01 },
] as const;

export function roundsAsAllowed(seed: number, deploys: number): readonly BenchResult[] {
  return rates.flatMap(({ rate, part }) => {
    const n = Math.max(2, Math.ceil(deploys * part));
    const random = begin(`${n} rounds outside of watches, all as bad as allowed, ${rate} requests/s`, seed);
    let found = 0;
    for (let i = 0; i < n; i++) if (isFound(random, rate)) found += 1;
    const label = `errors, payments, answer times and orders as bad as allowed, rounds of 4 h, ${rate} requests/s: told`;
    const quarter = (found / n) * roundsAQuarter;
    const note = `by theorem at most ${alpha.toPrecision(3)} a round and ${alphaPerDay} a day; counted: ${quarter.toFixed(2)} a quarter of a year`;
    return [share(label, found, n, null, note)];
  });
}

/** One round: does any stream call somebody? */
function isFound(random: Random, rate: number): boolean {
  const due = paying * rate * (1 - allowedDeclined);
  const expects: Expects = {
    latency: before,
    payments: { routes: [route], threshold: allowedDeclined },
    events: [{ name: "payment", routes: [route], due: [{ fromS: 0, perS: due }] }],
  };
  const heard = { errors: true, probe: false };
  const streams = startStreams({ threshold, horizonS, alpha, heard, expects, anchor: 0 });
  for (let second = 0; second < horizonS; second++) {
    for (let left = poisson(random, rate); left > 0; left--) ask(streams, random, second);
    tickStreams(streams, second + 1);
  }
  const { all } = concludeStreams(streams, { nowS: horizonS, blind: { errors: null, probe: null } });
  return all.some((one) => one.outcome === "bad" && one.breadth !== "single-client");
}

function ask(streams: Streams, random: Random, second: number): void {
  const client = clients[random.below(clients.length)] ?? "";
  const pays = random.uniform() < paying;
  const failed = random.uniform() < threshold;
  // A decline is no error of the server; together they are just as many as may fail.
  const declined = pays && random.uniform() < (allowedDeclined - threshold) / (1 - threshold);
  const status = failed ? 500 : declined ? 402 : 200;
  const seen = { atS: second + 0.5, ok: !failed, client, status, ms: msOf(random.uniform()) };
  observeRequest(streams, pays ? { ...seen, route } : seen);
}

/** Slower than 1.25 times each quantile with just the chance that it leaves. */
function msOf(chance: number): number {
  if (chance < 0.05) return 1.26 * before.p95;
  if (chance < 0.1) return 1.26 * before.p90;
  return chance < 0.5 ? 1.26 * before.p50 : 50;
}
