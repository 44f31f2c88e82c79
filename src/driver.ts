// What a driver author needs: the ports, results, and nothing that acts.

export { err, ok, type Problem, problem, type Result } from "./core/result.ts";
export type { Clock, Ids } from "./ports/clock.ts";
export type { Backup, Database, Loss } from "./ports/database.ts";
export type { Files } from "./ports/files.ts";
export type { Flags } from "./ports/flags.ts";
export type { Host } from "./ports/host.ts";
export type { HttpClient } from "./ports/http-client.ts";
export type { Notifier } from "./ports/notifier.ts";
export type { Op } from "./ports/op.ts";
export type { Processes } from "./ports/processes.ts";
export type { Instance, Runtime } from "./ports/runtime.ts";
export type { Batch, Signals } from "./ports/signals.ts";
export type { StepContext, StepKind, Verdict } from "./ports/step.ts";
export type { Backend, RouteChange, RouteState, Traffic } from "./ports/traffic.ts";
