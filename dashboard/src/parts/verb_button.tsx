/**
 * A verb as a button. It says what it will do, asks for a reason, tries it without changing anything, and only then does
 * it.
 */
import { useId, useRef, useState } from "preact/hooks";
import { carryOut, type Done, type Subject } from "../act.ts";
import { usePage } from "../context.ts";
import { type Verb, wordingOf } from "../verbs.ts";
import { failure, Result } from "./result.tsx";

const REASON_CHARACTERS_MAX = 1_000;

export interface VerbButtonProps {
  readonly verb: Verb;
  readonly subject: Subject;
  /** What it is done to, as the heading of the dialog names it. */
  readonly about: string;
  /** Users may get two pushes by it. */
  readonly isRisky?: boolean;
  /** Shows what became of it: this button may be gone by then. */
  readonly onDone: (done: Done) => void;
}

export function VerbButton({ verb, subject, about, isRisky = false, onDone }: VerbButtonProps) {
  const { client } = usePage();
  const { label, does, accepts } = wordingOf(verb);
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState("");
  const [isAccepted, setAccepted] = useState(false);
  const [adoptFor, setAdoptFor] = useState("");
  /** Of the try; null: it must be tried first. */
  const [tried, setTried] = useState<Done | null>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const isReady = tried?.isGood === true;

  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    const asked = {
      reason: reason.trim(),
      accepts: isAccepted ? accepts?.option : undefined,
      adoptFor: adoptFor === "" ? undefined : Number(adoptFor),
    };
    const result = await carryOut(client, verb, subject, asked, !isReady).catch(failure);
    setBusy(false);
    if (!isReady) return setTried(result);
    dialog.current?.close();
    reset();
    onDone(result);
  }

  function reset() {
    setReason("");
    setAccepted(false);
    setAdoptFor("");
    setTried(null);
  }

  return (
    <div class="action">
      <button type="button" onClick={() => dialog.current?.showModal()}>
        {label}
        {isRisky ? <span class="warn-text">(may push twice)</span> : null}
      </button>
      <dialog ref={dialog} aria-labelledby={`${id}-title`} onClose={reset}>
        <form method="dialog" onSubmit={(event) => void submit(event)}>
          <h2 id={`${id}-title`}>{label}: {about}</h2>
          <p>{does}</p>
          <label>
            Why? It is stored with your name.
            <textarea
              required
              rows={2}
              maxLength={REASON_CHARACTERS_MAX}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          {verb !== "adopt_schedule" ? null : (
            <label>
              Id of the match, if the schedule names none
              <input
                inputMode="numeric"
                pattern="\d{1,15}"
                value={adoptFor}
                onInput={(event) => {
                  setAdoptFor(event.currentTarget.value);
                  setTried(null);
                }}
              />
            </label>
          )}
          {/* A risk is offered for acceptance only where it is why the verb is refused. */}
          {accepts === undefined || (tried?.isGood !== false && !isAccepted && !isRisky)
            ? null
            : (
              <label class="check">
                <input
                  type="checkbox"
                  checked={isAccepted}
                  onChange={(event) => {
                    setAccepted(event.currentTarget.checked);
                    setTried(null);
                  }}
                />
                {accepts.label}
              </label>
            )}
          {tried === null ? null : <Result done={tried} />}
          <p class="buttons">
            <button type="button" onClick={() => dialog.current?.close()}>Leave it</button>
            <button
              type="submit"
              class="primary"
              disabled={isBusy || reason.trim() === "" || tried?.isGood === false}
            >
              {isBusy ? "One moment …" : isReady ? label : "Try it first"}
            </button>
          </p>
        </form>
      </dialog>
    </div>
  );
}
