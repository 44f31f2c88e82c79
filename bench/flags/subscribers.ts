// Many clients in one process. Arguments: address, key, how many. Says `ready`, and each change of value with its moment.
import process from "node:process";
import { FlagClient } from "../../packages/flags/src/index.ts";

const [url = "", key = "", count = "1", say = "no"] = process.argv.slice(2);
const clients: FlagClient[] = [];
for (let at = 0; at < Number(count); at++) {
  const client = new FlagClient({
    url,
    key,
    name: `bench-${process.pid}-${at}`,
    stateFile: null,
    waitMs: 30_000,
  });
  if (say === "yes") {
    client.onEvent(({ type }) => {
      if (type !== "changed") return;
      process.send?.({ on: client.isOn("new-checkout"), atNs: String(process.hrtime.bigint()) });
    });
  }
  clients.push(client);
  await client.ready();
}
process.send?.({ ready: clients.filter((client) => client.status().source === "service").length });
process.on("disconnect", () => process.exit(0));
