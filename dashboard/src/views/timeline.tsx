/** What happened to a match, oldest first; what is still to come stands apart, opens are folded, kinds can be hidden. */
import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { count, words } from "../format.ts";
import { Time } from "../parts/time.tsx";
import type { TimelineLine } from "../rows.ts";
import { pastOf } from "../verbs.ts";

const KINDS: Readonly<Record<string, string>> = {
  fixture: "Fixture",
  person: "People",
  ledger: "Push",
  attempt: "Calls to Braze",
  check: "Checks",
  alert: "Alerts",
  events: "Events",
  attribution: "Matching",
  log: "Log",
};
/** Hidden at first: they explain how, not what. */
const HIDDEN_AT_FIRST: readonly string[] = ["attribution", "log"];
/** The first of these that a line has is shown first. */
const MAIN_DETAILS = ["title", "reason", "detail", "method", "evidence", "resolved_as"];
/** Ids and words of the database, which say nothing to an operator. */
const LEFT_OUT = [
  "attempt_id",
  "run_id",
  "function_name",
  "actor_id",
  "actor_kind",
  "confidence",
  "severity",
  "last_received_at",
];

export function MatchTimeline({ timeline }: { readonly timeline: readonly TimelineLine[] }) {
  const { clock } = usePage();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set(HIDDEN_AT_FIRST));
  const now = clock.now();
  // Only a push can be still to come; all else has happened, whatever clock stamped it.
  const isFuture = ({ at, kind }: TimelineLine) => kind === "ledger" && new Date(at) > now;
  const isOpened = ({ kind, what }: TimelineLine) => kind === "events" && / open$/.test(what);
  // The verdict stands at the top of the page.
  const shown = timeline.filter(({ kind }) => kind !== "verdict" && !hidden.has(kind));
  const past = shown.filter((line) => !isFuture(line) && !isOpened(line));
  const opens = shown.filter((line) => !isFuture(line) && isOpened(line));
  const future = shown.filter(isFuture);
  const kinds = Object.keys(KINDS).filter((kind) => timeline.some((line) => line.kind === kind));

  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <div class="filters" role="group" aria-label="Show">
        {kinds.map((kind) => (
          <button
            type="button"
            key={kind}
            aria-pressed={!hidden.has(kind)}
            onClick={() =>
              setHidden((before) => {
                const after = new Set(before);
                if (!after.delete(kind)) after.add(kind);
                return after;
              })}
          >
            {KINDS[kind]} {count(timeline.filter((line) => line.kind === kind).length)}
          </button>
        ))}
      </div>
      {future.length === 0 ? null : (
        <>
          <h3>Still to come</h3>
          <Lines lines={future} isFuture />
          <h3>Until now</h3>
        </>
      )}
      <Lines lines={past} isFuture={false} />
      {opens.length === 0 ? null : (
        <details class="more">
          <summary>
            {count(opens.reduce((sum, { details }) => sum + Number(details?.events ?? 0), 0))}{" "}
            opens, from <Time at={opens[0]!.at} as="short" /> to{" "}
            <Time at={opens.at(-1)!.at} as="short" />
          </summary>
          <Lines lines={opens} isFuture={false} />
        </details>
      )}
    </section>
  );
}

function Lines({ lines, isFuture }: {
  readonly lines: readonly TimelineLine[];
  readonly isFuture: boolean;
}) {
  return (
    <ol class={`timeline ${isFuture ? "future" : ""}`}>
      {lines.map(({ at, kind, what, details }, index) => (
        <li key={index} class={`kind-${kind} ${/ resolved$/.test(what) ? "over" : ""}`}>
          <Time at={at} />
          <span class="kind">{KINDS[kind] ?? kind}</span>
          <span class="what">
            {kind === "person" ? pastOf(what) : WORDS[what] ?? words(what)}
            <Details details={kind === "fixture" && what === "added" ? {} : details ?? {}} />
          </span>
        </li>
      ))}
    </ol>
  );
}

const WORDS: Readonly<Record<string, string>> = {
  added: "In the fixture list",
  "push send": "Pushes sent",
  "push open": "Pushes opened",
  "push bounce": "Pushes bounced",
  "push abort": "Pushes aborted by Braze",
  "webhook send": "Webhook called by the campaign",
  due: "The push is due",
  sent: "The push is proved",
  cancelled: "The push is taken off",
  "send_id opened": "Asks Braze for a send id",
  "send_id succeeded": "Has the send id",
  "create opened": "Asks Braze to schedule the push",
  "create succeeded": "Braze has scheduled the push",
  "create failed": "Braze refused to schedule the push",
  "create unknown": "Braze gave no clear answer: it may have scheduled the push",
  "update opened": "Asks Braze to change the time",
  "update succeeded": "Braze has changed the time",
  "update failed": "Braze refused to change the time",
  "update unknown": "Braze gave no clear answer: it may have changed the time",
  "delete opened": "Asks Braze to delete the schedule",
  "delete succeeded": "Braze has deleted the schedule",
  "delete failed": "Braze refused to delete the schedule",
  "delete unknown": "Braze gave no clear answer: it may have deleted the schedule",
  "preflight ok": "Checked: it is in Braze as planned",
  "preflight not_contradicted": "Checked: nothing in Braze speaks against it",
  "preflight unknown": "Checked: Braze could not be asked",
  "preflight absent": "Checked: it is gone from Braze",
  "preflight campaign_stopped": "Checked: the campaign is stopped",
  "preflight changed": "Checked: the fixture has changed",
  "preflight no_schedule_id": "Checked: its schedule is not known in Braze",
};

function Details({ details }: { readonly details: Readonly<Record<string, unknown>> }) {
  const first = MAIN_DETAILS.map((name) => details[name]).find((value) =>
    typeof value === "string" && value !== "plan"
  );
  const rest = Object.entries(details).filter(([name, value]) =>
    value !== null && value !== undefined && value !== "plan" && details[name] !== first &&
    isShort(value) && !LEFT_OUT.includes(name) &&
    !(name === "http_status" && String(value).startsWith("2"))
  );
  return (
    <span class="sub">
      {first === undefined
        ? ""
        : `${METHODS[String(first)] ?? first}${rest.length > 0 ? " · " : ""}`}
      {rest.map(([name, value], index) => (
        <span key={name}>
          {index === 0 ? "" : " · "}
          {name === "events" ? `${count(Number(value))} events` : (
            <>
              {NAMES[name] ?? name.replaceAll("_", " ")}{" "}
              {isTime(value) ? <Time at={value} /> : textOf(value)}
            </>
          )}
        </span>
      ))}
    </span>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  generation: "schedule",
  http_status: "answer",
  braze_schedule_id: "id in Braze",
  occurrences: "seen",
  method: "known by",
};

/** How an event was found to belong to the match. */
const METHODS: Readonly<Record<string, string>> = {
  ledger_id: "by what our template sends back",
  match_id: "by what our template sends back",
  schedule_id: "by the id of its schedule",
  dispatch_id: "by the id of its dispatch",
  send_id: "by its send id",
  time_exact: "by its time alone",
  time_window: "by its time alone",
  elimination: "since no other match is left",
};

/** Ids and whole objects are left out. */
function isShort(value: unknown): boolean {
  if (typeof value === "number" || typeof value === "boolean") return true;
  if (typeof value === "string") return !/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value);
  return isChange(value);
}

function isChange(value: unknown): value is { from: unknown; to: unknown } {
  return typeof value === "object" && value !== null && "from" in value && "to" in value;
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value);
}

function textOf(value: unknown): string {
  return isChange(value)
    ? `${JSON.stringify(value.from)} → ${JSON.stringify(value.to)}`
    : String(value);
}
