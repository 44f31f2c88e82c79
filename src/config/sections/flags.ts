// `flags:` switches inside the app.
import { z } from "zod";
import { path } from "../values.ts";

export const flags = z.strictObject({
  file: path("flags.json").meta({
    description: "The definition file in flagd's format. It is read again whenever it changes.",
  }),
  undo: z.enum(["auto", "ask", "never"]).prefault("auto").meta({
    description:
      "May a switch that hurts be taken back without a person? Only ever towards what was before, once in half an hour, and never a kill.",
  }),
  envFiles: z.array(path(".env")).prefault([]).meta({
    description:
      "Files of NAME=value lines that say what each flag is, for apps that read nothing else. Lastgood keeps them in step, both ways.",
  }),
});
