// Flags, processes and keys as tables.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { day, harmless, paint } from "./paint.ts";

export function flagTable(data: JsonObject, io: Io): string {
  const { bold, yellow, dim } = paint(io.color);
  const flags = data["flags"] as JsonObject[];
  const width = Math.max(4, ...flags.map((one) => String(one["name"]).length));
  const rows = flags.map((one) => {
    const by = one["switched"] as JsonObject | null;
    const state = one["rules"] === true ? "by rules" : one["state"] === "DISABLED" ? "disabled" : "";
    const switched = by
      ? yellow(`switched by ${harmless(String(by["by"]))}: ${harmless(String(by["why"]))}`)
      : dim(state);
    return `  ${String(one["name"]).padEnd(width)}  ${String(one["variant"] ?? "the app's default").padEnd(8)}  ${switched}`;
  });
  return [bold("Flags"), ...rows].join("\n");
}

export function flagPage(data: JsonObject, io: Io): string {
  const { bold } = paint(io.color);
  const processes = data["processes"] as JsonObject[];
  const lines = processes.map((one) => {
    const state =
      one["connected"] !== true
        ? "away"
        : one["current"] === true
          ? "has the newest state"
          : "has not confirmed";
    return `  ${harmless(String(one["name"]))}  ${harmless(String(one["kind"]))}  ${state}`;
  });
  return [
    `${bold(String(data["name"]))}  ${JSON.stringify(data["variants"])}`,
    `  rules: ${data["targeting"] === null ? "none" : JSON.stringify(data["targeting"])}`,
    `  variable: ${String(data["variable"])}, safe value: ${String(data["safe"] ?? "none declared")}`,
    bold("Processes"),
    ...(lines.length > 0 ? lines : ["  nobody listens"]),
  ].join("\n");
}

export function flagHistoryText(data: JsonObject): string {
  const rows = data["rows"] as JsonObject[];
  return rows
    .map((one) => {
      const what = one["variant"] === null ? String(one["what"]) : `${one["what"]} to ${one["variant"]}`;
      const by = one["by"] === "" ? "" : ` by ${one["by"]}`;
      const incident = one["incident"] === null ? "" : ` (${one["incident"]})`;
      return `  ${day(Number(one["at"]))}  ${harmless(`${one["flag"]} ${what}${by}: ${one["why"]}${incident}`)}`;
    })
    .join("\n");
}

export function keyTable(data: JsonObject): string {
  const keys = data["keys"] as JsonObject[];
  return keys
    .map((one) => {
      const until =
        one["until"] === null
          ? ""
          : `, until ${day(Number(one["until"]))}${one["over"] === true ? " (over)" : ""}`;
      return `  ${one["id"]}  ${harmless(String(one["label"]))}: ${one["processes"]} processes, by ${harmless(String(one["by"]))}${until}`;
    })
    .join("\n");
}

export function findingList(data: JsonObject, io: Io): string {
  const { red, yellow, dim } = paint(io.color);
  const findings = data["findings"] as JsonObject[];
  return findings
    .map((one) => {
      const mark = one["severity"] === "bad" ? red("✗") : yellow("!");
      return `${mark} ${harmless(String(one["what"]))}\n  ${dim(`→ ${harmless(String(one["next"]))}`)}`;
    })
    .join("\n");
}
