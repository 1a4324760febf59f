/** How old the data are, what time it is, and in which zone. */
import { type LastRead, usePage } from "../context.ts";
import { hashOf } from "../route.ts";
import { clockTime, clockWithSeconds, duration, ownZone, utc } from "../time.ts";
import { useNow } from "../use_polled.ts";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

export function ClockAndZone({ lastRead }: { readonly lastRead: LastRead }) {
  const { clock, zone, route } = usePage();
  const now = useNow(clock);
  return (
    <div class="clock">
      <Freshness lastRead={lastRead} now={now} zone={zone} />
      <time dateTime={now.toISOString()} title={utc(now)}>{clockWithSeconds(now, zone)}</time>
      <select
        aria-label="Time zone"
        title="All times are shown in this zone; hover over one to see UTC"
        value={route.zone ?? ""}
        onChange={(event) => {
          location.hash = hashOf({ ...route, zone: event.currentTarget.value || null });
        }}
      >
        <option value="">{ownZone()}</option>
        {ZONES.map((each) => <option key={each} value={each}>{each}</option>)}
      </select>
    </div>
  );
}

function Freshness({ lastRead: { at, hasFailed }, now, zone }: {
  readonly lastRead: LastRead;
  readonly now: Date;
  readonly zone: string;
}) {
  if (at === null) return null;
  if (hasFailed) return <strong class="bad-text">not updated since {clockTime(at, zone)}</strong>;
  return (
    <span class="fresh">updated {duration(Math.max(1_000, now.getTime() - at.getTime()))} ago</span>
  );
}
