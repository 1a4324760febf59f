/** The timeline of a match, oldest first. */
import { useState } from "preact/hooks";
import { Time } from "../parts/time.tsx";
import type { TimelineLine } from "../rows.ts";
import { words } from "../format.ts";

/** The first of these that a line has is shown first. */
const MAIN_DETAILS = ["title", "reason", "detail", "method", "evidence", "resolved_as"];
const MANY = 60;

export function MatchTimeline({ timeline }: { readonly timeline: readonly TimelineLine[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole || timeline.length <= MANY
    ? timeline
    : timeline.filter(({ kind }) => kind !== "events").slice(-MANY);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {shown.length === timeline.length ? null : (
        <p>
          {timeline.length - shown.length} of {timeline.length}{" "}
          lines are left out, most of them counts of events.{" "}
          <button type="button" onClick={() => setWhole(true)}>Show all</button>
        </p>
      )}
      <ol class="timeline">
        {shown.map(({ at, kind, what, details }, index) => (
          <li key={index} class={`kind-${kind}`}>
            <Time at={at} />
            <span class="kind">{kind}</span>
            <span class="what">
              {words(what)}
              <Details details={details ?? {}} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Details({ details }: { readonly details: Readonly<Record<string, unknown>> }) {
  const first = MAIN_DETAILS.map((name) => details[name]).find((value) =>
    typeof value === "string"
  );
  const rest = Object.entries(details).filter(([name, value]) =>
    value !== null && value !== undefined && details[name] !== first && isShort(value)
  );
  return (
    <span class="sub">
      {first === undefined ? "" : `${first}${rest.length > 0 ? " · " : ""}`}
      {rest.map(([name, value], index) => (
        <span key={name}>
          {index === 0 ? "" : " · "}
          {name.replaceAll("_", " ")} {isTime(value) ? <Time at={value} /> : textOf(value)}
        </span>
      ))}
    </span>
  );
}

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
