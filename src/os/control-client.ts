// The CLI's side of the control socket: one call, its lines as they come.
import { request } from "node:http";
import { createInterface, type Interface } from "node:readline";
import { ok, problem, type Result } from "../core/result.ts";

export type Lines = AsyncIterable<unknown>;

/**
 * Call a controller. `unreachable` when nobody listens there, `timeout` when the first byte does not come in
 * `firstAnswerMs` (a hung controller); from then on lines may take as long as they take.
 */
export function callController(
  socketPath: string,
  name: string,
  input: unknown,
  firstAnswerMs: number,
): Promise<Result<Lines>> {
  return new Promise((resolve) => {
    const body = JSON.stringify(input);
    const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const call = request({ socketPath, path: `/call/${encodeURIComponent(name)}`, method: "POST", headers });
    const late = setTimeout(() => {
      call.destroy();
      resolve(
        problem(
          "timeout",
          "the controller does not answer",
          "Say --take-over to end it and go on without it.",
        ),
      );
    }, firstAnswerMs);
    call.on("error", (error) => {
      clearTimeout(late);
      resolve(
        problem(
          "unreachable",
          `no controller answers at its socket (${error.message})`,
          "lastgood serve starts one.",
        ),
      );
    });
    call.on("response", (answer) => {
      clearTimeout(late);
      resolve(ok(parsed(createInterface({ input: answer }))));
    });
    call.end(body);
  });
}

/** Listens from here on, not from the first question on: a quick answer may be there, and over, before anybody asks. */
function parsed(lines: Interface): Lines {
  const arrived = lines[Symbol.asyncIterator]();
  return each({ [Symbol.asyncIterator]: () => arrived });
}

async function* each(lines: AsyncIterable<string>): Lines {
  for await (const line of lines) if (line !== "") yield JSON.parse(line);
}
