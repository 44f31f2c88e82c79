// An app that looks at process.env for each request, a thousand times a second, and says when it changed.
import process from "node:process";

let last: string | undefined;
setInterval(() => {
  const now = process.env["FEATURE_NEW_CHECKOUT"];
  if (now === undefined || now === last) return;
  last = now;
  process.send?.({ on: now === "true", atNs: String(process.hrtime.bigint()) });
}, 1);
process.on("disconnect", () => process.exit(0));
