// A release on Docker Swarm goes out, breaks, and goes back by itself: three real engines, plans and watch as everywhere.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bedFolder, laterOn } from "../../parts/bed.ts";
import { describeWithSwarm, type SwarmBed, swarmBed } from "../../parts/swarm.ts";
import { openWith, program, send } from "./story.ts";

const minutes = 60_000;
const describeSwarm = await describeWithSwarm();
let bed: SwarmBed;

/** No virtual addresses and no mesh here (no IP_VS in this kernel): a port on each node, one copy each. */
function stackFile(image: string): string {
  const service = (name: string, port: number) => `  ${name}:
    image: ${image}:\${TAG}
    ports: [ { target: 8080, published: ${port}, mode: host } ]
    stop_grace_period: 1s
    deploy:
      endpoint_mode: dnsrr
      mode: global
      restart_policy: { condition: any, delay: 500ms }
      update_config: { order: stop-first, monitor: 1s }
`;
  return `version: "3.8"\nservices:\n${service("api", 8081)}${service("web", 8080)}`;
}

describeSwarm("swarm", () => {
  const { later, end } = laterOn();
  beforeAll(async () => {
    bed = await swarmBed({ heartbeat: "1s" });
  }, 5 * minutes);
  afterAll(async () => {
    await end();
    await bed?.close();
  }, 2 * minutes);

  test("two services go out together; one that breaks later is found by probes, and both are back", {
    timeout: 6 * minutes,
  }, async () => {
    const image = "story";
    await bed.image(image, "v1", program("v1"));
    await bed.image(image, "v3", program("v3", { brokenAfterMs: 25_000 }));
    const folder = await bedFolder("swarm-story", later);
    await writeFile(join(folder, "stack.yml"), stackFile(image));
    const [manager] = bed.nodes;
    const probe = `http://${manager.address}`;
    const text = `app: shop
state: ${folder}/state
environments:
  production:
    stack:
      runtime: swarm
      files: [stack.yml]
      versionVariable: TAG
      stackName: story
      socket: ${manager.socket}
      timeout: 2m
      services:
        api: { health: /health, probe: "${probe}:8081" }
        web: { health: /health, probe: "${probe}:8080" }
    watch: { for: 5s, check: 100ms }
`;
    const opened = await openWith(folder, text, later);
    const first = await send(opened, "v1");
    expect([first.outcome, first.problem]).toEqual(["done", null]);
    const bad = await send(opened, "v3");
    console.log(bad.what, bad.means);
    expect(bad.outcome).toBe("rolled-back");
    const env = opened.app.deps.ledger.state().envs["production"];
    expect(env?.serving).toMatch(/^v1-/);
    const labels = await manager.docker(
      "service",
      "inspect",
      "--format",
      '{{index .Spec.Labels "lastgood.release"}}',
      "story_api",
      "story_web",
    );
    expect(
      labels
        .trim()
        .split("\n")
        .every((label) => label.startsWith("v1-")),
    ).toBe(true);
  });
});
