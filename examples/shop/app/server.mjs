// Starts the shop: reads its settings, opens the database, listens, and leaves in good order when asked to.
import { createChat } from "./chat.mjs";
import { createFaults } from "./faults.mjs";
import { openFeatures } from "./features.mjs";
import { createListener } from "./http.mjs";
import { createLog } from "./log.mjs";
import { createRoutes } from "./routes.mjs";
import { readSettings } from "./settings.mjs";
import { leaveGracefully } from "./stop.mjs";

const settings = readSettings(import.meta.dirname);
const log = createLog(settings.version);
const features = openFeatures(settings.featuresFile);
const faults = createFaults(settings.faults, features.isOn, (seconds) => store.askLong(seconds));
faults.atBoot();

const store = await openStore();
const queue = settings.redisUrl ? await openQueue(settings.redisUrl) : undefined;
const chat = createChat({ version: settings.version, log });
const stopping = { now: false };
const server = createListener({
  version: settings.version,
  routes: createRoutes({
    store,
    version: settings.version,
    features: features.all,
    isHealthy: () => faults.isHealthy && !stopping.now && (queue?.isWell() ?? true),
    ordered: (id) => queue?.add(id),
  }),
  faults,
  chat,
  nameOf: async (sid) => (await store.accountOf(sid))?.name ?? "guest",
  paths: settings.paths,
  log,
  stopping,
});

server.on("error", (error) => {
  log("error", "cannot listen", { error: error.message });
  process.exitCode = 1;
});
server.listen(faults.port(settings.port), settings.host, () => {
  const address = server.address();
  log("info", "listening", { port: typeof address === "object" ? address?.port : settings.port });
});

/** PostgreSQL where its address is given; its packages, and those of Redis, are only needed there. */
async function openStore() {
  if (settings.databaseUrl === undefined)
    return (await import("./store.mjs")).openStore(settings.databaseFile);
  return (await import("./store-postgres.mjs")).openPostgres(settings.databaseUrl, log);
}

/** @param {string} url */
async function openQueue(url) {
  return (await import("./queue.mjs")).openQueue(url, log);
}

/** @param {NodeJS.Signals} signal */
async function stop(signal) {
  if (faults.ignoresStop) return log("warn", "stop signal ignored", { signal });
  if (stopping.now) return;
  stopping.now = true;
  log("info", "stopping", { signal });
  await leaveGracefully(server, chat);
  await queue?.close();
  await store.close();
  log("info", "stopped");
  process.exit(0);
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
