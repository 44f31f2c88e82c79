// The whole config, `lastgood.yml`: one app a file.
import { z } from "zod";
import { controller } from "./sections/controller.ts";
import { environmentSection } from "./sections/environment.ts";
import { fieldOf } from "./shape.ts";
import { complain, name, path } from "./values.ts";

const environments = z.record(name("production"), environmentSection).superRefine((all, context) => {
  if (Object.keys(all).length > 0) return;
  complain(context, [], { what: "there is no environment", fix: "write one, such as production" });
});

export const configSchema = z.strictObject({
  app: name("shop").meta({ description: "What the app is called." }),
  state: path(".lastgood").prefault(".lastgood").meta({
    description:
      "The folder where Lastgood keeps its journal, releases and backups. Nothing else belongs there.",
  }),
  environments: environments.meta({
    description: "Where the app runs, by name. Commands mean production unless -e says otherwise.",
  }),
  controller: controller
    .prefault({})
    .meta({ description: "The process that watches and shows: lastgood serve." }),
});

/** The same, as it is read by messages, generated pages and path resolution. */
export const configField = fieldOf(configSchema);

type Deep<T> = T extends object ? { readonly [K in keyof T]: Deep<T[K]> } : T;

/** A config that was checked. Durations are `{ ms }`, shares `{ fraction }`, addresses `{ host, port }`. */
export type Config = Deep<z.output<typeof configSchema>>;
export type Environment = Config["environments"][string];
