/** An alert in full: what, what to do, the verbs for it, its match. */
import { hintFor } from "../../../supabase/functions/_shared/alerts/runbook.ts";
import type { Done, Subject } from "../act.ts";
import { plural } from "../format.ts";
import type { AlertRow, PersonAction, Severity } from "../rows.ts";
import { isMatchVerb, SCHEDULE_VERBS, type ScheduleVerb, type Verb, withLabels } from "../verbs.ts";
import { MatchLink } from "./match_link.tsx";
import { Result } from "./result.tsx";
import { Chip, SEVERITY_TONES } from "./status.tsx";
import { Time } from "./time.tsx";
import { VerbButton } from "./verb_button.tsx";

/** What alerts about several matches, and about a schedule that is not the suite's, say of them. */
interface Details {
  readonly match_ids?: readonly number[];
  readonly matches?: readonly { readonly match_id: number }[];
  readonly schedule_id?: unknown;
}

interface Offer {
  readonly verb: Verb;
  readonly subject: Subject;
}

export function AlertCard({ alert, closing, done, onDone, isOnMatch = false }: {
  readonly alert: AlertRow;
  /** What a person did that closed it. */
  readonly closing?: PersonAction | undefined;
  /** What became of the verb that was used here. */
  readonly done?: Done | undefined;
  /** Absent: nothing can be done to it. */
  readonly onDone?: (done: Done) => void;
  /** The page of its match offers the verbs of the match itself. */
  readonly isOnMatch?: boolean;
}) {
  const { severity, title, match_id: matchId, resolved_at: resolvedAt } = alert;
  const isOpen = resolvedAt === null;
  const offers = onDone === undefined ? [] : offersOf(alert, isOnMatch);
  return (
    <article class={`alert ${isOpen ? SEVERITY_TONES[severity as Severity] ?? "warn" : "off"}`}>
      <h3>
        <Chip tone={isOpen ? SEVERITY_TONES[severity as Severity] ?? "warn" : "off"}>
          {severity}
        </Chip>{" "}
        {title}
      </h3>
      {isOpen
        ? (
          <p>
            <strong>What to do:</strong> <Coded text={withLabels(hintFor(alert.rule))} />.
          </p>
        )
        : (
          <p>
            <Closing alert={alert} closing={closing} />
          </p>
        )}
      <p class="sub">
        {matchId === null || isOnMatch ? null : (
          <>
            <MatchLink matchId={matchId} /> ·{" "}
          </>
        )}
        {alert.rule.replaceAll("_", " ")} · since <Time at={alert.first_seen_at} as="short" />, seen
        {" "}
        {plural(alert.occurrences, "time")} · <Told alert={alert} />
      </p>
      {onDone === undefined || offers.length === 0 ? null : (
        <div class="actions">
          {offers.map(({ verb, subject }) => (
            <VerbButton key={verb} verb={verb} subject={subject} about={title} onDone={onDone} />
          ))}
        </div>
      )}
      {done === undefined ? null : <Result done={done} />}
    </article>
  );
}

/** The verbs that the hint names, and the one that closes a harm. */
function offersOf(alert: AlertRow, isOnMatch: boolean): Offer[] {
  const { fingerprint, kind, rule, match_id: matchId } = alert;
  const named = [...hintFor(rule).matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  const details = alert.details as Details | null;
  const matchIds = details?.match_ids ?? details?.matches?.map(({ match_id: id }) => id) ?? [];
  const subject = matchId === null ? { match_ids: matchIds } : { match_id: matchId };
  const ofMatch = isOnMatch || (matchId === null && matchIds.length === 0)
    ? []
    : [...new Set(named.filter(isMatchVerb))].map((verb): Offer => ({ verb, subject }));
  const scheduleId = details?.schedule_id;
  const ofSchedule = rule !== "unmanaged_schedule" || typeof scheduleId !== "string"
    ? []
    : (Object.keys(SCHEDULE_VERBS) as ScheduleVerb[])
      .map((verb): Offer => ({ verb, subject: { schedule_id: scheduleId, of: matchId } }));
  const close: Offer = { verb: "resolve", subject: { fingerprint, of: matchId } };
  return [...ofMatch, ...ofSchedule, ...(kind === "harm" ? [close] : [])];
}

function Closing({ alert, closing }: {
  readonly alert: AlertRow;
  readonly closing: PersonAction | undefined;
}) {
  if (closing === undefined) {
    return (
      <>
        Its cause was gone at <Time at={alert.resolved_at} as="short" />; nobody had to close it.
      </>
    );
  }
  return (
    <>
      Closed by <Person action={closing} /> at{" "}
      <Time at={closing.acted_at} as="short" />: “{closing.reason}”
    </>
  );
}

/** Operators are known by the id of their account. */
export function Person(
  { action: { actor_kind: kind, actor_id: id } }: { readonly action: PersonAction },
) {
  return kind === "operator"
    ? <span title={id ?? undefined}>operator {id?.slice(0, 8)}</span>
    : <>somebody with the secret key</>;
}

function Told({ alert }: { readonly alert: AlertRow }) {
  const { delivered_at: at, delivered_as: as, delivery_error: error } = alert;
  if (at !== null) {
    return as === "webhook" ? <>told in the chat</> : <>written to the log: no chat is set up</>;
  }
  return error === null
    ? <>not told yet</>
    : <span class="bad-text" title={error}>the chat refused it</span>;
}

/** Text with its `words` set as code. */
function Coded({ text }: { readonly text: string }) {
  return text.split("`").map((part, index) =>
    index % 2 === 1 ? <code key={index}>{part}</code> : part
  );
}
