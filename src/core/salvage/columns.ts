// Which columns of a table go over from one schema to the other, and which have no home there.

export type Column = {
  readonly name: string;
  /** All that a value must fit: type with its modifiers, labels of an enum, rules of a domain. */
  readonly type: string;
  /** Computed by the server: never written. */
  readonly generated: boolean;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
};

export type ColumnMap = {
  readonly shared: readonly { readonly name: string; readonly sameType: boolean }[];
  /** Columns of the source that the target lacks: their values are parked. */
  readonly homeless: readonly string[];
  /** Columns of the target that new rows cannot do without, and that the source lacks. */
  readonly wanting: readonly string[];
};

export function mapColumns(source: readonly Column[], target: readonly Column[]): ColumnMap {
  const there = new Map(target.map((column) => [column.name, column]));
  const here = new Set(source.map(({ name }) => name));
  const shared = source.flatMap((column) => {
    const twin = there.get(column.name);
    if (twin === undefined || twin.generated) return [];
    return [{ name: column.name, sameType: twin.type === column.type }];
  });
  return {
    shared,
    homeless: source.filter(({ name, generated }) => !generated && !there.has(name)).map(({ name }) => name),
    wanting: target
      .filter(
        ({ name, notNull, hasDefault, generated }) => notNull && !hasDefault && !generated && !here.has(name),
      )
      .map(({ name }) => name),
  };
}
