// COPY over a connection of pg, which itself knows only rows: the two custom queries that its client accepts.
import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Connection, Submittable } from "pg";

type Chunk = Uint8Array;
type Complete = { readonly text: string };

/** What pg's connection has beyond its types, and what its client calls on a query. */
type Wire = Connection & {
  readonly stream: Duplex;
  sendCopyFromChunk(chunk: Chunk): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
};

type Query = Submittable & Readonly<Record<`handle${string}`, (...args: never[]) => void>>;

type Ended = { readonly query: Query; readonly done: Promise<number> };

/** `done` is the number of rows. The socket rests while `take` works. */
export function copyOutQuery(text: string, take: (chunk: Chunk) => void | Promise<void>): Ended {
  const end = ending();
  let wire: Wire | undefined;
  let thrown: { readonly error: unknown } | null = null;
  let waiting = 0;
  let work: Promise<void> = Promise.resolve();
  const taken = (chunk: Chunk): void => {
    waiting++;
    wire?.stream.pause();
    work = work.then(async () => {
      try {
        if (thrown === null) await take(chunk);
      } catch (error) {
        thrown = { error };
        wire?.stream.destroy(); // there is no other way to stop a COPY that nobody wants
      }
      if (--waiting === 0) wire?.stream.resume();
    });
  };
  const finish = (settle: () => void): void => {
    work = work.then(() => (thrown === null ? settle() : end.fail(thrown.error)));
  };
  const query: Query = {
    submit: (connection: Connection) => {
      wire = connection as Wire;
      wire.query(text);
    },
    // A copy, because the parser of pg reuses its buffer.
    handleCopyData: (message: { readonly chunk: Chunk }) => taken(Buffer.from(message.chunk)),
    handleCommandComplete: (message: Complete) => end.count(message),
    handleReadyForQuery: () => finish(end.succeed),
    handleError: (error: Error) => finish(() => end.fail(error)),
    handleRowDescription: () => undefined,
    handleDataRow: () => undefined,
    handleEmptyQuery: () => undefined,
  };
  return { query, done: end.done };
}

/** `done` is the number of rows. What the chunks throw ends the copy on the server and rejects `done`. */
export function copyInQuery(text: string, chunks: AsyncIterable<Chunk>): Ended {
  const end = ending();
  let refused = false;
  let thrown: { readonly error: unknown } | null = null;
  const send = async (wire: Wire): Promise<void> => {
    try {
      for await (const chunk of chunks) {
        if (refused || wire.stream.destroyed) return;
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain) await drained(wire.stream);
      }
      if (!refused) wire.endCopyFrom();
    } catch (error) {
      thrown = { error };
      wire.sendCopyFail("the source failed");
    }
  };
  const fail = (error: Error): void => {
    refused = true;
    end.fail(thrown === null ? error : thrown.error);
  };
  const query: Query = {
    submit: (connection: Connection) => connection.query(text),
    handleCopyInResponse: (connection: Connection) => void send(connection as Wire),
    handleCommandComplete: (message: Complete) => end.count(message),
    handleReadyForQuery: () => end.succeed(),
    handleError: fail,
    handleRowDescription: () => undefined,
    handleDataRow: () => undefined,
    handleEmptyQuery: () => undefined,
  };
  return { query, done: end.done };
}

/** Room in the socket again, or its end. */
async function drained(stream: Duplex): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const either = [once(stream, "drain", { signal }), once(stream, "close", { signal })];
  for (const one of either) one.catch(() => undefined);
  await Promise.race(either).catch(() => undefined);
  stop.abort();
}

function ending() {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let count = 0;
  return {
    done: promise,
    /** `COPY 42` */
    count: ({ text }: Complete): void => {
      count = Number(text.split(" ").at(-1));
    },
    succeed: (): void => resolve(count),
    fail: (error: unknown): void => reject(error),
  };
}
