// Moves a body from one side to the other with back-pressure.
import type { Readable, Writable } from "node:stream";

type Flow = {
  /** A piece moved, in or out. */
  progress(): void;
  /** The source is at its end. */
  end(): void;
};

/** Both sides are streams of HTTP messages, whose heads may wait for the first piece of the body. */
type Sink = Writable & { flushHeaders?: () => void };

/** Returns a function that stops the flow and leaves the source paused. */
export function pump(from: Readable, to: Sink, flow: Flow): () => void {
  let moved = false;
  function onData(piece: Buffer): void {
    moved = true;
    flow.progress();
    if (!to.write(piece)) from.pause();
  }
  function onDrain(): void {
    flow.progress();
    from.resume();
  }
  function onEnd(): void {
    moved = true;
    flow.end();
  }
  from.on("data", onData);
  to.on("drain", onDrain);
  from.once("end", onEnd);
  // The head goes out at once even where the body is late (event streams, 100-continue), but in one packet
  // with the body where that is here already.
  setImmediate(() => {
    if (!moved && !to.destroyed) to.flushHeaders?.();
  });
  return () => {
    from.off("data", onData);
    from.off("end", onEnd);
    to.off("drain", onDrain);
    from.pause();
  };
}
