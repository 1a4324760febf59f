/** Groups the events of a batch by their explicit ids. Pure. */
import { addMilliseconds, min } from "date-fns";
import { TIME_WINDOW_MS } from "./correlate.ts";
import { type Claim, claimsOf, type Evidence } from "./evidence.ts";

export interface ExplicitIds {
  readonly claims: readonly Claim[];
  readonly generation: number | null;
  readonly sendId: string | null;
  readonly campaignId: string | null;
  /** A schedule due later than this cannot have sent all events of the group. */
  readonly dueBy: Date;
}

export interface IdentifiedEvents<Event> {
  readonly names: readonly ExplicitIds[];
  /** Each event with the index of its ids in `names`, from 0. */
  readonly named: readonly { readonly event: Event; readonly place: number }[];
  readonly unnamed: readonly Event[];
}

/** In a typical batch a hundred events carry the same ids. */
export function groupByExplicitIds<Event extends { readonly evidence: Evidence }>(
  events: readonly Event[],
): IdentifiedEvents<Event> {
  const places = new Map<string, number>();
  const names: { -readonly [Name in keyof ExplicitIds]: ExplicitIds[Name] }[] = [];
  const named: { event: Event; place: number }[] = [];
  const unnamed: Event[] = [];
  for (const event of events) {
    const claims = event.evidence.isTest ? [] : claimsOf(event.evidence);
    if (claims.length === 0) {
      unnamed.push(event);
      continue;
    }
    const { generation, sendId, campaignId, sentAt } = event.evidence;
    const ids = { claims, generation, sendId, campaignId };
    const key = JSON.stringify(ids);
    const dueBy = addMilliseconds(sentAt, TIME_WINDOW_MS);
    const place = places.get(key) ?? names.push({ ...ids, dueBy }) - 1;
    places.set(key, place);
    const name = names[place]!;
    name.dueBy = min([name.dueBy, dueBy]);
    named.push({ event, place });
  }
  return { names, named, unnamed };
}
