// What the whole text of an nginx configuration (`nginx -T`) says about the names of a service.

export type NginxUse = {
  /** Names of the service that it sends requests to. */
  readonly names: readonly string[];
  /** Addresses of the service's containers that stand in it as they are: no name can be led elsewhere. */
  readonly addresses: readonly string[];
};

export function usesOf(text: string, names: readonly string[], addresses: readonly string[]): NginxUse {
  const config = withoutComments(text);
  return {
    names: names.filter((name) => isUsed(config, name)),
    addresses: addresses.filter((ip) => isUsed(config, ip)),
  };
}

/** As the host of `server host:port` in an upstream, or of a URL in `proxy_pass` or a variable for it. */
function isUsed(config: string, host: string): boolean {
  const literal = host.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?:\\bserver\\s+|://)${literal}(?::\\d+)?(?=[\\s;/"'])`).test(config);
}

export type Question = { readonly port: number; readonly host: string | null; readonly path: string };

const questionsAtMost = 40;

/** What may be asked to find a way through to the service: plain HTTP only, `first` paths before those of the file. */
export function questionsOf(text: string, first: readonly string[]): readonly Question[] {
  const config = withoutComments(text);
  const ports = all(config, /\blisten\s+(?:[\d.]+:|\*:)?(\d+)(?![^;]*\bssl\b)[^;]*;/g).map(Number);
  const hosts = all(config, /\bserver_name\s+([^;]+);/g)
    .flatMap((line) => line.split(/\s+/))
    .filter((name) => /^[a-z0-9][a-z0-9.-]*$/i.test(name));
  const paths = all(config, /\blocation\s+(?:=\s+|\^~\s+)?(\/[^\s{]*)\s*\{/g);
  const questions = [null, ...new Set(hosts)].flatMap((host) =>
    [...new Set(ports.length > 0 ? ports : [80])].flatMap((port) =>
      [...new Set([...first, ...paths])].map((path) => ({ port, host, path })),
    ),
  );
  return questions.slice(0, questionsAtMost);
}

function all(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([, found]) => (found ?? "").trim());
}

function withoutComments(text: string): string {
  return text.replaceAll(/(^|\s)#[^\n]*/g, "$1");
}
