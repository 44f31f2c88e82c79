// `flows:` what users do, as requests one after the other, or as a script that drives a browser.
import { z } from "zod";
import { moments } from "../../core/flows/flow.ts";
import { looksSecret } from "../secret-names.ts";
import {
  argument,
  complain,
  count,
  duration,
  expression,
  flowPath,
  name,
  path,
  pointer,
  token,
  url,
  variable,
  variableName,
} from "../values.ts";

const okStatus = 200;

const capture = z
  .strictObject({
    json: pointer("/id").optional().meta({ description: "Where it stands in a JSON answer." }),
    header: token("header name", "location")
      .optional()
      .meta({ instead: "json", description: "The header that it is." }),
    match: expression('name="csrf" value="([^"]{1,100})"').optional().meta({
      instead: "json",
      description:
        "An expression for the answer's first 16 kB; its first group counts. Repetitions need an upper bound.",
    }),
  })
  .superRefine((given, context) => {
    if (Object.values(given).filter((one) => one !== undefined).length === 1) return;
    complain(context, [], { what: "a captured value has one place", fix: "write json, header or match" });
  });

const expected = z.strictObject({
  status: count(100, 599).prefault(okStatus).meta({ description: "The status that must come back." }),
  headers: z
    .record(token("header name", "content-type"), argument())
    .prefault({})
    .meta({
      description: "Headers, and the text that each must hold.",
      examples: [{ "content-type": "application/json" }],
    }),
  json: z
    .record(pointer("/state"), z.unknown().meta({ title: "JSON" }))
    .prefault({})
    .meta({
      description: "What must stand where in a JSON answer: JSON pointers and values.",
      examples: [{ "/state": "paid" }],
    }),
  contains: z
    .array(argument())
    .prefault([])
    .meta({ description: "Texts that must be in the answer.", examples: [["Thank you"]] }),
  within: duration(1).prefault("10s").meta({ description: "How long the answer may take." }),
});

const step = z
  .strictObject({
    name: argument()
      .optional()
      .meta({ description: "What people call it. Without it: method and path.", examples: ["order"] }),
    method: z
      .enum(["GET", "POST", "PUT", "PATCH", "DELETE"])
      .prefault("GET")
      .meta({ description: "The method of the request." }),
    path: flowPath("/api/orders").meta({ description: "Its path. {name} stands for a variable." }),
    headers: z
      .record(token("header name", "authorization"), argument())
      .prefault({})
      .meta({ description: "Its headers.", examples: [{ accept: "application/json" }] }),
    json: z
      .unknown()
      .optional()
      .meta({
        title: "JSON",
        description: "Its body, as JSON. {name} in a text stands for a variable.",
        examples: [{ item: "{item}" }],
      }),
    form: z
      .record(argument(), argument())
      .optional()
      .meta({
        instead: "json",
        description: "Its body, as a form.",
        examples: [{ item: "{item}" }],
      }),
    capture: z
      .record(variableName(), capture)
      .prefault({})
      .meta({
        description: "Values of the answer that later steps use, by name.",
        examples: [{ order: { json: "/id" } }],
      }),
    expect: expected.prefault({}).meta({ description: "What the answer must be." }),
  })
  .superRefine(({ json, form }, context) => {
    if (json !== undefined && form !== undefined)
      complain(context, ["form"], { what: "`json` and `form` say two things", fix: "keep one of them" });
    const secret = literalSecretIn(json ?? form);
    if (secret === null) return;
    complain(context, [json === undefined ? "form" : "json"], {
      what: `\`${secret}\` looks like a secret, and secrets do not stand in this file`,
      fix: `name it under secrets: and write {${secret}} here`,
    });
  });

/** A name like `password` with a text beside it that is no variable. */
function literalSecretIn(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === "string" && looksSecret(key) && !item.includes("{")) return key;
    const below = literalSecretIn(item);
    if (below !== null) return below;
  }
  return null;
}

const secret = z
  .strictObject({
    file: path("smoke.password").optional().meta({ description: "A file whose content it is." }),
    env: variableName()
      .optional()
      .meta({ instead: "file", description: "A variable of the controller's own environment." }),
  })
  .superRefine(({ file, env }, context) => {
    if ((file === undefined) !== (env === undefined)) return;
    complain(context, [], { what: "a secret has one place", fix: "write file or env" });
  });

const flow = z
  .strictObject({
    service: name("api").optional().meta({
      description:
        "Whose fresh instance is tried before the switch. Without it: the first that gets traffic.",
    }),
    at: z
      .array(z.enum(moments))
      .min(1)
      .optional()
      .meta({
        description:
          "When it runs: start (on the fresh instance, before the switch), switch (through the public port, after it; before it too, to compare), rollback. Without it: at all three.",
        examples: [["start", "switch", "rollback"]],
      }),
    url: url("https://shop.example.com").optional().meta({
      description: "Where users' requests arrive. Without it: what traffic says.",
    }),
    with: z
      .record(variableName(), variable())
      .prefault({})
      .meta({
        description: "Variables. {unique} is there as well: another text for each run.",
        examples: [{ item: "rice" }],
      }),
    secrets: z
      .record(variableName(), secret)
      .prefault({})
      .meta({
        description: "Variables whose values are read when the flow runs, and never shown or kept.",
        examples: [{ PASSWORD: { file: "smoke.password" } }],
      }),
    steps: z.array(step).prefault([]).meta({ description: "The requests, in order. Cookies are kept." }),
    playwright: path("checks/login.mjs").optional().meta({
      instead: "steps",
      description:
        "A script instead of steps, run by the node that runs Lastgood. LASTGOOD_BASE_URL says where; variables and secrets are in its environment; exit code 0 means well.",
    }),
    timeout: duration(1).prefault("30s").meta({ description: "How long the whole flow may take." }),
  })
  .superRefine(({ steps, playwright, with: plain, secrets }, context) => {
    if (steps.length > 0 === (playwright !== undefined))
      complain(context, [], { what: "a flow has steps or a script", fix: "write steps: or playwright:" });
    const twice = Object.keys(plain).find((one) => Object.hasOwn(secrets, one));
    if (twice !== undefined)
      complain(context, ["with", twice], {
        what: `\`${twice}\` is a secret, too`,
        fix: "give one another name",
      });
  });

export const flows = z.record(name("order"), flow);

type Traffic = { readonly kind: string; readonly publicUrl?: string | undefined } | undefined;

/** The first flow that goes through the public port where nobody knows it; null: none. */
export function unreachableFlow(all: z.output<typeof flows>, traffic: Traffic): string | null {
  const known = traffic !== undefined && (traffic.kind !== "edge" || traffic.publicUrl !== undefined);
  if (known) return null;
  const lost = Object.entries(all).find(
    ([, { url: own, at }]) => own === undefined && !(at ?? moments).every((one) => one === "start"),
  );
  return lost?.[0] ?? null;
}
