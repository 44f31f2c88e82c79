import { expect, test } from "vitest";
import { finding } from "../../../src/core/detect/finding.ts";
import {
  concludeProbes,
  observeProbe,
  type ProbeStream,
  startProbeStream,
  tickProbes,
} from "../../../src/core/detect/probe-stream.ts";

function play(answers: readonly boolean[], everyS = 5, alpha?: number): ProbeStream {
  const stream = startProbeStream(alpha === undefined ? { horizonS: 1800 } : { horizonS: 1800, alpha });
  answers.forEach((ok, i) => {
    observeProbe(stream, { atS: (i + 1) * everyS, ok });
  });
  return stream;
}

function verdict(stream: ProbeStream, blind: string | null = null) {
  return finding.parse(concludeProbes(stream, { blind }));
}

const good = (count: number): boolean[] => new Array(count).fill(true);
const bad = (count: number): boolean[] => new Array(count).fill(false);

test("two failures in a row after the deploy mean down, one does not", () => {
  expect(verdict(play(bad(1))).outcome).toBe("undecided");
  const found = verdict(play(bad(2)));
  expect(found).toMatchObject({ outcome: "bad", breadth: "down", stream: "probe", onsetS: 0, errors: 2 });
  expect(found.evidence).toBeGreaterThanOrEqual(1000);
  expect(found.why).toMatch(/^2 of 2 health probes failed \(100 %\) from the deploy on/);
});

test("with half of alpha it takes three", () => {
  expect(verdict(play(bad(2), 5, 0.0005)).outcome).toBe("undecided");
  expect(verdict(play(bad(3), 5, 0.0005)).outcome).toBe("bad");
});

test("a release that dies after ten minutes is down after four failures, dated to its death", () => {
  const found = verdict(play([...good(600), ...bad(4)], 1));
  expect(found).toMatchObject({ outcome: "bad", breadth: "down", onsetS: 601 });
  expect(verdict(play([...good(600), ...bad(3)], 1)).outcome).not.toBe("bad");
});

test("it is up after eight good probes, not after seven", () => {
  expect(verdict(play(good(7)))).toMatchObject({ outcome: "undecided", moreRequests: 2 });
  expect(verdict(play(good(8)))).toMatchObject({ outcome: "verified", requests: 8 });
});

test("one failed probe takes the verdict back until good ones outweigh it", () => {
  const stream = play([...good(2), ...bad(1), ...good(3)]);
  expect(verdict(stream).outcome).toBe("undecided");
  expect(verdict(play([...good(2), ...bad(1), ...good(30)])).outcome).toBe("verified");
});

test("down stays proven when probes are answered again", () => {
  const stream = play([...bad(4), ...good(400)]);
  expect(verdict(stream)).toMatchObject({ outcome: "bad", breadth: "down" });
  expect(verdict(stream).evidence).toBeGreaterThanOrEqual(1000);
});

test("without probes nothing is concluded, and a probe that cannot be sent makes it blind", () => {
  const stream = startProbeStream({ horizonS: 1800 });
  tickProbes(stream, 1e5);
  expect(verdict(stream)).toMatchObject({
    outcome: "undecided",
    requests: 0,
    moreRequests: expect.any(Number),
  });
  expect(verdict(stream, "no socket is free")).toMatchObject({ outcome: "blind" });
  expect(verdict(play(bad(3)), "no socket is free").outcome).toBe("bad");
});

test("probes from before the deploy do not count", () => {
  const stream = startProbeStream({ horizonS: 1800 });
  observeProbe(stream, { atS: -0.1, ok: false });
  expect(stream.requests).toBe(0);
});

test("it survives JSON", () => {
  const stream = JSON.parse(JSON.stringify(play(bad(1)))) as ProbeStream;
  observeProbe(stream, { atS: 10, ok: false });
  expect(verdict(stream)).toEqual(verdict(play(bad(2))));
});
