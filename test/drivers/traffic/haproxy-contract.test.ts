import { afterEach, beforeEach, test } from "vitest";
import { type TrafficBed, trafficContractWithoutHold } from "../../../src/testing/contracts/traffic.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, backend, op, route, type TestBackend } from "../../proxy/bed.ts";
import { type HaproxyBed, haproxyBed } from "./haproxy-bed.ts";

const withPart = await describeWith("haproxy");

withPart("a real HAProxy fulfils the contract", () => {
  let haproxy: HaproxyBed;
  let backends: TestBackend[];

  beforeEach(async () => {
    haproxy = await haproxyBed();
    backends = [];
  }, 60_000);
  afterEach(async () => {
    await haproxy.close();
    await Promise.all(backends.map((one) => one.close()));
  }, 60_000);

  function bed(): TrafficBed {
    return {
      traffic: haproxy.traffic,
      cannotHold: true,
      again: async () => haproxy.again(),
      op,
      async backend(name) {
        const made = await backend(name);
        backends.push(made);
        return route(made);
      },
      async ask(path) {
        const { status, headers } = await ask(`${haproxy.url}${path}`);
        return { status, release: (headers["x-lastgood-release"] as string | undefined) ?? null };
      },
    };
  }

  for (const { name, run } of trafficContractWithoutHold) test(name, { timeout: 60_000 }, () => run(bed()));
});
