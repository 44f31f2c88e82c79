// `policy:` what Lastgood may do by itself.
import { z } from "zod";

const mode = z.enum(["auto", "ask", "never"]);

export const policy = z.strictObject({
  release: mode.prefault("auto").meta({
    description:
      "Going back to the last good release. auto: do it and tell; ask: prepare it and wait for a person; never: only tell.",
  }),
  database: mode.prefault("ask").meta({
    description: "Putting back a backup of the database. The same three words.",
  }),
});
