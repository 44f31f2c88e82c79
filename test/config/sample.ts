// A small right config, ways to spoil it, and errors in one line each.
import type { ConfigError } from "../../src/config/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";

export const sample = `app: shop
environments:
  production:
    services:
      web:
        runtime: process
        source: releases/{version}
        command: [node, server.js]
        health: { path: /health }
    traffic: { kind: proxy, listen: 127.0.0.1:8080 }
`;

/** The sample with one piece replaced; throws where the piece is not there exactly once. */
export function spoilt(piece: string, by: string): string {
  if (sample.split(piece).length !== 2) throw new Error(`not once in the sample: ${piece}`);
  return sample.replace(piece, () => by);
}

/** The sample with lines added at the end of `production`. */
export function withLines(...lines: readonly string[]): string {
  return sample + lines.map((line) => `    ${line}\n`).join("");
}

/** The sample with these variables. */
export function withEnv(env: string): string {
  return spoilt("        health:", `        env: ${env}\n        health:`);
}

export function errorsOf(text: string): readonly ConfigError[] {
  const result = loadConfig(text, "lastgood.yml");
  return result.ok ? [] : result.error;
}

/** `line:column path: what -> fix`, and the suggestion in brackets where there is one. */
export function said(text: string): readonly string[] {
  return errorsOf(text).map(({ line, column, path, what, fix, suggestion }) => {
    return `${line}:${column} ${path}: ${what} -> ${fix}${suggestion === null ? "" : ` [${suggestion}]`}`;
  });
}

export function loaded(text: string): Config {
  const result = loadConfig(text, "lastgood.yml");
  if (!result.ok) throw new Error(said(text).join("\n"));
  return result.value;
}
