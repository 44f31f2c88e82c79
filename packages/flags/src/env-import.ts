// node --import @lastgood/flags/env: the same, and the app begins with the first state, or after the longest wait.
import { live } from "./env.ts";

await live?.started.catch(() => undefined);
