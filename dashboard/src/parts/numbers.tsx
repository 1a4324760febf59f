/** Whether a push reached each user once, and all users, as text that needs no column title. */
import { count, range } from "../format.ts";
import type { Verdict, VerdictName } from "../rows.ts";

/** Before a send, and without one, the questions have no answer yet. */
const WITHOUT_SEND: readonly VerdictName[] = [
  "scheduled",
  "will_not_go",
  "called_off",
  "not_wanted",
];

export function hasNumbers({ verdict, to_everyone: { reached } }: Verdict): boolean {
  return reached > 0 || !WITHOUT_SEND.includes(verdict);
}

export function Once({ verdict }: { readonly verdict: Verdict }) {
  if (!hasNumbers(verdict)) return <span class="quiet">–</span>;
  const { answer, users } = verdict.once;
  switch (answer) {
    case "yes":
      return <span class="good-text">✓ once</span>;
    case "no":
      return <strong class="bad-text">✕ twice to {users === null ? "some" : count(users)}</strong>;
    case "unknown":
      return <span class="quiet">not known</span>;
  }
}

/** "1,430 of 1,400–1,500", and what is wrong with it. */
export function ToEveryone({ verdict }: { readonly verdict: Verdict }) {
  const { answer, by, reached, expected_min: min, expected_max: max } = verdict.to_everyone;
  if (!hasNumbers(verdict)) {
    return (
      <span class="quiet">
        {max === null ? "–" : (
          <>
            <span class="range">{range(min, max, max)}</span> expected
          </>
        )}
      </span>
    );
  }
  return (
    <>
      <span class="figure">{count(reached)}</span>
      {max === null ? null : (
        <span class="quiet">
          {" of "}
          <span class="range">{range(min, max, max)}</span>
        </span>
      )}
      {answer === "short"
        ? <strong class="sub bad-text">✕ {count(by)} too few</strong>
        : answer === "more"
        ? <strong class="sub warn-text">! {count(by)} more</strong>
        : answer === "within" && reached > 0
        ? <span class="sub good-text">✓ as expected</span>
        : answer === "not_measured" && reached > 0
        ? <span class="sub">expectation not measured</span>
        : null}
    </>
  );
}
