// A decision on a screen: facts, rule, alternatives and why not.
import type { JsonObject } from "../../core/json.ts";
import type { Io } from "../io.ts";
import { clockTime, day, harmless, paint } from "./paint.ts";

type Alternative = { readonly decision: string; readonly whyNot: string };

export function explainText(data: JsonObject, io: Io): string {
  const { bold, dim } = paint(io.color);
  const decision = data["decision"] as JsonObject;
  const facts = (decision["facts"] as string[] | undefined) ?? [];
  const alternatives = decision["alternatives"] as unknown as Alternative[];
  const belongs = (data["belongs"] as JsonObject[] | undefined) ?? [];
  const back = data["back"] as JsonObject | null | undefined;
  const at = Number(decision["at"]);
  return [
    `${bold("Decision")} ${decision["number"]}  ${dim(`${day(at)} ${clockTime(at)}`)}`,
    `  ${said(decision["decision"])}, by the rule ${said(decision["rule"])}${matched(decision)}`,
    "",
    bold("Facts"),
    ...(facts.length === 0 ? ["  It was made before facts were written down with it."] : facts.map(item)),
    "",
    bold("Why nothing else"),
    ...alternatives.map((one) => `  ${said(one.decision).padEnd(12)} ${harmless(one.whyNot)}`),
    ...(belongs.length === 0 ? [] : ["", bold("With it"), ...belongs.map(belonging)]),
    ...(back ? ["", bold("Did going back help?"), `  ${said(back["helped"])}. ${said(back["why"])}`] : []),
    "",
  ].join("\n");
}

function matched({ rule, matched }: JsonObject): string {
  return matched === undefined || matched === rule
    ? ""
    : ` (the policy's rule ${said(matched)} was held back)`;
}

function belonging(one: JsonObject): string {
  if (one["type"] === "message.drafted") {
    const text = String(one["text"])
      .split("\n")
      .map((line) => `    ${harmless(line)}`);
    return [`  Message for ${said(one["to"])}, ready to send: ${said(one["subject"])}`, ...text].join("\n");
  }
  if (one["type"] === "evidence.kept") {
    const items = (one["items"] as JsonObject[]).map(({ what, where }) => `${what}: ${firstLine(where)}`);
    return `  Kept: ${harmless(items.join("; "))}`;
  }
  if (one["type"] === "deploys.frozen") return '  Deploys are frozen; lastgood freeze --lift "why" lifts it.';
  return `  Investigation ${said(one["investigation"])} is open.`;
}

function firstLine(text: unknown): string {
  const [first = "", ...rest] = String(text).split("\n");
  return rest.length === 0 ? first : `${rest.length + 1} lines`;
}

function item(text: string): string {
  return `  - ${harmless(text)}`;
}

function said(value: unknown): string {
  return harmless(String(value));
}
