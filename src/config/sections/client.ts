// `client:` of the edges that are ours: how to tell who asks.
import { z } from "zod";
import { token } from "../values.ts";

export const client = z.strictObject({
  header: token("header name", "x-account-id").optional().meta({
    description: "A request header that holds the account. Tried first.",
  }),
  cookie: token("cookie name", "sid").optional().meta({
    description: "A cookie that holds the session. Tried next.",
  }),
});
