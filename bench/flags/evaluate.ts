// One client's evaluation of a boolean flag without rules, in a process of its own. Says nanoseconds per evaluation, by round.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { GrowthBook } from "@growthbook/growthbook";
import { FlagdCore } from "@openfeature/flagd-core";
import { InMemoryProvider, OpenFeature } from "@openfeature/server-sdk";
import { saveState } from "../../packages/flags/src/client/disk.ts";
import { FlagClient } from "../../packages/flags/src/index.ts";

const [subject = "", rounds = "7", folder = mkdtempSync(join(tmpdir(), "lastgood-eval-"))] =
  process.argv.slice(2);
const flag = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" } as const;
const flags = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`flag-${at}`, flag]));
const name = "flag-50";
const context = { targetingKey: "ann" };

/** `count` evaluations; how many were on, so that nothing is left out as useless. */
type Loop = (count: number) => number | Promise<number>;

function loop(evaluate: () => boolean): Loop {
  return (count) => {
    let on = 0;
    for (let at = 0; at < count; at++) if (evaluate()) on += 1;
    return on;
  };
}

function waiting(evaluate: () => Promise<boolean>): Loop {
  return async (count) => {
    let on = 0;
    for (let at = 0; at < count; at++) if (await evaluate()) on += 1;
    return on;
  };
}

const subjects: Readonly<Record<string, () => Promise<Loop>>> = {
  async "@lastgood/flags"() {
    const stateFile = join(folder, "state");
    await saveState(stateFile, { epoch: 1, version: 1, flags });
    const client = new FlagClient({ url: "http://127.0.0.1:9", key: "none", stateFile });
    return loop(() => client.isOn(name, false));
  },
  async "process.env.X === 'true'"() {
    process.env["FEATURE_X"] = "true";
    return loop(() => process.env["FEATURE_X"] === "true");
  },
  async "flagd-core"() {
    const core = new FlagdCore();
    core.setConfigurations(JSON.stringify({ flags }));
    return loop(() => core.resolveBooleanEvaluation(name, false, context).value);
  },
  async GrowthBook() {
    const features = Object.fromEntries(Object.keys(flags).map((key) => [key, { defaultValue: true }]));
    const client = new GrowthBook({ features, attributes: { id: "ann" } });
    return loop(() => client.isOn(name));
  },
  async "unleash-client"() {
    const { Unleash, InMemStorageProvider } = await import("unleash-client");
    const data = Object.keys(flags).map((key) => ({
      name: key,
      type: "release",
      enabled: true,
      stale: false,
      impressionData: false,
      project: "default",
      variants: [],
      strategies: [{ name: "default", parameters: {}, constraints: [] }],
    }));
    const client = new Unleash({
      appName: "bench",
      url: "http://127.0.0.1:9/api",
      disableMetrics: true,
      refreshInterval: 0,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: data as never },
    });
    client.on("error", () => undefined);
    client.on("warn", () => undefined);
    await new Promise((resolve) => client.once("ready", resolve));
    return loop(() => client.isEnabled(name, { userId: "ann" }, false));
  },
  async LaunchDarkly() {
    const { init } = await import("@launchdarkly/node-server-sdk");
    const { FileDataSourceFactory } = await import("@launchdarkly/node-server-sdk/integrations");
    const file = join(folder, "ld.json");
    writeFileSync(
      file,
      JSON.stringify({ flagValues: Object.fromEntries(Object.keys(flags).map((key) => [key, true])) }),
    );
    const source = new FileDataSourceFactory({ paths: [file] });
    const logger = {
      error: () => undefined,
      warn: () => undefined,
      info: () => undefined,
      debug: () => undefined,
    };
    const client = init("sdk-key", { updateProcessor: source.getFactory(), sendEvents: false, logger });
    await client.waitForInitialization({ timeout: 5 });
    const user = { kind: "user", key: "ann" };
    return waiting(() => client.variation(name, user, false));
  },
  async "OpenFeature SDK, in-memory provider"() {
    const memory = Object.fromEntries(
      Object.keys(flags).map((key) => [
        key,
        { variants: { on: true, off: false }, defaultVariant: "on", disabled: false },
      ]),
    );
    await OpenFeature.setProviderAndWait(new InMemoryProvider(memory as never));
    const client = OpenFeature.getClient();
    return waiting(() => client.getBooleanValue(name, false, context));
  },
};

const make = subjects[subject];
if (!make) throw new Error(`there is no ${subject}`);
const run = await make();
// Time that the thread computed: what other processes of the machine take is not the client's.
const cpuUs = () => process.threadCpuUsage().user + process.threadCpuUsage().system;
let count = 1_000;
/** Rounds of at least a tenth of a second, found by doubling, which also warms up: the kernel counts in coarse ticks. */
for (;;) {
  const began = cpuUs();
  if ((await run(count)) !== count) throw new Error(`${subject} does not say that the flag is on`);
  if (cpuUs() - began > 1e5) break;
  count *= 2;
}
const samples: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const began = cpuUs();
  await run(count);
  samples.push(((cpuUs() - began) * 1_000) / count);
}
rmSync(folder, { recursive: true, force: true });
process.send?.({ samples });
setTimeout(() => process.exit(0), 100);
