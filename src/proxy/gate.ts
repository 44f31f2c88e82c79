// The gate in front of the backends: while shut, requests wait in line; opened, they leave in order.

/** Most released requests that are still connecting: below the listen backlog of common servers (511). */
const connectingAtOnce = 128;

export type WhyRefused = "hold-full" | "hold-timeout" | "stopping";

export type Waiter = {
  /** Go on now; call `started` once the request has its connection, or never will. */
  go(started: () => void): void;
  refuse(why: WhyRefused): void;
};

export type Gate = {
  /** Let it through or make it wait. Returns a function that takes it out of the line (client gone). */
  enter(waiter: Waiter): () => void;
  shut(): void;
  open(): void;
  /** Send everybody away who waits or would have to. */
  close(): void;
  waiting(): number;
};

type Line = {
  readonly waiting: Map<Waiter, NodeJS.Timeout>;
  shut: boolean;
  closed: boolean;
  connecting: number;
  pumping: boolean;
};

const nothing = (): void => undefined;

export function gate(options: { waitMs: number; capacity: number; held: boolean }): Gate {
  const line: Line = { waiting: new Map(), shut: options.held, closed: false, connecting: 0, pumping: false };

  function wait(waiter: Waiter): () => void {
    const timer = setTimeout(() => {
      leave(line, waiter);
      waiter.refuse("hold-timeout");
    }, options.waitMs);
    line.waiting.set(waiter, timer);
    return () => leave(line, waiter);
  }

  return {
    enter(waiter) {
      if (!line.shut && line.waiting.size === 0) waiter.go(nothing);
      else if (line.closed) waiter.refuse("stopping");
      else if (line.waiting.size >= options.capacity) waiter.refuse("hold-full");
      else return wait(waiter);
      return nothing;
    },
    shut() {
      line.shut = true;
    },
    open() {
      line.shut = false;
      pump(line);
    },
    close() {
      line.closed = true;
      for (const waiter of [...line.waiting.keys()]) {
        leave(line, waiter);
        waiter.refuse("stopping");
      }
    },
    waiting: () => line.waiting.size,
  };
}

function leave(line: Line, waiter: Waiter): void {
  clearTimeout(line.waiting.get(waiter));
  line.waiting.delete(waiter);
}

// A pump that is called while one runs only has to let the outer one go on.
function pump(line: Line): void {
  if (line.pumping) return;
  line.pumping = true;
  try {
    while (!line.shut && line.connecting < connectingAtOnce) {
      const first = line.waiting.keys().next();
      if (first.done) break;
      release(line, first.value);
    }
  } finally {
    line.pumping = false;
  }
}

function release(line: Line, waiter: Waiter): void {
  leave(line, waiter);
  line.connecting += 1;
  let told = false;
  waiter.go(() => {
    if (told) return;
    told = true;
    line.connecting -= 1;
    pump(line);
  });
}
