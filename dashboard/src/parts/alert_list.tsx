/** Open alerts, the worst first; one that was just closed stays in its place with the result. */
import { useState } from "preact/hooks";
import type { Done } from "../act.ts";
import type { AlertRow } from "../rows.ts";
import { AlertCard } from "./alert_card.tsx";

const WORST_FIRST: readonly string[] = ["critical", "warning", "info"];

interface ActedOn {
  readonly alert: AlertRow;
  readonly done: Done;
}

export function AlertList({ rows, reload, isOnMatch = false }: {
  readonly rows: readonly AlertRow[];
  readonly reload: () => Promise<void>;
  readonly isOnMatch?: boolean;
}) {
  const [acted, setActed] = useState<ReadonlyMap<number, ActedOn>>(new Map());
  const isOpen = new Set(rows.map(({ id }) => id));
  const gone = [...acted.values()].map(({ alert }) => alert).filter(({ id }) => !isOpen.has(id));
  const shown = [...rows, ...gone].toSorted((a, b) =>
    WORST_FIRST.indexOf(a.severity) - WORST_FIRST.indexOf(b.severity) ||
    a.first_seen_at.localeCompare(b.first_seen_at) || a.id - b.id
  );
  const onDone = (alert: AlertRow) => (done: Done) => {
    setActed((before) => new Map(before).set(alert.id, { alert, done }));
    void reload();
  };
  return shown.map((alert) => (
    <AlertCard
      key={alert.id}
      alert={alert}
      done={acted.get(alert.id)?.done}
      isOnMatch={isOnMatch}
      {...(isOpen.has(alert.id) ? { onDone: onDone(alert) } : {})}
    />
  ));
}
