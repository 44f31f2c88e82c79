// The thread of ask.ts.
import { parentPort, workerData } from "node:worker_threads";
import { type Asking, answer } from "./ask.ts";

try {
  parentPort?.postMessage({ answers: answer(workerData as Asking) });
} catch (error) {
  parentPort?.postMessage({ failed: (error as Error).message });
}
