// The JSON Schema that editors read: the same shape as zod checks, with `x-` keys allowed everywhere.
import { z } from "zod";

const dialect = "draft-2020-12";

type Node = {
  type?: unknown;
  propertyNames?: { pattern?: string };
  additionalProperties?: unknown;
  patternProperties?: Record<string, unknown>;
};

/** JSON Schema of what people write, not of what the code gets. */
export function jsonSchema(schema: z.ZodType, title: string): object {
  const made = z.toJSONSchema(schema, {
    target: dialect,
    io: "input",
    override: ({ jsonSchema: node }) => allowNotes(node as Node),
  });
  return { ...made, title };
}

/** Names that the user gives become a pattern of their own, or `propertyNames` would refuse `x-` keys again. */
function allowNotes(node: Node): void {
  // Called again for a wrapper (a default, an optional) that shows what it wraps.
  if (node.type !== "object" || node.patternProperties) return;
  node.patternProperties = { "^x-": {} };
  if (node.propertyNames === undefined) return;
  const names = (node.propertyNames.pattern ?? "^").replace("^", "^(?!x-)");
  node.patternProperties[names] = node.additionalProperties ?? {};
  node.additionalProperties = false;
  delete node.propertyNames;
}
