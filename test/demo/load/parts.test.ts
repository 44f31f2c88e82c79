// The small parts of the load generator.
import { expect, test } from "vitest";
import { createDice } from "../../../src/demo/load/dice.ts";
import { maskedFrame, OPCODE, takeFrames } from "../../../src/demo/load/frames.ts";
import { createLatencyMeter } from "../../../src/demo/load/latency.ts";

test("the same seed throws the same dice, another one others", () => {
  const throws = (seed: number) => {
    const dice = createDice(seed);
    return Array.from({ length: 1_000 }, () => dice.next());
  };
  expect(throws(1)).toEqual(throws(1));
  expect(throws(1)).not.toEqual(throws(2));
  expect(throws(1).every((value) => value >= 0 && value < 1)).toBe(true);
  const mean = throws(1).reduce((sum, value) => sum + value, 0) / 1_000;
  expect(mean).toBeCloseTo(0.5, 1);
});

test("percentiles are right to two percent and the maximum exactly", () => {
  const meter = createLatencyMeter();
  expect(meter.read()).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
  for (let ms = 1; ms <= 1_000; ms++) meter.add(ms);
  const { p50, p95, p99, max } = meter.read();
  for (const [value, exact] of [
    [p50, 500],
    [p95, 950],
    [p99, 990],
  ] as const) {
    expect(value).toBeGreaterThanOrEqual(exact);
    expect(value).toBeLessThanOrEqual(exact * 1.021);
  }
  expect(max).toBe(1_000);
});

test("frames are taken apart alike wherever the bytes are torn", () => {
  const long = Buffer.alloc(300, "x");
  const bytes = Buffer.concat([
    Buffer.from([0x81, 2, 0x68, 0x69, 0x89, 0, 0x81, 126, 300 >> 8, 300 & 0xff]),
    long,
  ]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const first = takeFrames(bytes.subarray(0, cut));
    const second = takeFrames(Buffer.concat([first.rest, bytes.subarray(cut)]));
    const frames = [...first.frames, ...second.frames].map(({ opcode, payload }) => [
      opcode,
      payload.toString(),
    ]);
    expect(frames).toEqual([
      [OPCODE.TEXT, "hi"],
      [OPCODE.PING, ""],
      [OPCODE.TEXT, long.toString()],
    ]);
    expect([first.isBroken, second.isBroken, second.rest.length]).toEqual([false, false, 0]);
  }
  expect(takeFrames(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0, 0])).isBroken).toBe(true);
});

test("a masked frame has the bytes that RFC 6455 (section 5.7) gives as its example", () => {
  const frame = maskedFrame(OPCODE.TEXT, Buffer.from("Hello"), Buffer.from([0x37, 0xfa, 0x21, 0x3d]));
  expect(frame.toString("hex")).toBe("818537fa213d7f9f4d5158");
});
