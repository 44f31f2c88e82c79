// node --require @lastgood/flags/env: `process.env.FEATURE_*` is live from here on. Nothing in here may reach the app.
import { keepLive, type Live } from "./env/live.ts";

export const live: Live | null = start();

function start(): Live | null {
  try {
    return keepLive(process.env);
  } catch {
    return null;
  }
}
