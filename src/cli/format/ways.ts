// The ways to keep a restore point: which is taken, which not and why, and what going back by each takes.
import { span } from "../../core/doctor/look.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { harmless, paint } from "./paint.ts";

type Way = {
  readonly way: string;
  readonly chosen: boolean;
  readonly why: string;
  readonly backMs: number | null;
};

/** Empty where there was nothing to choose. */
export function waysText(data: JsonObject, io: Io): readonly string[] {
  const ways = (data["ways"] ?? []) as unknown as readonly Way[];
  if (ways.length === 0) return [];
  const { bold, green, dim } = paint(io.color);
  const width = Math.max(...ways.map(({ way }) => way.length));
  const lines = ways.map(({ way, chosen, why, backMs }) => {
    const back = backMs === null ? "" : `; going back took ${span(backMs)} here`;
    const words = `${way.padEnd(width)}  ${harmless(why)}${back}`;
    return chosen ? `  ${green("yes")}  ${words}` : dim(`  no   ${words}`);
  });
  return [bold("Restore point:"), ...lines];
}
