// One client that follows one flag, in a process of its own: says its value, and when it saw it, at each change.
import process from "node:process";
import { GrowthBookClient, setPolyfills } from "@growthbook/growthbook";
import { FlagdProvider } from "@openfeature/flagd-provider";
import { OpenFeature, ProviderEvents } from "@openfeature/server-sdk";
import { EventSource } from "eventsource";
import { FlagClient } from "../../packages/flags/src/index.ts";

const [subject = "", url = "", key = "", setting = ""] = process.argv.slice(2);
const name = "new-checkout";
let last: boolean | null = null;

function saw(on: boolean): void {
  if (on === last) return;
  last = on;
  process.send?.({ on, atNs: String(process.hrtime.bigint()) });
}

const subjects: Readonly<Record<string, () => Promise<void>>> = {
  async lastgood() {
    const client = new FlagClient({ url, key, stateFile: null });
    client.onEvent(() => saw(client.isOn(name)));
  },
  async unleash() {
    const { Unleash, InMemStorageProvider } = await import("unleash-client");
    const client = new Unleash({
      appName: "bench",
      url: `${url}/api`,
      disableMetrics: true,
      storageProvider: new InMemStorageProvider(),
      ...(setting === "default" ? {} : { refreshInterval: Number(setting) }),
    });
    client.on("error", () => undefined);
    // Its event comes before the new value counts: the value is asked every millisecond.
    client.once("synchronized", () => setInterval(() => saw(client.isEnabled(name)), 1));
  },
  async growthbook() {
    setPolyfills({ EventSource });
    const client = new GrowthBookClient({ apiHost: url, clientKey: "sdk-bench" });
    await client.init({ streaming: true });
    const look = () => saw(client.isOn(name, { attributes: {} }));
    look();
    // It tells nobody of a change: its value is asked every millisecond.
    setInterval(look, 1);
  },
  async flagd() {
    const { hostname: host, port } = new URL(url);
    const options = { resolverType: "in-process", host, port: Number(port), selector: key } as const;
    await OpenFeature.setProviderAndWait(new FlagdProvider(options));
    const client = OpenFeature.getClient();
    const look = async () => saw(await client.getBooleanValue(name, false));
    client.addHandler(ProviderEvents.ConfigurationChanged, look);
    await look();
  },
};

process.on("disconnect", () => process.exit(0));
await subjects[subject]?.();
