import { afterAll, afterEach, beforeAll, beforeEach, test } from "vitest";
import { type EdgeConfig, type EdgeTraffic, edgeTraffic } from "../../../src/drivers/traffic/edge/edge.ts";
import type { Backend } from "../../../src/ports/traffic.ts";
import { type TrafficBed, trafficContract } from "../../../src/testing/contracts/traffic.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, op, value } from "../../proxy/bed.ts";
import { type EdgeBed, edgeBed } from "./edge-bed.ts";

const withDocker = await describeWith("docker");

withDocker("the edge container fulfils the contract of traffic drivers", () => {
  const { later, end } = laterOn();
  const backends = new Map<string, Backend>();
  let bed: EdgeBed;
  let config: EdgeConfig;
  let edge: EdgeTraffic;

  beforeAll(async () => {
    bed = await edgeBed(later);
    for (const name of ["v1", "v2", "v3"]) backends.set(name, await bed.backend(name));
  }, 300_000);
  afterAll(end, 120_000);

  beforeEach(async () => {
    config = bed.config({ published: [{ hostIp: "127.0.0.1", hostPort: await bed.freePort() }] });
    edge = edgeTraffic(config, bed.deps);
    value(await edge.ensure());
    value(await edge.join());
  }, 120_000);
  afterEach(async () => {
    await bed.docker("rm", "--force", `lastgood-${config.project}-edge-${config.service}`);
  }, 60_000);

  function trafficBed(): TrafficBed {
    return {
      traffic: edge,
      again: async () => edgeTraffic(config, bed.deps),
      op,
      async backend(name) {
        const known = backends.get(name);
        if (!known) throw new Error(`no backend ${name}`);
        return known;
      },
      async ask(path) {
        const { status, headers } = await ask(`http://127.0.0.1:${config.published[0]?.hostPort}${path}`);
        return { status, release: (headers["x-lastgood-release"] as string | undefined) ?? null };
      },
    };
  }

  for (const { name, run } of trafficContract) test(name, { timeout: 120_000 }, () => run(trafficBed()));
});
