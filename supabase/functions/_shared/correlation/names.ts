/** What the events of a batch name, said once for all that name the same. Pure. */
import { type Claim, claimsOf, type Evidence } from "./evidence.ts";

export interface Names {
  readonly claims: readonly Claim[];
  readonly generation: number | null;
  readonly sendId: string | null;
  readonly campaignId: string | null;
}

export interface NamedEvents<Event> {
  readonly names: readonly Names[];
  /** Each event with the place of its names, from 0. */
  readonly named: readonly { readonly event: Event; readonly place: number }[];
  readonly unnamed: readonly Event[];
}

/** A matchday's batch names one schedule a hundred times. */
export function gatherNames<Event extends { readonly evidence: Evidence }>(
  events: readonly Event[],
): NamedEvents<Event> {
  const places = new Map<string, number>();
  const names: Names[] = [];
  const named: { event: Event; place: number }[] = [];
  const unnamed: Event[] = [];
  for (const event of events) {
    const claims = event.evidence.isTest ? [] : claimsOf(event.evidence);
    if (claims.length === 0) {
      unnamed.push(event);
      continue;
    }
    const { generation, sendId, campaignId } = event.evidence;
    const said: Names = { claims, generation, sendId, campaignId };
    const key = JSON.stringify(said);
    let place = places.get(key);
    if (place === undefined) {
      place = names.push(said) - 1;
      places.set(key, place);
    }
    named.push({ event, place });
  }
  return { names, named, unnamed };
}
