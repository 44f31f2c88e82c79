// The CLI's side of the control socket.
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { callController } from "../../src/os/control-client.ts";
import { tempFolder } from "./temp-folder.ts";

test("an answer that is over before anybody reads it is read all the same", async () => {
  const socket = join(await tempFolder(), "control.sock");
  const server = createServer((_, answer) => answer.end('{"durations":{}}\n{"outcome":1}\n'));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  const called = await callController(socket, "vitals", {}, 5_000);
  if (!called.ok) throw new Error(called.error.what);
  await pause(100);
  const lines: unknown[] = [];
  for await (const line of called.value) lines.push(line);
  expect(lines).toEqual([{ durations: {} }, { outcome: 1 }]);
});
