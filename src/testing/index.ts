// What driver authors test with: the contract suites of each port, and the fakes that pass them.
export { databaseContract } from "./contracts/database.ts";
export { journalContract } from "./contracts/journal.ts";
export { runtimeContract } from "./contracts/runtime.ts";
export { type SignalsBed, signalsContract } from "./contracts/signals.ts";
export { trafficContract } from "./contracts/traffic.ts";
export { memoryJournal, newMemoryStore } from "./memory-journal.ts";
export { newTarget } from "./sim/target.ts";
export { simDatabase, simRuntime, simTraffic } from "./sim/world.ts";
