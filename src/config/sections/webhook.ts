// `kind: webhook`: messages as signed POST requests.
import { z } from "zod";
import { path, url } from "../values.ts";

export const webhookNotify = z.strictObject({
  kind: z
    .literal("webhook")
    .meta({ description: "How to tell. `webhook`: a POST request with the message as JSON." }),
  url: url("https://example.com/hooks/lastgood").meta({ description: "Where to send it." }),
  secretFile: path("webhook.secret").optional().meta({
    description: "A file whose content signs each message. Without it, messages are not signed.",
  }),
});
