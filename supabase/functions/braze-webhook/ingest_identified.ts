/** Stores the identifiable events of concurrent requests in shared database calls; each request gets its own counts. */
import { asColumns } from "../_shared/attribution/identified.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { policyOf } from "../_shared/function/rejudge.ts";
import type { ReceivedEvent } from "../_shared/events/event.ts";
import { createSanitizeText } from "../_shared/runtime/sanitize_text.ts";
import { IdentifiedReceipt, ingestArguments } from "../_shared/store/events.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import { createDoor } from "./door.ts";
import { gather } from "./gather.ts";

/** Events per transaction: large enough to be cheap, small enough for the 8 s statement time-out. */
export const EVENTS_A_TRANSACTION_MAX = 500;
/** So many waiting events are worth a second call beside the first. */
const SECOND_CALL_FROM_EVENTS = 100;

interface Request {
  readonly events: readonly ReceivedEvent[];
  readonly runId: string;
}

export interface Identified {
  readonly recorded: number;
  readonly duplicates: number;
  readonly registered: number;
  /** Not stored, because they need a judgement. */
  readonly left: readonly ReceivedEvent[];
}

/** `events`: at most EVENTS_A_TRANSACTION_MAX. Resolves after the commit that holds them. */
export function createIngestIdentified(
  dependencies: Dependencies,
): (request: Request) => Promise<Identified> {
  const { store, clock, environment } = dependencies;
  const { windowMs } = policyOf(dependencies);
  const door = createDoor(
    environment,
    createSanitizeText(environment.secrets),
    store.events.ingestIdentified,
  );
  return gather({
    send: sendTogether,
    weightOf: ({ events }: Request) => events.length,
    weightMax: EVENTS_A_TRANSACTION_MAX,
    secondCallFrom: SECOND_CALL_FROM_EVENTS,
  });

  async function sendTogether(requests: readonly Request[]): Promise<readonly Identified[]> {
    try {
      return await send(requests);
    } catch (error) {
      if (!(error instanceof DatabaseError) || !error.isOfData) throw error;
      // Postgres refuses the call because of one event: each request goes alone, the full path isolates the event.
      const [only] = requests;
      if (requests.length === 1 && only !== undefined) return [leave(only)];
      const answers: Identified[] = [];
      for (const request of requests) answers.push(...await sendTogether([request]));
      return answers;
    }
  }

  async function send(requests: readonly Request[]): Promise<readonly Identified[]> {
    const columns = asColumns(requests.map(({ events }) => events));
    const answer = await door(
      ingestArguments(columns, windowMs, { runId: requests[0]!.runId, now: clock.now() }),
    );
    const { left, repeated, registered } = IdentifiedReceipt.parse(answer);
    const isLeft = new Set(left);
    // A repetition within the call is a duplicate of the first, in whichever request that is.
    const isDuplicate = new Set(repeated);
    return requests.map(({ events }, index) => {
      let recorded = 0;
      let duplicates = 0;
      const leftHere: ReceivedEvent[] = [];
      columns.places[index]!.forEach((place, at) => {
        if (isLeft.has(place)) leftHere.push(events[at]!);
        else if (isDuplicate.has(place)) duplicates++;
        else {
          recorded++;
          isDuplicate.add(place);
        }
      });
      return { recorded, duplicates, registered, left: leftHere };
    });
  }
}

function leave({ events }: Request): Identified {
  return { recorded: 0, duplicates: 0, registered: 0, left: events };
}
