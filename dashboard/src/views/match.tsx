/** One match: what became of its push, what can be done, and everything behind it. */
import { usePage } from "../context.ts";
import { count, words } from "../format.ts";
import { AlertList } from "../parts/alert_list.tsx";
import { Once, ToEveryone } from "../parts/numbers.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { VerdictChip } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { type LedgerFacts, type MatchPage, matchPage } from "../read.ts";
import { hashOf } from "../route.ts";
import type { Verdict } from "../rows.ts";
import { dateIn } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import { withLabels } from "../verbs.ts";
import { wordingOfVerdict } from "../verdict.ts";
import { Attempts } from "./attempts.tsx";
import { MatchActions } from "./match_actions.tsx";
import { MatchEventsPart } from "./match_events.tsx";
import { MatchTimeline } from "./timeline.tsx";

const POLL_MS = 10_000;

export function Match() {
  const { client, clock, route } = usePage();
  const matchId = route.matchId ?? 0;
  const polled = usePolled(
    `match ${matchId}`,
    () => matchPage(client, matchId, clock.now()),
    clock,
    POLL_MS,
  );
  return (
    <Content polled={polled}>
      {(page) =>
        page.verdict === null
          ? (
            <Empty title={`There is no match ${matchId}`}>
              It may have been taken out of the fixture list.{" "}
              <a href="#/tonight">Back to Tonight</a>
            </Empty>
          )
          : <Known page={page} verdict={page.verdict} reload={polled.reload} />}
    </Content>
  );
}

function Known({ page, verdict, reload }: {
  readonly page: MatchPage;
  readonly verdict: Verdict;
  readonly reload: () => Promise<void>;
}) {
  const { zone, route } = usePage();
  const { next } = verdict;
  const day = dateIn(new Date(verdict.kickoff_at), zone);
  return (
    <>
      <p class="lede">
        <strong>{verdict.home_team} – {verdict.away_team}</strong>
        <span>
          {verdict.competition} · push <Time at={verdict.send_at} /> · kick-off{" "}
          <Time at={verdict.kickoff_at} />
        </span>
        <a href={hashOf({ view: "tonight", date: day, zone: route.zone })}>
          All matches of that day
        </a>
      </p>
      <dl class={`answer ${wordingOfVerdict(verdict).tone}`}>
        <div class="answer-verdict">
          <dt>Did it go out?</dt>
          <dd>
            <VerdictChip verdict={verdict} />
            <span class="why">{withLabels(verdict.why)}</span>
          </dd>
        </div>
        <div>
          <dt>Once?</dt>
          <dd>
            <Once verdict={verdict} />
          </dd>
        </div>
        <div>
          <dt>To everyone?</dt>
          <dd>
            <ToEveryone verdict={verdict} />
          </dd>
        </div>
        <div class="answer-next">
          <dt>What is next?</dt>
          <dd>
            {withLabels(next.text)}
            {next.at === null ? null : (
              <span class="sub">
                <Time at={next.at} as="short" />, <Time at={next.at} as="ago" />
              </span>
            )}
          </dd>
        </div>
      </dl>
      <MatchActions verdict={verdict} actions={page.actions} reload={reload} />
      <section aria-labelledby="open-alerts">
        <h2 id="open-alerts" hidden={page.alerts.length === 0}>Open alerts</h2>
        <AlertList rows={page.alerts} reload={reload} isOnMatch />
      </section>
      <Numbers verdict={verdict} ledger={page.ledger} />
      <MatchEventsPart events={page.events} verdict={verdict} />
      <MatchTimeline timeline={page.timeline} />
      <Attempts attempts={page.attempts} />
    </>
  );
}

const CHECKED: Readonly<Record<string, string>> = {
  ok: "In Braze as planned",
  not_contradicted: "Nothing in Braze speaks against it",
  unknown: "Braze could not be asked",
  absent: "Gone from Braze",
  campaign_stopped: "The campaign is stopped",
  changed: "The fixture has changed",
  no_schedule_id: "Its schedule is not known in Braze",
};

function Numbers({ verdict: { counts }, ledger }: {
  readonly verdict: Verdict;
  readonly ledger: LedgerFacts | null;
}) {
  const reasons = Object.entries(counts.abort_reasons)
    .toSorted(([a, many], [b, few]) => few - many || a.localeCompare(b));
  const checked = ledger?.preflight_result ?? null;
  return (
    <section aria-labelledby="numbers">
      <h2 id="numbers">Numbers</h2>
      <dl class="facts">
        <Fact name="Sent" note="users">{count(counts.sent)}</Fact>
        <Fact name="Sent, says Braze" note="pushes, one for each device">
          {count(ledger?.braze_reported_count)}
        </Fact>
        <Fact name="Bounced" note="the device refused it">{count(counts.bounced)}</Fact>
        <Fact
          name="Aborted by Braze"
          note={reasons.map(([name, many]) => `${count(many)} ${reasonText(name)}`).join(", ")}
        >
          {count(counts.aborted)}
        </Fact>
        <Fact name="Opened">{count(counts.opened)}</Fact>
        <div>
          <dt>Last check before the send</dt>
          <dd>
            {checked === null ? "Not yet" : CHECKED[checked] ?? words(checked)}
            {ledger?.preflight_at == null ? null : (
              <span class="sub">
                <Time at={ledger.preflight_at} as="short" />
              </span>
            )}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function reasonText(name: string): string {
  return name.replaceAll("_", " ").toLowerCase();
}

function Fact({ name, note, children }: {
  readonly name: string;
  readonly note?: string;
  readonly children: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {children}
        {note ? <span class="sub">{note}</span> : null}
      </dd>
    </div>
  );
}
