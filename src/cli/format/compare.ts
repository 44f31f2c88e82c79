// Two releases side by side.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { harmless, paint } from "./paint.ts";

export function compareText(data: JsonObject, io: Io): string {
  const { bold, red, dim } = paint(io.color);
  const measures = data["measures"] as JsonObject[];
  const cautions = data["cautions"] as string[];
  if (measures.length === 0) return "";
  const head = ["", String(data["release"]), String(data["to"]), ""];
  const rows = measures.map(({ what, unit, now, before, verdict }) => [
    harmless(String(what)),
    figure(now, unit, verdict),
    figure(before, unit, verdict),
    verdict === "worse" ? red("worse") : dim(String(verdict)),
  ]);
  return [bold(line(head)), ...rows.map(line), ...cautions.map((one) => dim(`  ${one}`)), ""].join("\n");
}

function line([what = "", now = "", then = "", verdict = ""]: readonly string[]): string {
  return `  ${what.padEnd(24)} ${now.padStart(14)} ${then.padStart(14)}  ${verdict}`.trimEnd();
}

function figure(value: unknown, unit: unknown, verdict: unknown): string {
  if (verdict === "cannot tell" && value === 0) return "-";
  return `${Number(Number(value).toPrecision(3)).toLocaleString("en-US")} ${String(unit)}`;
}
