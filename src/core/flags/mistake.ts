// How mistakes in definitions are said.
import type { Json, JsonObject } from "../json.ts";

/** One mistake: where in the file, what is wrong, what to write instead. */
export type FlagMistake = { readonly where: string; readonly what: string; readonly fix: string };

export type Say = (where: string, what: string, fix: string) => void;

/** All mistakes as one text for people. */
export function mistakesText(mistakes: readonly FlagMistake[]): string {
  return mistakes
    .map(({ where, what, fix }) => `${where === "" ? "the file" : where}: ${what}; ${fix}`)
    .join("\n");
}

export function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
