// The worker thread of sqlite-inspect: one look, one answer.
import { parentPort, workerData } from "node:worker_threads";
import type { Look } from "./sqlite-content.ts";
import { lookHere } from "./sqlite-inspect.ts";

parentPort?.postMessage(lookHere(workerData as Look));
