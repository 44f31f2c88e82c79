// Housekeeping after a watch (a retire) never stands in the way of a deploy or a rollback.
import { expect, test } from "vitest";
import { deploy } from "../../src/app/deploy.ts";
import { openRun } from "../../src/app/open-run.ts";
import { rollback } from "../../src/app/rollback.ts";
import { ok } from "../../src/core/result.ts";
import type { World } from "../../src/ports/world.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const common = { env: "production", planOnly: false, approved: true, by: "test" } as const;
const hourMs = 3_600_000;

/** v2 has become good, and v1 is about to be stopped as soon as its requests have ended: they never do. */
async function whileRetiring<T>(act: (fake: FakeApp) => Promise<T>): Promise<{ fake: FakeApp; result: T }> {
  const fake = fakeApp({ drainMs: hourMs });
  const world = fake.app.sites.get("production")?.world as { -readonly [key in keyof World]: World[key] };
  const { traffic } = world;
  world.traffic = (service) => ({ ...traffic(service), inFlight: async () => ok(1) });
  const send = (version: string) => deploy(fake.app, { ...common, version, wait: true, lift: null });
  await fake.settle(send("v1"));
  const second = send("v2");
  const result = await fake.settle(
    (async () => {
      while (openRun(fake.app, "production")?.plan.kind !== "retire") await fake.clock.sleep(100);
      const asked = fake.clock.now();
      const said = await act(fake);
      expect(fake.clock.now() - asked).toBeLessThan(hourMs / 2);
      await second;
      return said;
    })(),
  );
  return { fake, result };
}

test("a deploy is done, not refused as busy", async () => {
  const { fake, result } = await whileRetiring((fake) =>
    deploy(fake.app, { ...common, version: "v3", wait: false, lift: null }),
  );
  expect([result.outcome, fake.serving()]).toEqual(["done", "v3"]);
});

test("a rollback goes back, and does not take the retire for what it has to take back", async () => {
  const { fake, result } = await whileRetiring((fake) =>
    rollback(fake.app, { ...common, version: null, withData: false, wait: false, why: null }),
  );
  expect([result.outcome, fake.serving()]).toEqual(["done", "v1"]);
});
