import { afterEach, beforeEach, describe, test } from "vitest";
import { type TrafficBed, trafficContract } from "../../../src/testing/contracts/traffic.ts";
import { ask, type Bed, backend, op, proxyBed, route, type TestBackend } from "../../proxy/bed.ts";

describe("the embedded proxy fulfils the contract of traffic drivers", () => {
  let proxy: Bed;
  let backends: TestBackend[];

  beforeEach(async () => {
    proxy = await proxyBed();
    backends = [];
  });
  afterEach(async () => {
    await proxy.close();
    await Promise.all(backends.map((one) => one.close()));
  });

  function bed(): TrafficBed {
    return {
      traffic: proxy.traffic,
      again: async () => proxy.again(),
      op,
      async backend(name) {
        const made = await backend(name);
        backends.push(made);
        return route(made);
      },
      async ask(path) {
        const { status, headers } = await ask(`${proxy.url}${path}`);
        return { status, release: (headers["x-lastgood-release"] as string | undefined) ?? null };
      },
    };
  }

  for (const { name, run } of trafficContract) test(name, () => run(bed()));
});
