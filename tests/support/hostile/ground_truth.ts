/**
 * Checks whether an event was stored correctly, from its own text and without the code under test.
 *
 * It reads numbers exactly. If an event has two values for one field, no value of that field may be stored.
 */
import type { Origin, Specimen } from "./events.ts";
import { isNode, type Member, type Node, valuesOf, write } from "./json_tree.ts";

/** A row of `notification_sends`. */
export interface Stored {
  readonly mark: string;
  readonly event_id: string;
  readonly external_user_id: string | null;
  readonly device_id: string | null;
  readonly campaign_id: string | null;
  readonly dispatch_id: string | null;
  readonly send_id: string | null;
  readonly match_id: string | null;
  readonly ledger_id: string | null;
  readonly sent_at: Date;
  readonly time_kind: string;
  readonly correlation_method: string;
  readonly confidence: string;
  /** Whether the payload is the text that was sent, as Postgres reads it. */
  readonly is_same: boolean;
}

const PLACES = ["user", "properties", "trigger_properties"];
const NAMED = ["external_user_id", "device_id", "campaign_id", "dispatch_id", "send_id"] as const;

/** The wrong values of the row; empty if there is none. */
export function wrongFields(
  specimen: Specimen,
  stored: Stored,
  origin: Origin,
  now: Date,
): string[] {
  const { tree } = specimen;
  if (typeof tree === "string" || !("object" in tree)) return ["is stored, and was no event"];
  const inside = placesIn(tree.object);
  const found: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) found.push(what);
  };

  expect(stored.is_same, "the payload is another one");
  for (const name of NAMED) {
    if (stored[name] === null) continue;
    const [claim, ...others] = claimsOf(inside, name);
    expect(claim === stored[name] && others.length === 0, `${name} is ${stored[name]}`);
  }
  if (stored.correlation_method === "match_id") {
    const [claim, ...others] = claimsOf(inside, "match_id");
    expect(claim === stored.match_id && others.length === 0, `match is ${stored.match_id}`);
  }
  if (stored.correlation_method === "ledger_id") {
    const [claim, ...others] = claimsOf(inside, "ledger_id");
    const ledger = origin.ledgers.find(({ ledgerId }) => ledgerId === claim?.toLowerCase());
    expect(
      `${ledger?.matchId}` === stored.match_id && others.length === 0,
      `ledger row is ${stored.ledger_id}`,
    );
  }
  const ids = [...claimsOf([tree.object], "id"), ...claimsOf([tree.object], "event_id")];
  expect(
    ids.includes(stored.event_id) || /^[0-9a-f]{64}$/.test(stored.event_id),
    `id is ${stored.event_id}`,
  );
  expect(isTimeOf(tree.object, stored, now), `time is ${stored.sent_at.toISOString()}`);
  return found;
}

/** The values of a valid event that were not stored as sent. */
export function losses({ shape, mark, matchId }: Specimen, stored: Stored): string[] {
  const found: string[] = [];
  if (stored.external_user_id !== `u-${mark}`) found.push("its user");
  if (shape !== "template" && stored.event_id !== `id-${mark}`) found.push("its id");
  if (stored.match_id !== (matchId === null ? null : `${matchId}`)) found.push("its match");
  if (matchId !== null && stored.confidence !== "high") found.push("its confidence");
  return found;
}

/** Whether the identity of an event is unchanged: only then it cannot count as another event. */
export function isNamed({ shape, mark, tree }: Specimen): boolean {
  if (typeof tree === "string" || !("object" in tree)) return false;
  if (shape === "template") {
    return claimsOf([tree.object], "external_user_id").includes(`u-${mark}`) ||
      claimsOf([tree.object], "braze_id").includes(`b-${mark}`);
  }
  return claimsOf([tree.object], "id").concat(claimsOf([tree.object], "event_id"))
    .includes(`id-${mark}`);
}

/** The objects that may hold the fields of an event: itself, and those that our senders use. */
function placesIn(outermost: readonly Member[]): (readonly Member[])[] {
  const inner = PLACES.flatMap((name) => valuesOf([outermost], name)).flatMap(objectOf);
  const all = [outermost, ...inner];
  return [...all, ...valuesOf(all, "message_extras").flatMap(objectOf)];
}

function objectOf(node: Node): (readonly Member[])[] {
  if (isNode(node)) return ["text" in node ? node.text : node.object];
  return [];
}

/** The distinct values under a name; blank values do not count. */
function claimsOf(objects: readonly (readonly Member[])[], name: string): string[] {
  return [...new Set(valuesOf(objects, name).flatMap(claimOf))];
}

function claimOf(node: Node): string[] {
  const json = write(node);
  if (json === "null" || json === '""') return [];
  if (json.startsWith('"')) return [JSON.parse(json)];
  if (/^[-0-9]/.test(json)) return [wholeNumber(json) ?? json];
  return [json];
}

/** `1e3` and `1000.0` are 1000; `1000.0000000000000001` is not an integer, although it is one as a double. */
function wholeNumber(json: string): string | null {
  const [, sign = "", whole = "", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(json) ?? [];
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > 1_000) return null;
  const digits = BigInt(whole + fraction);
  if (exponent >= 0) return `${BigInt(`${sign}1`) * digits * 10n ** BigInt(exponent)}`;
  const divisor = 10n ** BigInt(-exponent);
  return digits % divisor === 0n ? `${BigInt(`${sign}1`) * (digits / divisor)}` : null;
}

function isTimeOf(outermost: readonly Member[], stored: Stored, now: Date): boolean {
  const at = stored.sent_at.getTime();
  if (claimsOf([outermost], "event_type").some((type) => type.startsWith("users."))) {
    return isUnixTime(outermost, at);
  }
  const [claim, ...others] = claimsOf([outermost], "sent_at");
  if (claim === undefined && claimsOf([outermost], "time").length > 0) {
    return stored.time_kind !== "receipt" && isUnixTime(outermost, at);
  }
  if (claim === undefined) return stored.time_kind === "receipt" && at === now.getTime();
  return others.length === 0 && isoMs(claim) === at;
}

function isUnixTime(outermost: readonly Member[], at: number): boolean {
  const [claim, ...others] = claimsOf([outermost], "time");
  const value = Number(claim);
  return others.length === 0 && Math.abs((value < 1e11 ? value * 1_000 : value) - at) <= 1;
}

/** Strictly ISO 8601: other texts are not times, even if some parser accepts them. */
function isoMs(text: string): number | null {
  const [, date, hour, minute, second = "00", fraction = "", zone = ""] =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?$/
      .exec(text) ?? [];
  if (date === undefined) return null;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return null;
  const [, direction, hours = 0, minutes = 0] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  const awayMinutes = Number(`${direction ?? "+"}1`) * (Number(hours) * 60 + Number(minutes));
  return midnight + (Number(hour) * 60 + Number(minute) - awayMinutes) * 60_000 +
    Number(second) * 1_000 + Math.trunc(Number(`0${fraction}`) * 1_000);
}
