/** Open alerts, harms apart from conditions; and past ones, with who closed them. */
import { usePage } from "../context.ts";
import { words } from "../format.ts";
import { AlertCard } from "../parts/alert_card.tsx";
import { AlertList } from "../parts/alert_list.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { actionsOnAlerts, alerts } from "../read.ts";
import { hashOf } from "../route.ts";
import type { AlertRow, PersonAction } from "../rows.ts";
import { usePolled } from "../use_polled.ts";

const POLL_MS = 15_000;

export function Alerts() {
  const { client, clock, route } = usePage();
  const { show } = route;
  const polled = usePolled(
    `alerts ${show}`,
    async () => {
      const [rows, actions] = await Promise.all([alerts(client, show), actionsOnAlerts(client)]);
      return { rows, actions };
    },
    clock,
    POLL_MS,
  );
  return (
    <>
      <nav class="tabs" aria-label="Which alerts">
        {(["open", "past"] as const).map((each) => (
          <a
            key={each}
            href={hashOf({ view: "alerts", show: each, zone: route.zone })}
            aria-current={each === show ? "page" : undefined}
          >
            {words(each)}
          </a>
        ))}
      </nav>
      <Content polled={polled}>
        {({ rows, actions }) =>
          show === "open"
            ? <Open rows={rows} reload={polled.reload} />
            : <Past rows={rows} actions={actions} />}
      </Content>
    </>
  );
}

interface ListProps {
  readonly rows: readonly AlertRow[];
  readonly reload: () => Promise<void>;
}

function Open({ rows, reload }: ListProps) {
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  return (
    <>
      {rows.length > 0 ? null : <Empty title="No open alert">No check has found a fault.</Empty>}
      <Section
        id="harms"
        title="What went wrong"
        intro="It has happened, so it stays here until a person closes it."
        rows={of("harm")}
        reload={reload}
      />
      <Section
        id="conditions"
        title="What is wrong now"
        intro="Each closes by itself when its cause is gone."
        rows={of("condition")}
        reload={reload}
      />
    </>
  );
}

function Section({ id, title, intro, rows, reload }: ListProps & {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
}) {
  // Empty, it still shows the result of what was just closed.
  return (
    <section aria-labelledby={id}>
      <h2 id={id} hidden={rows.length === 0}>{title} ({rows.length})</h2>
      <p class="intro" hidden={rows.length === 0}>{intro}</p>
      <AlertList rows={rows} reload={reload} />
    </section>
  );
}

function Past({ rows, actions }: {
  readonly rows: readonly AlertRow[];
  readonly actions: readonly PersonAction[];
}) {
  if (rows.length === 0) return <Empty title="No alert has been closed yet" />;
  return (
    <section aria-labelledby="past">
      <h2 id="past">Closed, newest first</h2>
      {rows.map((alert) => (
        <AlertCard key={alert.id} alert={alert} closing={closingOf(alert, actions)} />
      ))}
    </section>
  );
}

/** A harm is closed by its fingerprint at that moment; a schedule's alert by the next check after the decision. */
export function closingOf(
  { fingerprint, rule, resolved_at, first_seen_at, details }: Pick<
    AlertRow,
    "fingerprint" | "rule" | "resolved_at" | "first_seen_at" | "details"
  >,
  actions: readonly PersonAction[],
): PersonAction | undefined {
  const at = (text: string | null) => new Date(text ?? 0).getTime();
  const named = (about: unknown, name: string) =>
    (about as Record<string, unknown> | null)?.[name] ?? null;
  const scheduleId = named(details, "schedule_id");
  return actions.find((action) =>
    action.action === "resolve"
      ? named(action.details, "fingerprint") === fingerprint &&
        at(action.acted_at) === at(resolved_at)
      : rule === "unmanaged_schedule" && scheduleId !== null &&
        named(action.details, "schedule_id") === scheduleId &&
        at(action.acted_at) >= at(first_seen_at) && at(action.acted_at) <= at(resolved_at)
  );
}
