/** What happened to a match, in order, from `match_timeline`. */
import { useState } from "preact/hooks";
import { Time } from "../parts/time.tsx";
import type { TimelineLine } from "../rows.ts";
import { words } from "../format.ts";

/** Said first, in these words, whatever else a line holds. */
const TOLD = ["title", "reason", "detail", "method", "evidence", "resolved_as"];
const MANY = 60;

export function MatchTimeline({ story }: { readonly story: readonly TimelineLine[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole || story.length <= MANY
    ? story
    : story.filter(({ kind }) => kind !== "events").slice(-MANY);
  return (
    <section aria-labelledby="story">
      <h2 id="story">Timeline</h2>
      {shown.length === story.length ? null : (
        <p>
          {story.length - shown.length} of {story.length}{" "}
          lines are left out, most of them counts of events.{" "}
          <button type="button" onClick={() => setWhole(true)}>Show all</button>
        </p>
      )}
      <ol class="story">
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
  const first = TOLD.map((name) => details[name]).find((value) => typeof value === "string");
  const rest = Object.entries(details).filter(([name, value]) =>
    value !== null && value !== undefined && details[name] !== first && isShort(value)
  );
  return (
    <span class="sub">
      {first === undefined ? "" : `${first}${rest.length > 0 ? " · " : ""}`}
      {rest.map(([name, value], index) => (
        <span key={name}>
          {index === 0 ? "" : " · "}
          {name.replaceAll("_", " ")} {isTime(value) ? <Time at={value} /> : told(value)}
        </span>
      ))}
    </span>
  );
}

/** Run ids and whole objects are for SQL; a person reads the rest. */
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

function told(value: unknown): string {
  return isChange(value)
    ? `${JSON.stringify(value.from)} → ${JSON.stringify(value.to)}`
    : String(value);
}
