/** One match: counts, operator actions, timeline, attempts, events. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { markSent, reconcile, runPreflight } from "../act.ts";
import { usePage } from "../context.ts";
import { count, range, signed } from "../format.ts";
import { Action } from "../parts/action.tsx";
import { AlertList } from "../parts/alert_list.tsx";
import { Confidence } from "../parts/confidence.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip, preflightState, sendState } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { type MatchPage, matchPage } from "../read.ts";
import { hashOf } from "../route.ts";
import type { MatchdayMatch } from "../rows.ts";
import { dateIn } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import { Attempts } from "./attempts.tsx";
import { MatchEventsPart } from "./match_events.tsx";
import { MatchTimeline } from "./timeline.tsx";

const POLL_MS = 10_000;

export function Match() {
  const { client, clock, route } = usePage();
  const matchId = route.matchId ?? 0;
  const polled = usePolled(
    `match ${matchId}`,
    () => matchPage(client, matchId),
    clock,
    POLL_MS,
  );
  return (
    <Content polled={polled}>
      {(page) =>
        page.match === null
          ? (
            <Empty title={`There is no match ${matchId}`}>
              It may have been taken out of the fixture list.{" "}
              <a href="#/matchday">Back to the matchday</a>
            </Empty>
          )
          : <Known page={page} match={page.match} reload={polled.reload} />}
    </Content>
  );
}

function Known({ page, match, reload }: {
  readonly page: MatchPage;
  readonly match: MatchdayMatch;
  readonly reload: () => Promise<void>;
}) {
  const { clock, zone, route } = usePage();
  const state = sendState(match, clock.now());
  const day = dateIn(new Date(match.send_at ?? match.kickoff_at), zone);
  return (
    <>
      <p class="lede">
        <strong>{match.home_team} – {match.away_team}</strong>
        <span>{match.competition}, {match.match_status}</span>
        <a href={hashOf({ view: "matchday", date: day, zone: route.zone })}>
          All matches of that day
        </a>
      </p>
      <dl class="facts">
        <Fact name="Status">
          <Chip tone={state.tone}>{state.text}</Chip>
          {match.sent_evidence === null
            ? null
            : <span class="sub">evidence: {match.sent_evidence}</span>}
        </Fact>
        <Fact name="Push">
          <Time at={match.send_at} />
        </Fact>
        <Fact name="Kick-off">
          <Time at={match.kickoff_at} />
        </Fact>
        <Fact name="Pre-flight">
          {match.preflight_result === null ? "Not yet" : (
            <>
              <Chip tone={preflightState(match.preflight_result).tone}>
                {preflightState(match.preflight_result).text}
              </Chip>
              <span class="sub">
                <Time at={match.preflight_at} />
              </span>
            </>
          )}
        </Fact>
        <Fact name="Expected users">
          {range(match.expected_min, match.expected_max, match.expected)}
        </Fact>
        <Fact name="Users received">{count(match.users)}</Fact>
        <Fact name="Sends received">{count(match.sends)}</Fact>
        <Fact name="Braze reports">
          {count(match.braze_reported)}
          {match.braze_reported === null
            ? null
            : <span class="sub">{signed(match.sends - match.braze_reported)} here</span>}
        </Fact>
        <Fact name="Opens">{count(match.opens)}</Fact>
        <Fact name="Confidence">
          <Confidence {...match} />
        </Fact>
      </dl>
      {match.alerts.length === 0 ? null : (
        <section aria-labelledby="open-alerts">
          <h2 id="open-alerts">Open alerts</h2>
          <AlertList alerts={match.alerts} />
        </section>
      )}
      <Buttons match={match} reload={reload} />
      <MatchEventsPart events={page.events} match={match} />
      <Attempts attempts={page.attempts} />
      <MatchTimeline timeline={page.timeline} />
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Buttons({ match, reload }: {
  readonly match: MatchdayMatch;
  readonly reload: () => Promise<void>;
}) {
  const { client, clock } = usePage();
  const isDue = match.send_at !== null && new Date(match.send_at) <= clock.now();
  const canMark = match.status !== null && match.status !== "sent" && isDue;
  // Stays after the action, with its result.
  const [wasOffered, setOffered] = useState(canMark);
  if (canMark && !wasOffered) setOffered(true);
  return (
    <section aria-labelledby="actions" class="actions">
      <h2 id="actions">Act</h2>
      <Action
        name="Run pre-flight now"
        question="Checks every push that is due within the next minutes in Braze. It changes no schedule there; a schedule that is proved absent is cancelled in the ledger."
        confirm="Run it"
        act={() => runPreflight(client)}
        after={reload}
      />
      <Action
        name="Try a reconciliation"
        question="Compares ledger, Braze and events of all matches and shows what it would do. Nothing is changed."
        confirm="Try it"
        act={() => reconcile(client, true)}
        after={reload}
      />
      <Action
        name="Reconcile for real"
        question="Compares ledger, Braze and events of all matches and resolves what evidence decides. Unmanaged schedules in Braze are cancelled, up to the cap. Try it first."
        confirm="Reconcile"
        act={() => reconcile(client, false)}
        after={reload}
      />
      {!canMark && !wasOffered ? null : (
        <Action
          isPossible={canMark}
          name="Mark as sent"
          question={`You confirm that the push of match ${match.match_id} was sent, although no event proves it. Your user id and the reason are stored.`}
          confirm="Confirm as sent"
          reasonFor="How do you know?"
          act={(reason) => markSent(client, match.match_id, reason)}
          after={reload}
        />
      )}
    </section>
  );
}
