// Starts the shop: reads its settings, opens the database, listens, and leaves in good order when asked to.
import { createChat } from "./chat.mjs";
import { createFaults } from "./faults.mjs";
import { createListener } from "./http.mjs";
import { createLog } from "./log.mjs";
import { createRoutes } from "./routes.mjs";
import { readSettings } from "./settings.mjs";
import { leaveGracefully } from "./stop.mjs";
import { openStore } from "./store.mjs";

const settings = readSettings(import.meta.dirname);
const log = createLog(settings.version);
const faults = createFaults(settings.faults);
faults.atBoot();

const store = openStore(settings.databaseFile);
const chat = createChat({ version: settings.version, log });
const stopping = { now: false };
const server = createListener({
  version: settings.version,
  routes: createRoutes({
    store,
    version: settings.version,
    isHealthy: () => faults.isHealthy && !stopping.now,
  }),
  faults,
  chat,
  nameOf: (sid) => store.accountOf(sid)?.name ?? "guest",
  log,
  stopping,
});

server.on("error", (error) => {
  log("error", "cannot listen", { error: error.message });
  process.exitCode = 1;
});
server.listen(settings.port, "127.0.0.1", () => {
  const address = server.address();
  log("info", "listening", { port: typeof address === "object" ? address?.port : settings.port });
});

/** @param {NodeJS.Signals} signal */
async function stop(signal) {
  if (faults.ignoresStop) return log("warn", "stop signal ignored", { signal });
  if (stopping.now) return;
  stopping.now = true;
  log("info", "stopping", { signal });
  await leaveGracefully(server, chat);
  store.close();
  log("info", "stopped");
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
