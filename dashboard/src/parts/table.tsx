/** A table that is shown as cards on a phone and stays a table for screen readers. */
import type { ComponentChildren } from "preact";

export interface Column<Row> {
  readonly title: ComponentChildren;
  /** The label before the value on a phone. */
  readonly label: string;
  readonly isNumber?: boolean;
  readonly class?: string;
  readonly cell: (row: Row) => ComponentChildren;
}

export function Table<Row>({ caption, class: name, columns, rows, keyOf, rowClass }: {
  readonly caption: string;
  readonly class?: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly rowClass?: (row: Row) => string;
}) {
  // Explicit roles: displayed as cards, the elements would lose their implicit ones.
  return (
    <table role="table" class={name}>
      <caption class="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th
              role="columnheader"
              scope="col"
              key={column.label}
              class={`${column.isNumber ? "number" : ""} ${column.class ?? ""}`}
            >
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={keyOf(row)} class={rowClass?.(row)}>
            {columns.map((column, index) => {
              const attributes = {
                class: `${column.isNumber ? "number" : ""} ${column.class ?? ""}`,
                "data-label": column.label,
              };
              return index === 0
                ? (
                  <th key={column.label} role="rowheader" scope="row" {...attributes}>
                    {column.cell(row)}
                  </th>
                )
                : <td key={column.label} role="cell" {...attributes}>{column.cell(row)}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
