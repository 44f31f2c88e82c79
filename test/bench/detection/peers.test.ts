import { describe, expect, test } from "vitest";
import { argo } from "../../../bench/detection/peers/argo.ts";
import { burnRate } from "../../../bench/detection/peers/burn-rate.ts";
import { releaseManager } from "../../../bench/detection/peers/cloud-run.ts";
import { cloudwatch } from "../../../bench/detection/peers/cloudwatch.ts";
import { flagger } from "../../../bench/detection/peers/flagger.ts";
import { growthbook, halfWidth } from "../../../bench/detection/peers/growthbook.ts";
import { isHigh, kayenta } from "../../../bench/detection/peers/kayenta.ts";
import type { View } from "../../../bench/detection/peers/peer.ts";
import { kamal, pollScript, swarm } from "../../../bench/detection/peers/start-only.ts";

const hour = 3600;

/** 100 requests a second; `failing` by second, the control arm and the time before at 0.1 %. */
function view(failing: (second: number) => number, rate = 100): View {
  const sum = (share: (second: number) => number) => (fromS: number, toS: number) => {
    let requests = 0;
    let errors = 0;
    for (let second = fromS; second < toS; second++) {
      requests += rate;
      errors += rate * (second < 0 ? 0.001 : share(second));
    }
    return { requests, errors };
  };
  return {
    service: sum(failing),
    control: sum(() => 0.001),
    poll: (atS) => failing(atS - 1) < 0.5,
    exitsAtS: null,
  };
}

const broken = view(() => 0.2);
const well = view(() => 0.001);
const silent = view(() => 0, 0);

describe("Argo Rollouts", () => {
  const rule = { intervalS: 60, windowS: 60, success: 0.99, failureLimit: 3 };

  test("failures add up, whatever lies between them: the fourth is more than a limit of 3", () => {
    const each2nd = view((second) => (Math.floor(second / 60) % 2 === 1 ? 0.2 : 0));
    expect(argo(rule)(each2nd, hour)).toBe(8 * 60);
    expect(argo(rule)(broken, hour)).toBe(4 * 60);
    expect(argo(rule)(well, hour)).toBe(null);
  });

  test("the default limit of 0 ends at the first, and NaN is no success", () => {
    expect(argo({ ...rule, failureLimit: 0 })(broken, hour)).toBe(60);
    expect(argo({ ...rule, failureLimit: 0 })(silent, hour)).toBe(60);
  });
});

describe("Flagger", () => {
  const rule = { intervalS: 60, windowS: 60, success: 0.99, threshold: 5, checks: 10 };

  test("is rolled back on the tick after the one that reached the threshold", () => {
    expect(flagger(rule)(broken, hour)).toBe(6 * 60);
    expect(flagger({ ...rule, threshold: 1 })(broken, hour)).toBe(2 * 60);
  });

  test("good checks take none away, no values count as failed, and after the last check nobody looks", () => {
    const each2nd = view((second) => (Math.floor(second / 60) % 2 === 0 ? 0.2 : 0));
    expect(flagger(rule)(each2nd, hour)).toBe(10 * 60);
    expect(flagger(rule)(silent, hour)).toBe(6 * 60);
    expect(
      flagger(rule)(
        view((second) => (second > 700 ? 1 : 0)),
        hour,
      ),
    ).toBe(null);
  });
});

describe("CloudWatch", () => {
  const rule = { periodS: 60, m: 3, n: 3, limit: 0.01, publishedAfterS: 60 };

  test("M of the newest N periods, once their figures are published", () => {
    expect(cloudwatch(rule)(broken, hour)).toBe(240);
    expect(cloudwatch({ ...rule, m: 1, n: 1 })(broken, hour)).toBe(120);
    const now = view((second) => (Math.floor(second / 60) % 3 === 2 ? 0 : 0.2));
    expect(cloudwatch(rule)(now, hour)).toBe(null);
    expect(cloudwatch({ ...rule, m: 2 })(now, hour)).toBe(180);
  });

  test("missing periods neither breach nor clear", () => {
    expect(cloudwatch(rule)(silent, hour)).toBe(null);
  });
});

describe("burn rates", () => {
  const rule = { objective: 0.999, evaluateS: 30, groupWaitS: 30 };

  test("fire when the long window burns: W (B (1 - SLO) - before) / (now - before), then wait for the group", () => {
    const due = (hour * (14.4 * 0.001 - 0.001)) / (0.05 - 0.001);
    expect(
      burnRate(rule)(
        view(() => 0.05),
        hour,
      ),
    ).toBe(Math.ceil(due / 30) * 30 + 30);
  });

  test("a burst that is over no longer burns in the short window", () => {
    expect(
      burnRate(rule)(
        view((second) => (second < 200 ? 0.05 : 0)),
        2 * hour,
      ),
    ).toBe(null);
    expect(burnRate(rule)(silent, hour)).toBe(null);
  });
});

test("Cloud Run Release Manager: one error in twenty requests is more than 1 %, at the next turn of the loop", () => {
  const rule = { loopS: 60, windowS: 1800, limit: 0.01 };
  expect(
    releaseManager(rule)(
      view((second) => (second === 0 ? 0.05 : 0), 20 / 60),
      hour,
    ),
  ).toBe(null);
  expect(
    releaseManager(rule)(
      view((second) => (second === 0 ? 1 : 0), 1 / 3),
      hour,
    ),
  ).toBe(60);
  expect(releaseManager(rule)(well, hour)).toBe(null);
  expect(releaseManager(rule)(silent, hour)).toBe(null);
});

describe("Kayenta", () => {
  const points = (high: number) => Array.from({ length: 10 }, (_, i) => (i < high ? 100 : 1));
  const control = Array.from({ length: 10 }, () => 1);

  test("7 of 10 points a hundred times higher pass, 8 fail (kayenta#426)", () => {
    expect(isHigh(points(7), control)).toBe(false);
    expect(isHigh(points(8), control)).toBe(true);
  });

  test("judges at its interval, with 50 points or more", () => {
    const rule = { intervalS: 3600, lifetimeS: 10_800, stepS: 60, leastPoints: 50 };
    const wavy = view((second) => 0.05 + 0.001 * (Math.floor(second / 60) % 7));
    expect(kayenta(rule)(wavy, 3 * hour)).toBe(3600);
    expect(kayenta({ ...rule, intervalS: 600 })(wavy, 3000 - 600)).toBe(null);
    expect(kayenta(rule)(silent, 3 * hour)).toBe(null);
  });
});

describe("GrowthBook", () => {
  test("the sequence is wider than the interval of one look, and narrows as requests come", () => {
    const oneLook = (n: number) => 1.645 / Math.sqrt(n);
    const widths = [500, 5_000, 50_000].map((n) => halfWidth(1, n, 0.05, 5_000) / oneLook(n));
    for (const one of widths) expect(one).toBeGreaterThan(1.2);
    // Tightest, against one look, about where it was tuned for.
    expect(widths[1]).toBeLessThan(widths[0] as number);
    expect(halfWidth(1, 50_000, 0.05, 5_000)).toBeLessThan(halfWidth(1, 5_000, 0.05, 5_000));
  });

  test("looks when it is refreshed; without traffic it says nothing", () => {
    const rule = { refreshS: 60, alpha: 0.05, tunedFor: 5_000 };
    expect(growthbook(rule)(broken, hour)).toBe(60);
    expect(growthbook({ ...rule, refreshS: 21_600 })(broken, hour)).toBe(null);
    expect(growthbook(rule)(silent, hour)).toBe(null);
    expect(growthbook(rule)(well, hour)).toBe(null);
  });
});

describe("rules that look at the start alone", () => {
  test("Swarm pauses by default, and sees exits only", () => {
    const exits = { ...broken, exitsAtS: 3 };
    expect(swarm(5, "pause")(exits, hour)).toBe(null);
    expect(swarm(5, "rollback")(exits, hour)).toBe(3);
    expect(swarm(5, "rollback")({ ...broken, exitsAtS: 8 }, hour)).toBe(null);
    expect(swarm(5, "rollback")(broken, hour)).toBe(null);
  });

  test("Kamal gives up after 30 s without one good answer, and looks no more after one", () => {
    expect(
      kamal(30, 1)(
        view(() => 1),
        hour,
      ),
    ).toBe(30);
    expect(
      kamal(30, 1)(
        view((second) => (second === 20 ? 0 : 1)),
        hour,
      ),
    ).toBe(null);
  });

  test("a poll script wants its failures in a row", () => {
    expect(
      pollScript(10, 3)(
        view(() => 1),
        hour,
      ),
    ).toBe(30);
    expect(
      pollScript(10, 3)(
        view((second) => ((second + 1) % 30 === 0 ? 0 : 1)),
        hour,
      ),
    ).toBe(null);
  });
});
