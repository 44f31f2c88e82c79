// The status of one environment on one screen: the state, what changed, what can be undone.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { day, duration, harmless, paint } from "./paint.ts";

export function statusText(env: JsonObject, io: Io): string {
  const { green, red, dim, bold } = paint(io.color);
  const well = env["well"] === true;
  const head = `${well ? green("✓") : red("✗")} ${bold(harmless(String(env["headline"])))}`;
  const since = env["since"] === null ? [] : [row("since", `${day(Number(env["since"]))} UTC`)];
  const rows = [
    ...(env["url"] === "" ? [] : [row("address", String(env["url"]))]),
    ...since,
    ...run(env),
    ...watch(env),
    ...back(env),
    ...quarantined(env),
  ];
  const next = env["next"] === "Nothing to do." ? [] : [dim(`→ ${env["next"]}`)];
  return [head, ...rows, ...next].join("\n");
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(11)} ${harmless(text)}`;
}

function run(env: JsonObject): readonly string[] {
  const open = env["run"] as JsonObject | null;
  return open
    ? [
        row(
          "run",
          `${open["kind"]} to ${open["target"]}: ${open["status"]}${open["why"] ? `, ${open["why"]}` : ""}`,
        ),
      ]
    : [];
}

function watch(env: JsonObject): readonly string[] {
  const open = env["watch"] as JsonObject | null;
  if (!open) return [];
  const finding = open["finding"] as JsonObject | null;
  const counts = finding
    ? `${finding["outcome"]}: ${finding["errors"]} of ${finding["requests"]} requests failed`
    : "nothing was seen yet";
  const needs = finding?.["moreRequests"]
    ? `, about ${finding["moreRequests"]} more requests are needed`
    : "";
  return [row("watch", `${open["release"]} for ${duration(Number(open["forMs"]))}: ${counts}${needs}`)];
}

function back(env: JsonObject): readonly string[] {
  const good = env["lastGood"] as JsonObject | null;
  if (!good) return [row("way back", "none yet: no earlier release has passed its watch")];
  const measured =
    env["rollbackMs"] === null ? "not measured yet" : `${duration(Number(env["rollbackMs"]))} (measured)`;
  const how = good["warm"] === true ? "still runs: one switch" : "must be started first";
  return [row("way back", `${good["version"]}, ${how}; ${measured}; no data is touched`)];
}

function quarantined(env: JsonObject): readonly string[] {
  return (env["quarantine"] as JsonObject[])
    .slice(-3)
    .map((one) => row("quarantine", `${one["release"]}: ${one["why"]}`));
}
