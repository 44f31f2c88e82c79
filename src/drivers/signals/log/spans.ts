// What one line of an access log says, as places in the bytes that were read: nothing is copied that nobody keeps.

/** From the first byte to the one after the last; -1 where the format has no such field. */
export type Span = { from: number; to: number };

/** Filled anew for each line. */
export type LogSpans = {
  /** What the places are in: the block that was read, or a scratch copy of this line. Set with `lookAt`. */
  bytes: Buffer;
  /** The same bytes, to read four at a time. */
  view: DataView;
  /** When the line was written, wall-clock milliseconds; NaN where it could not be read. */
  atMs: number;
  /** How exact that is: 1 or 1000. */
  exactMs: number;
  status: number;
  /** How long it took; 0 where it is not said. */
  ms: number;
  /** `GET /path HTTP/1.1`, or the target alone. */
  readonly request: Span;
  readonly remote: Span;
  readonly agent: Span;
  /** Account or session, where the format has it. */
  readonly client: Span;
  /** Address of the server that answered; of several tries all, with commas. */
  readonly upstream: Span;
  /** Release id, from our variable or header. */
  readonly release: Span;
  /** What the app said of its flags, from the header `lastgood-flags`. */
  readonly flags: Span;
  /** All of these, in the order of `spanNames`. */
  readonly all: readonly Span[];
};

export const spanNames = ["request", "remote", "agent", "client", "upstream", "release", "flags"] as const;
export type SpanName = (typeof spanNames)[number];

/** Reads the line that begins at `at`; the place after what it understood, -1: it is not a line of this format. */
export type SpanReader = (bytes: Buffer, at: number, spans: LogSpans) => number;

/** Takes one value, from `from` to `to` of the bytes that `spans` looks at. */
export type Take = (spans: LogSpans, from: number, to: number) => void;

export function emptySpans(): LogSpans {
  const none = (): Span => ({ from: -1, to: -1 });
  const [request, remote, agent, client, upstream] = [none(), none(), none(), none(), none()];
  const [release, flags] = [none(), none()];
  return {
    bytes: nothing,
    view: viewOf(nothing),
    atMs: Number.NaN,
    exactMs: 1,
    status: 0,
    ms: 0,
    request,
    remote,
    agent,
    client,
    upstream,
    release,
    flags,
    all: [request, remote, agent, client, upstream, release, flags],
  };
}

const nothing = Buffer.alloc(0);

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** CHANGES `spans`: its places are in these bytes from now on. */
export function lookAt(spans: LogSpans, bytes: Buffer): void {
  if (spans.bytes === bytes) return;
  spans.bytes = bytes;
  spans.view = viewOf(bytes);
}

const dash = 45;

/** nginx writes `-` for what is not there. */
export function isEmpty({ bytes }: LogSpans, { from, to }: Span): boolean {
  return to <= from || (to === from + 1 && bytes[from] === dash);
}

/** As Latin-1: one byte, one character. */
export function textOf({ bytes }: LogSpans, { from, to }: Span): string {
  return to <= from ? "" : bytes.toString("latin1", from, to);
}
