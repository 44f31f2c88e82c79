// A controller's process that takes one template copy, and can be killed in the middle of it.
import { secret } from "../../../../src/core/secret.ts";
import { takeCopy } from "../../../../src/drivers/database/postgres/copies/take.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { realDeps } from "./real-deps.ts";
import { good } from "./site.ts";

const [url, backupDir, id] = process.argv.slice(2) as [string, string, string];
const copies = { withinMs: 30_000, keep: 1 };
const config = { url: secret(url), adminUrl: null, container: null, backupDir, keep: 5, copies };
// However it ends: whoever started it looks at the server afterwards.
await takeCopy(good(openContext(config, realDeps())), {
  id,
  epoch: 1,
  signal: new AbortController().signal,
});
