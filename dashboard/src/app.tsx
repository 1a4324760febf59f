/** The frame around every view: navigation, current view, time zone. */
import type { ComponentType } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Connection } from "./client.ts";
import { type Page, PageProvider } from "./context.ts";
import { hashOf, readRoute, type View } from "./route.ts";
import { Session } from "./session.tsx";
import { ownZone } from "./time.ts";
import { Alerts } from "./views/alerts.tsx";
import { Counts } from "./views/counts.tsx";
import { Duplicates } from "./views/duplicates.tsx";
import { Health } from "./views/health.tsx";
import { Jobs } from "./views/jobs.tsx";
import { Match } from "./views/match.tsx";
import { MatchdayView } from "./views/matchday.tsx";

const PAGES: Readonly<Record<View, { readonly title: string; readonly show: ComponentType }>> = {
  matchday: { title: "Matchday", show: MatchdayView },
  match: { title: "Match", show: Match },
  counts: { title: "Counts", show: Counts },
  health: { title: "Health", show: Health },
  duplicates: { title: "Duplicates", show: Duplicates },
  alerts: { title: "Alerts", show: Alerts },
  jobs: { title: "Jobs", show: Jobs },
};
const MENU = (Object.keys(PAGES) as View[]).filter((view) => view !== "match");

export function App({ connection }: { readonly connection: Connection }) {
  return (
    <Session connection={connection}>
      {(signOut) => <Shell connection={connection} signOut={signOut} />}
    </Session>
  );
}

function Shell({ connection, signOut }: {
  readonly connection: Connection;
  readonly signOut: (() => void) | null;
}) {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  const [news, setNews] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  const zone = route.zone ?? ownZone();
  const { title, show: View } = PAGES[route.view];
  const name = route.view === "match" ? `Match ${route.matchId}` : title;

  useEffect(() => {
    const onChange = () => setRoute(readRoute(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);

  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${name} · Push watch`;
    // Moves focus to the heading after navigation, but not on the first load.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
    setNews("");
  }, [name]);

  const page = useMemo<Page>(
    () => ({ ...connection, route, zone, announce: setNews }),
    [connection, route, zone],
  );
  return (
    <PageProvider value={page}>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          heading.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <span class="brand">Push watch</span>
        <nav aria-label="Views">
          {MENU.map((view) => (
            <a
              key={view}
              href={hashOf({
                view,
                zone: route.zone,
                date: view === "matchday" ? route.date : null,
              })}
              aria-current={view === route.view ? "page" : undefined}
            >
              {PAGES[view].title}
            </a>
          ))}
        </nav>
        <span class="who">
          <span title="Times are shown in this zone; hover over one to see UTC">{zone}</span>
          {signOut === null ? null : <button type="button" onClick={signOut}>Sign out</button>}
        </span>
      </header>
      <main id="content">
        <h1 ref={heading} tabIndex={-1}>{name}</h1>
        <View key={name} />
      </main>
      <div class="visually-hidden" role="status" aria-live="polite">{news}</div>
    </PageProvider>
  );
}
