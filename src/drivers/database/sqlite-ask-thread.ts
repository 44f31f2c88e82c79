// The thread of sqlite-ask.
import { parentPort, workerData } from "node:worker_threads";
import { type Asking, answer } from "./sqlite-ask.ts";

try {
  parentPort?.postMessage({ answers: answer(workerData as Asking) });
} catch (error) {
  parentPort?.postMessage({ failed: (error as Error).message });
}
