/** The verbs of a match as buttons, and what people did to it, with undo beside the last of it. */
import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { Done } from "../act.ts";
import { Person } from "../parts/alert_card.tsx";
import { Result } from "../parts/result.tsx";
import { Time } from "../parts/time.tsx";
import { VerbButton } from "../parts/verb_button.tsx";
import type { PersonAction, Verdict } from "../rows.ts";
import { isMatchVerb, MATCH_VERBS, type MatchVerb, pastOf } from "../verbs.ts";

/** These concern an alert or a schedule that is not the suite's: undo takes none of them back. */
const NOT_UNDONE = ["undo", "resolve", "keep_schedule", "delete_schedule", "adopt_schedule"];
const OFFERED = Object.keys(MATCH_VERBS).filter(isMatchVerb).filter((verb) => verb !== "undo");

export function MatchActions({ verdict, actions, reload }: {
  readonly verdict: Verdict;
  readonly actions: readonly PersonAction[];
  readonly reload: () => Promise<void>;
}) {
  const [done, setDone] = useState<Done | null>(null);
  const { verbs, verbs_with_risk: risky } = verdict.next;
  const isOffered = (verb: string) => verbs.includes(verb) || risky.includes(verb);
  const offered = OFFERED.filter(isOffered);
  const about = `${verdict.home_team} – ${verdict.away_team}`;
  const { match_id } = verdict;
  const button = (verb: MatchVerb, undone?: number) => (
    <VerbButton
      key={verb}
      verb={verb}
      subject={undone === undefined ? { match_id } : { match_id, action_id: undone }}
      about={about}
      isRisky={risky.includes(verb)}
      onDone={(done) => {
        setDone(done);
        void reload();
      }}
    />
  );
  return (
    <section aria-labelledby="actions">
      <h2 id="actions">What you can do</h2>
      {offered.length === 0 ? <p class="quiet">Nothing needs to be done.</p> : null}
      <div class="actions">{offered.map((verb) => button(verb))}</div>
      {done === null ? null : <Result done={done} />}
      <details class="more">
        <summary>Other actions, which are refused as things are</summary>
        <p class="quiet">Trying one says why it is refused.</p>
        <div class="actions">
          {OFFERED.filter((verb) => !isOffered(verb)).map((verb) => button(verb))}
        </div>
      </details>
      <WhatPeopleDid
        actions={actions}
        undo={(id) => verbs.includes("undo") ? button("undo", id) : null}
      />
    </section>
  );
}

function WhatPeopleDid({ actions, undo }: {
  readonly actions: readonly PersonAction[];
  /** The button that takes back the action with that id. */
  readonly undo: (id: number) => ComponentChild;
}) {
  if (actions.length === 0) return null;
  const undone = new Set(actions.map(({ undoes }) => undoes));
  const last = actions.findLast(({ id, action }) =>
    !undone.has(id) && !NOT_UNDONE.includes(action)
  );
  return (
    <>
      <h3>What people did</h3>
      <ul class="plain done">
        {actions.toReversed().map((each) => (
          <li key={each.id}>
            <span>
              <strong>{pastOf(each.action)}</strong>
              {undone.has(each.id) ? <span class="quiet">(undone)</span> : null}: “{each.reason}”
              {" "}
              <span class="quiet">
                <Person action={each} />, <Time at={each.acted_at} as="short" />
              </span>
            </span>
            {each === last ? undo(each.id) : null}
          </li>
        ))}
      </ul>
    </>
  );
}
