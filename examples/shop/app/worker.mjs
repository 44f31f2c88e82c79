// The worker: writes a receipt for each order, one after the other. It needs PostgreSQL and Redis.
import { createFaults } from "./faults.mjs";
import { createLog } from "./log.mjs";
import { openQueue } from "./queue.mjs";
import { readSettings } from "./settings.mjs";
import { openPostgres } from "./store-postgres.mjs";

const settings = readSettings(import.meta.dirname);
const log = createLog(settings.version);
createFaults(settings.faults).atBoot();
if (!settings.databaseUrl || !settings.redisUrl) throw new Error("DATABASE_URL and REDIS_URL must be set");
const store = openPostgres(settings.databaseUrl, log);
const queue = await openQueue(settings.redisUrl, log);

let isStopping = false;
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    isStopping = true;
  });
}

await queue.putBack();
log("info", "worker ready");
while (!isStopping) {
  const job = await queue.take();
  if (job === null) continue;
  await store.writeReceipt(job);
  await queue.done(job);
}
await queue.close();
await store.close();
log("info", "worker stopped");
process.exit(0);
