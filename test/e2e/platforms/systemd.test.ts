// A release under systemd goes out, is bad, and goes back by itself: real units, our proxy in front.
import { expect, test } from "vitest";
import { afterTest, freePort } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { systemdBed } from "../../parts/systemd.ts";
import { goodThenBad, openWith, send, writeVersions } from "./story.ts";

const minutes = 60_000;
const withSystemd = await describeWith("docker", "systemd");

withSystemd("systemd", () => {
  test("two units, one beside the other: no request is lost, a bad release is taken back", {
    timeout: 4 * minutes,
  }, async () => {
    const machine = await systemdBed();
    writeVersions(machine.folder);
    await machine.unit(
      "shop@.service",
      "[Service]\nExecStart=/usr/local/bin/node main.mjs\nRestart=always\n",
    );
    const port = await freePort();
    const text = `app: shop
state: ${machine.folder}/state
environments:
  production:
    stack:
      runtime: systemd
      address: ${machine.address}
      services:
        web:
          source: ${machine.folder}/versions/{version}
          unit: shop@.service
          ports: { blue: 4001, green: 4002 }
          health: { path: /health, interval: 50ms, timeout: 20s }
          stopGrace: 2s
    traffic: { kind: proxy, listen: "127.0.0.1:${port}", client: { cookie: sid } }
    watch: { for: 2s, check: 1s }
`;
    const opened = await openWith(machine.folder, text, afterTest, { host: machine.host });
    await goodThenBad(opened, `http://127.0.0.1:${port}/`);
    expect(await machine.ctl("is-active", "shop@blue.service")).toBe("active");
  });

  test("one plain unit with strategy pause: requests wait while it is exchanged", {
    timeout: 4 * minutes,
  }, async () => {
    const machine = await systemdBed();
    writeVersions(machine.folder);
    await machine.unit("shop.service", "[Service]\nExecStart=/usr/local/bin/node main.mjs\n");
    const port = await freePort();
    const text = `app: shop
state: ${machine.folder}/state
environments:
  production:
    strategy: pause
    stack:
      runtime: systemd
      address: ${machine.address}
      services:
        web:
          source: ${machine.folder}/versions/{version}
          unit: shop.service
          ports: { only: 4001 }
          link: ${machine.folder}/current
          health: { path: /health, interval: 50ms, timeout: 20s }
          stopGrace: 2s
    traffic: { kind: proxy, listen: "127.0.0.1:${port}", hold: 60s, client: { cookie: sid } }
    watch: { for: 1s, check: 500ms, waitForVerdict: false }
`;
    const opened = await openWith(machine.folder, text, afterTest, { host: machine.host });
    const first = await send(opened, "v1");
    expect(first.problem).toBe(null);
    const next = await send(opened, "v2");
    expect(next.problem).toBe(null);
    expect(opened.app.deps.ledger.state().envs["production"]?.serving).toMatch(/^v2-/);
  });
});
