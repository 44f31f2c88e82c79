// A flag service as a process of its own, to be stopped and killed. Arguments: port, and a key to know again.
import { keyHash } from "../../src/core/flags/keys.ts";
import { flagBed } from "./bed.ts";

const [port = "0", key = ""] = process.argv.slice(2);
const bed = await flagBed({ port: Number(port), ...(key === "" ? {} : { key }) });
if (key !== "") {
  const id = key.split("_")[1] ?? "";
  const data = { env: "production", by: "test", key: id, hash: keyHash(key), label: "again", until: null };
  bed.ledger.record([{ type: "flag.key-added", data }]);
}
process.stdout.write(`${JSON.stringify({ port: bed.port, key: bed.key })}\n`);
