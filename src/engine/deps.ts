// What the engine is made with; everything else it learns from the journal.
import type { Holder } from "../core/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { StepKind } from "../ports/step.ts";
import type { World } from "../ports/world.ts";
import type { Ledger } from "./ledger.ts";

export type EngineDeps = {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly holder: Holder;
  world(env: string): World;
  stepKind(name: string): StepKind;
};
