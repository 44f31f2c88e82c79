// The whole round of kills, in `npm run long`. LASTGOOD_KILLS: how many must hit.
import { killing } from "./kill-suite.ts";

killing(Number(process.env["LASTGOOD_KILLS"] ?? 64));
