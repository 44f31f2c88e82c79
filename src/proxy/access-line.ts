// One line of the access log. Defaults are left out, so that a usual line stays near 150 bytes.

/** Longest route in a line. */
const routeChars = 120;

export type Access = {
  /** Wall-clock milliseconds at which the request began. */
  readonly at: number;
  /** Who it went to; null when it went to nobody (no backend, held too long). */
  readonly backend: { readonly release: string; readonly instance: string } | null;
  readonly client: string;
  readonly method: string;
  /** The request's path with query. */
  readonly target: string;
  /** What the client got; 499 when it left before an answer. */
  readonly status: number;
  readonly ms: number;
  /** Who made the error; null where there is none. */
  readonly by: "app" | "edge" | null;
  /** A short word for the reason of an error of the edge, or of a cut answer. */
  readonly why: string | null;
  /** What the app said of its flags for this request. */
  readonly flags: string | null;
  readonly aborted: boolean;
  readonly generation: number;
};

export function accessLine(access: Access): string {
  const { at, backend, client, method, target, status, by, why, flags, aborted, generation } = access;
  const ms = Math.round(access.ms * 10) / 10;
  return `${JSON.stringify({
    at,
    ...(backend && { release: backend.release, instance: backend.instance }),
    client,
    method,
    route: foldRoute(target),
    status,
    ms,
    ...(by && { by }),
    ...(why && { why }),
    ...(flags && { flags }),
    ...(aborted && { aborted }),
    generation,
  })}\n`;
}

/** The path without query, with everything that looks like an id as `:id`, so that routes can be counted. */
export function foldRoute(target: string): string {
  const end = target.search(/[?#]/);
  const path = (end < 0 ? target : target.slice(0, end)).slice(0, 4 * routeChars);
  if (!/\d/.test(path)) return path.slice(0, routeChars);
  return path.split("/").map(foldSegment).join("/").slice(0, routeChars);
}

function foldSegment(segment: string): string {
  if (!/\d/.test(segment)) return segment;
  const dot = segment.lastIndexOf(".");
  const [name, extension] = dot > 0 ? [segment.slice(0, dot), segment.slice(dot)] : [segment, ""];
  const folded = isId(name)
    ? ":id"
    : name
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, ":id")
        .replace(/(?<![0-9a-z])(?=[0-9a-f]*\d)[0-9a-f]{8,}(?![0-9a-z])/gi, ":id")
        .replace(/\d{4,}/g, ":id");
  return folded + (/\d{4,}/.test(extension) ? ".:id" : extension);
}

/** A number, a UUID, a hex string with a digit in it, or a long token such as a ULID. */
function isId(text: string): boolean {
  if (/^\d+$/.test(text)) return true;
  if (/^[0-9a-f-]{8,}$/i.test(text)) return true;
  return text.length >= 20 && /^[0-9a-z_-]+$/i.test(text) && (text.match(/\d/g)?.length ?? 0) >= 3;
}
