// Access logs of JSON lines (Caddy, Traefik): wanted values are found without building the rest.
import { clearFields, emptyFields, type LineReader, type LogFields } from "./fields.ts";
import { lookAt, type Span, type SpanReader } from "./spans.ts";
import { isoTime } from "./time.ts";

/** Where each thing stands, as keys joined by dots; of a list the first element is taken. */
export type JsonFormat = {
  readonly time: string;
  readonly status: string;
  readonly target: string;
  readonly remote: string;
  readonly agent: string;
  readonly duration: string;
  /** One unit of `duration`, in milliseconds. */
  readonly durationUnitMs: number;
  readonly upstream: string | null;
  readonly release: string | null;
  readonly client: string | null;
};

export const caddyJson: JsonFormat = {
  time: "ts",
  status: "status",
  target: "request.uri",
  remote: "request.remote_ip",
  agent: "request.headers.User-Agent",
  duration: "duration",
  durationUnitMs: 1_000,
  upstream: null,
  release: "resp_headers.X-Lastgood-Release",
  client: null,
};

export const traefikJson: JsonFormat = {
  time: "StartUTC",
  status: "DownstreamStatus",
  target: "RequestPath",
  remote: "ClientHost",
  agent: "request_User-Agent",
  duration: "Duration",
  durationUnitMs: 1e-6,
  upstream: "ServiceAddr",
  release: "downstream_X-Lastgood-Release",
  client: null,
};

type Tree = { readonly take: Put | null; readonly below: Map<string, Tree> };
type Put = (fields: LogFields, text: string, quoted: boolean) => void;

export function jsonReader(format: JsonFormat): LineReader {
  const tree = treeOf(format);
  return (line, fields) => {
    clearFields(fields);
    if (line.charCodeAt(0) !== open) return false;
    const end = readObject(line, 0, tree, fields);
    // Something after the object: two lines that ran into each other.
    return end === line.length && fields.atMs > 0 && fields.status >= 0 && fields.status < 1_000;
  };
}

/** The longest texts of one line together. */
const scratchBytes = 64 * 1024;

/** The same, over bytes: the texts of a line are laid side by side into a scratch buffer. */
export function jsonSpans(format: JsonFormat): SpanReader {
  const read = jsonReader(format);
  const fields = emptyFields();
  const scratch = Buffer.alloc(scratchBytes);
  return (bytes, at, spans) => {
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > scratchBytes || !read(bytes.toString("latin1", at, end), fields)) return -1;
    let used = 0;
    const put = (span: Span, text: string) => {
      span.from = used;
      used += scratch.write(text, used, "latin1");
      span.to = used;
    };
    lookAt(spans, scratch);
    spans.atMs = fields.atMs;
    spans.exactMs = fields.exactMs;
    spans.status = fields.status;
    spans.ms = fields.ms;
    put(spans.request, fields.request);
    put(spans.remote, fields.remote);
    put(spans.agent, fields.agent);
    put(spans.client, fields.client);
    put(spans.upstream, fields.upstream);
    put(spans.release, fields.release);
    return end;
  };
}

function treeOf(format: JsonFormat): Tree {
  const root: Tree = { take: null, below: new Map() };
  const put = (path: string | null, take: Put) => {
    if (path === null) return;
    const keys = path.split(".");
    let node = root;
    for (const [i, key] of keys.entries()) {
      const next = node.below.get(key) ?? { take: i === keys.length - 1 ? take : null, below: new Map() };
      node.below.set(key, next);
      node = next;
    }
  };
  put(format.time, (fields, text, quoted) => {
    fields.atMs = quoted
      ? isoTime(Buffer.from(text, "latin1"), 0, text.length)
      : Math.round(Number(text) * 1_000);
    fields.exactMs = quoted && !text.includes(".") ? 1_000 : 1;
  });
  put(format.status, (fields, text) => {
    fields.status = Number(text);
  });
  put(format.duration, (fields, text) => {
    fields.ms = Number(text) * format.durationUnitMs;
  });
  put(format.target, (fields, text) => {
    fields.request = text;
  });
  put(format.remote, (fields, text) => {
    fields.remote = text;
  });
  put(format.agent, (fields, text) => {
    fields.agent = text;
  });
  put(format.upstream, (fields, text) => {
    fields.upstream = text;
  });
  put(format.release, (fields, text) => {
    fields.release = text;
  });
  put(format.client, (fields, text) => {
    fields.client = text;
  });
  return root;
}

const open = 123;
const close = 125;
const openList = 91;
const closeList = 93;
const quote = 34;
const backslash = 92;
const comma = 44;
const colon = 58;

/** Position after the object that begins at `at`; -1 where it is none. */
function readObject(line: string, at: number, tree: Tree, fields: LogFields): number {
  let i = skipSpace(line, at + 1);
  if (line.charCodeAt(i) === close) return i + 1;
  for (;;) {
    if (line.charCodeAt(i) !== quote) return -1;
    const keyEnd = stringEnd(line, i + 1);
    if (keyEnd < 0) return -1;
    const below = tree.below.size === 0 ? undefined : tree.below.get(line.slice(i + 1, keyEnd));
    i = skipSpace(line, keyEnd + 1);
    if (line.charCodeAt(i) !== colon) return -1;
    i = readValue(line, skipSpace(line, i + 1), below, fields);
    if (i < 0) return -1;
    i = skipSpace(line, i);
    const next = line.charCodeAt(i);
    if (next === close) return i + 1;
    if (next !== comma) return -1;
    i = skipSpace(line, i + 1);
  }
}

const nothing: Tree = { take: null, below: new Map() };

function readValue(line: string, at: number, tree: Tree | undefined, fields: LogFields): number {
  const first = line.charCodeAt(at);
  if (first === quote) {
    const end = stringEnd(line, at + 1);
    if (end < 0) return -1;
    if (tree?.take) tree.take(fields, unescaped(line.slice(at + 1, end)), true);
    return end + 1;
  }
  if (first === open) return readObject(line, at, tree ?? nothing, fields);
  if (first === openList) return readList(line, at, tree, fields);
  let end = at;
  for (; end < line.length; end += 1) {
    const code = line.charCodeAt(end);
    if (code === comma || code === close || code === closeList || code <= 32) break;
  }
  if (end === at) return -1;
  if (tree?.take) tree.take(fields, line.slice(at, end), false);
  return end;
}

function readList(line: string, at: number, tree: Tree | undefined, fields: LogFields): number {
  let i = skipSpace(line, at + 1);
  if (line.charCodeAt(i) === closeList) return i + 1;
  for (let wanted = tree; ; wanted = undefined) {
    i = readValue(line, i, wanted, fields);
    if (i < 0) return -1;
    i = skipSpace(line, i);
    const next = line.charCodeAt(i);
    if (next === closeList) return i + 1;
    if (next !== comma) return -1;
    i = skipSpace(line, i + 1);
  }
}

function skipSpace(line: string, at: number): number {
  let i = at;
  while (line.charCodeAt(i) === 32) i += 1;
  return i;
}

/** The quote that ends a string; -1 where none does. */
function stringEnd(line: string, from: number): number {
  for (let end = line.indexOf('"', from); end >= 0; end = line.indexOf('"', end + 1)) {
    let slashes = 0;
    while (line.charCodeAt(end - 1 - slashes) === backslash && end - 1 - slashes >= from) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
