// Releases, runs and the timeline as tables.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { clockTime, day, duration, harmless, paint } from "./paint.ts";

export function historyText(data: JsonObject, io: Io): string {
  const { bold } = paint(io.color);
  const releases = data["releases"] as JsonObject[];
  const runs = data["runs"] as JsonObject[];
  const timeline = data["timeline"] as JsonObject[];
  return [
    bold("Releases"),
    ...releases.map((one) => release(one, io)),
    "",
    bold("Runs"),
    ...runs.map((one) => run(one)),
    "",
    bold("Timeline"),
    ...timeline.map((one) => `  ${clockTime(Number(one["at"]))}  ${harmless(String(one["text"]))}`),
  ].join("\n");
}

function release(one: JsonObject, io: Io): string {
  const { green, red, dim } = paint(io.color);
  const state =
    one["bad"] === true ? red("(bad)") : one["goodAt"] === null ? dim("(not proven)") : green("(good)");
  const current = one["current"] === true ? " (current)" : "";
  const kept = one["kept"] === true ? "" : dim(" files dropped");
  return `  ${String(one["release"]).padEnd(24)} ${one["servedAt"] === null ? "never served    " : day(Number(one["servedAt"]))} ${state}${current}${kept}`;
}

function run(one: JsonObject): string {
  const took = one["ms"] === null ? "" : ` in ${duration(Number(one["ms"]))}`;
  return `  ${day(Number(one["at"]))}  ${String(one["kind"]).padEnd(13)} ${one["from"] ?? "nothing"} → ${one["target"]}: ${one["outcome"] ?? "open"}${took}, by ${harmless(String(one["by"]))}`;
}
