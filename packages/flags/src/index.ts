// @lastgood/flags: feature flags that switch at once, and go on from their last state when the service is away.
export { FlagClient, type FlagEvent, type FlagsOptions } from "./client/client.ts";
export type { Context, Details, FlagValue, Status, Timers } from "./client/types.ts";
export { provider } from "./provider.ts";
