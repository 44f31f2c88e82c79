// The worker thread of inspect.ts: one look, one answer.
import { parentPort, workerData } from "node:worker_threads";
import type { Look } from "./content.ts";
import { lookHere } from "./inspect.ts";

parentPort?.postMessage(lookHere(workerData as Look));
