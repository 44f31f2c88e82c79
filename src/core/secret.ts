// A value that must not be seen: it prints as `[secret]` wherever it ends up, and only `reveal()` gives it out.

/** Node's hook for `console.log` and `util.inspect`; a registered symbol, so nothing has to be imported. */
const inspect = Symbol.for("nodejs.util.inspect.custom");
const shown = "[secret]";

export type Secret = {
  /** The value itself. Call it at the last moment, and never store what it returns. */
  reveal(): string;
  toString(): string;
  toJSON(): string;
};

/** Wrap a secret. The value lives in a closure, so no printing, copying or walking of the object finds it. */
export function secret(value: string): Secret {
  const hidden = { reveal: () => value };
  const masks = [Symbol.toPrimitive, inspect, "toString", "toJSON", "valueOf"];
  for (const name of masks) Object.defineProperty(hidden, name, { value: () => shown });
  return Object.freeze(hidden) as Secret;
}
