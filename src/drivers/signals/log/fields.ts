// What one line of JSON says, as texts: values there may be escaped, so they are no pieces of the line.

/** Filled anew for each line; strings are pieces of the line, empty where the format has no such field. */
export type LogFields = {
  /** When the line was written, wall-clock milliseconds; NaN where it could not be read. */
  atMs: number;
  /** How exact that is: 1 or 1000. */
  exactMs: number;
  status: number;
  /** How long it took; 0 where it is not said. */
  ms: number;
  /** `GET /path HTTP/1.1`, or the target alone. */
  request: string;
  remote: string;
  agent: string;
  /** Account or session, where the format has it. */
  client: string;
  /** Address of the server that answered; of several tries all, with commas. */
  upstream: string;
  /** Release id, from our variable or header. */
  release: string;
};

/** Reads one line into `fields`; false: it is not a line of this format. */
export type LineReader = (line: string, fields: LogFields) => boolean;

export function emptyFields(): LogFields {
  return {
    atMs: Number.NaN,
    exactMs: 1,
    status: 0,
    ms: 0,
    request: "",
    remote: "",
    agent: "",
    client: "",
    upstream: "",
    release: "",
  };
}

export function clearFields(fields: LogFields): void {
  fields.atMs = Number.NaN;
  fields.exactMs = 1;
  fields.status = 0;
  fields.ms = 0;
  fields.request = "";
  fields.remote = "";
  fields.agent = "";
  fields.client = "";
  fields.upstream = "";
  fields.release = "";
}
