/** The pushes of one day: the sentence, the next push, and a row for each match, updated while pushes are sent. */
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { count } from "../format.ts";
import { Content } from "../parts/states.tsx";
import { Chip, SEVERITY_TONES } from "../parts/status.tsx";
import { dayVerdicts, generalAlerts, nextVerdict } from "../read.ts";
import { hashOf, type Route } from "../route.ts";
import type { OpenAlert, Verdict } from "../rows.ts";
import { addDays, dateIn, dayName, startOfDay } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import { isFound, sentenceOf, textOf, VERDICTS, WORST_FIRST, worstFirst } from "../verdict.ts";
import { NextPushBar } from "./next_push.tsx";
import { TonightTable } from "./tonight_table.tsx";

const POLL_MS = { live: 5_000, quiet: 30_000 };
/** Fast polling around a push, when its counts change by the second. */
const LIVE_MS = { before: 15 * 60_000, after: 2 * 3_600_000 };

export function Tonight() {
  const { client, clock, route, zone, announce } = usePage();
  const date = route.date ?? dateIn(clock.now(), zone);
  const [isLive, setLive] = useState(true);
  const polled = usePolled(
    `tonight ${date} ${zone}`,
    async () => {
      const now = clock.now();
      const [verdicts, next, general] = await Promise.all([
        dayVerdicts(client, startOfDay(date, zone), startOfDay(addDays(date, 1), zone), now),
        nextVerdict(client, now),
        generalAlerts(client),
      ]);
      return { verdicts, next, general };
    },
    clock,
    isLive ? POLL_MS.live : POLL_MS.quiet,
  );
  const verdicts = polled.data?.verdicts;
  const announced = useRef("");
  useEffect(() => {
    if (verdicts === undefined) return;
    setLive(isAroundAPush(verdicts, clock.now()));
    const text = textOf(sentenceOf(verdicts));
    // A screen reader reads the first data with the page; only later changes are announced.
    if (announced.current !== "" && announced.current !== text) announce(text);
    announced.current = text;
  }, [verdicts]);

  return (
    <>
      <Content polled={polled}>
        {({ verdicts, next, general }) => {
          const { tone, head, parts } = sentenceOf(verdicts);
          const shown = worstFirst(verdicts).filter((each) =>
            isFound(each, route.search) &&
            (route.verdict === null || each.verdict === route.verdict)
          );
          return (
            <>
              <p class={`sentence ${tone}`}>
                <strong>{head}</strong>
                {parts.map((part) => <span key={part}>{` · ${part}`}</span>)}
              </p>
              <NextPushBar verdicts={verdicts} next={next} />
              <GeneralAlerts alerts={general} />
              <div class="tools">
                <DayPicker date={date} />
                {verdicts.length === 0 ? null : <Filter verdicts={verdicts} />}
              </div>
              {verdicts.length > 0 && shown.length === 0
                ? <p class="notice">No match is found. Clear the search to see all.</p>
                : null}
              {shown.length === 0 ? null : <TonightTable verdicts={shown} />}
            </>
          );
        }}
      </Content>
    </>
  );
}

function isAroundAPush(verdicts: readonly Verdict[], now: Date): boolean {
  return verdicts.some(({ send_at }) => {
    const sinceMs = send_at === null ? Infinity : now.getTime() - new Date(send_at).getTime();
    return sinceMs > -LIVE_MS.before && sinceMs < LIVE_MS.after;
  });
}

function GeneralAlerts({ alerts }: { readonly alerts: readonly OpenAlert[] }) {
  const { route } = usePage();
  if (alerts.length === 0) return null;
  return (
    <ul class="plain general" aria-label="Open alerts of no single match">
      {alerts.map(({ fingerprint, severity, title }) => (
        <li key={fingerprint}>
          <Chip tone={SEVERITY_TONES[severity]}>{severity}</Chip>{" "}
          <a href={hashOf({ view: "alerts", zone: route.zone })}>{title}</a>
        </li>
      ))}
    </ul>
  );
}

function Filter({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  const { route } = usePage();
  // Replaces the address, so that "back" does not go through each letter.
  const show = (changes: Partial<Route>) => location.replace(hashOf({ ...route, ...changes }));
  const found = verdicts.filter((each) => isFound(each, route.search));
  const present = WORST_FIRST.filter((name) =>
    name === route.verdict || verdicts.some(({ verdict }) => verdict === name)
  );
  return (
    <>
      <input
        type="search"
        aria-label="Search by id, team, verdict or alert"
        placeholder="Id, team, verdict, alert"
        value={route.search}
        onInput={(event) => show({ search: event.currentTarget.value })}
      />
      <div class="filters" role="group" aria-label="Show only">
        {present.map((name) => (
          <button
            type="button"
            key={name}
            class={VERDICTS[name].tone}
            aria-pressed={name === route.verdict}
            onClick={() => show({ verdict: name === route.verdict ? null : name })}
          >
            {VERDICTS[name].label}{" "}
            <strong>{count(found.filter(({ verdict }) => verdict === name).length)}</strong>
          </button>
        ))}
      </div>
    </>
  );
}

function DayPicker({ date }: { readonly date: string }) {
  const { route } = usePage();
  const to = (day: string | null) => hashOf({ ...route, view: "tonight", date: day });
  return (
    <div class="day">
      <a class="step" href={to(addDays(date, -1))} aria-label="The day before">‹</a>
      <label>
        <span class="visually-hidden">Day</span>
        <input
          type="date"
          value={date}
          onChange={(event) => {
            if (event.currentTarget.value !== "") location.hash = to(event.currentTarget.value);
          }}
        />
      </label>
      <a class="step" href={to(addDays(date, 1))} aria-label="The day after">›</a>
      <span class="day-name">{dayName(date)}</span>
      {route.date === null ? null : <a href={to(null)}>Today</a>}
    </div>
  );
}
