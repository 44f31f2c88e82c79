// An app that reads process.env.FEATURE_NEW_BOOKING_FLOW for each request: in its main thread, a worker, a cluster worker.
// Says `<where> <value>` whenever a value is not what it was.
const cluster = require("node:cluster");
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const where = isMainThread ? (cluster.isPrimary ? "main" : "cluster") : workerData;
const frozen = process.env.FEATURE_NEW_BOOKING_FLOW;
let last;
setInterval(() => {
  const now = process.env.FEATURE_NEW_BOOKING_FLOW;
  if (now === last) return;
  last = now;
  console.log(`${where} ${now} ${Date.now()} frozen ${frozen} other ${process.env.OTHER_SETTING}`);
}, 1);

if (isMainThread && cluster.isPrimary && process.argv[2] === "all") {
  new Worker(__filename, { workerData: "worker" });
  cluster.fork();
}
