// Reads nginx configuration: its directives as a tree, and from it who is asked for what.

export type Directive = {
  readonly name: string;
  readonly args: readonly string[];
  readonly block: readonly Directive[] | null;
};

/** One `proxy_pass`: under which path, and to which `host:port` (an upstream is taken apart). */
export type Route = {
  readonly path: string;
  readonly targets: readonly string[];
  readonly isWebsocket: boolean;
  /** The path that the target is asked for is another one (`proxy_pass http://api/;`). */
  readonly rewrites: boolean;
};

export type NginxSite = {
  readonly file: string;
  readonly routes: readonly Route[];
  readonly accessLogs: readonly string[];
};

/** Unknown syntax is passed over: this only looks. */
export function readNginx(text: string): readonly Directive[] {
  const tokens = text.match(/#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"'#][^\s{};]*/g) ?? [];
  const words = tokens.filter((token) => !token.startsWith("#"));
  let at = 0;
  const block = (): readonly Directive[] => {
    const directives: Directive[] = [];
    let current: string[] = [];
    const add = (inner: readonly Directive[] | null) => {
      const [name, ...args] = current;
      if (name !== undefined) directives.push({ name, args, block: inner });
      current = [];
    };
    while (at < words.length) {
      const token = words[at++] ?? "";
      if (token === "}") break;
      if (token === ";") add(null);
      else if (token === "{") add(block());
      else current.push(token.replace(/^(["'])(.*)\1$/s, "$2"));
    }
    return directives;
  };
  return block();
}

/** All files of one nginx together: upstreams of one are used in another. */
export function readSites(
  files: readonly { readonly file: string; readonly text: string }[],
): readonly NginxSite[] {
  const trees = files.map(({ file, text }) => ({ file, tree: readNginx(text) }));
  const upstreams = new Map(
    trees.flatMap(({ tree }) =>
      everywhere(tree, "upstream").map(
        ({ args, block }) =>
          [
            args[0] ?? "",
            (block ?? []).filter(({ name }) => name === "server").map((one) => one.args[0] ?? ""),
          ] as const,
      ),
    ),
  );
  return trees.map(({ file, tree }) => ({
    file,
    routes: everywhere(tree, "server").flatMap(({ block }) => (block ? routesIn(block, upstreams) : [])),
    accessLogs: everywhere(tree, "access_log").flatMap(({ args }) =>
      args[0] === undefined || args[0] === "off" ? [] : [args[0]],
    ),
  }));
}

function routesIn(
  server: readonly Directive[],
  upstreams: ReadonlyMap<string, readonly string[]>,
): readonly Route[] {
  return everywhere(server, "location").flatMap(({ args, block }) => {
    const pass = block?.find(({ name }) => name === "proxy_pass")?.args[0];
    const found = /^https?:\/\/([^/$]+)(\/.*)?$/.exec(pass ?? "");
    if (!block || !found) return [];
    const [, host = "", uri] = found;
    return [
      {
        path: args.at(-1) ?? "/",
        targets: upstreams.get(host) ?? [host.includes(":") ? host : `${host}:80`],
        isWebsocket: block.some(
          ({ name, args: [header] }) => name === "proxy_set_header" && /^upgrade$/i.test(header ?? ""),
        ),
        rewrites: uri !== undefined && uri !== args.at(-1),
      },
    ];
  });
}

function everywhere(tree: readonly Directive[], name: string): readonly Directive[] {
  return tree.flatMap((one) => [...(one.name === name ? [one] : []), ...everywhere(one.block ?? [], name)]);
}
