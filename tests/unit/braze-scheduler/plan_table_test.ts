import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addDays } from "date-fns";
import type { SendGate } from "../../../supabase/functions/_shared/runtime/config.ts";
import type {
  Fixture,
  LedgerRow,
  PlannedSchedule,
  Team,
} from "../../../supabase/functions/_shared/store/planning.ts";
import { at, CAMPAIGN } from "../../support/facts.ts";
import {
  inWords,
  KICKOFF_AT,
  match,
  planOne,
  row,
  SEND_AT,
  settings,
  team,
  teams,
  wanted,
} from "../../support/matches.ts";

interface Row {
  readonly what: string;
  readonly fixture: Fixture;
  readonly now?: Date;
  readonly step: string;
  /** The rules of the alerts that are raised. */
  readonly alerts?: readonly string[];
  readonly teams?: readonly Team[];
  readonly sendGate?: SendGate;
  /** Braze's campaign details show the gate in every message. Default: if it is closed. */
  readonly isVerified?: boolean;
  /** Braze may have dropped its schedule, and it is its turn. */
  readonly isDoubted?: boolean;
}

const moved = { kickoffAt: at("19:00:00") };
const replayed = { kickoffAt: new Date("2024-12-08T03:00:01Z") };
const forward = (kickoff: string) => ({ kickoffAt: at(kickoff) });
const postponed = { status: "postponed" } as const;
const reworded = { triggerProperties: { title: "Derby" } };
const tooLarge = { triggerProperties: { title: "é".repeat(25_000) } };
const madeForOthers = {
  madeFor: {
    competition: "Premier League",
    homeTeam: "Everton",
    awayTeam: "Fulham",
    homeValue: "Everton",
    awayValue: "Fulham",
  },
};
const past = { sendAt: at("05:00:00") };
const longPast = { sendAt: new Date("2024-12-06T05:59:59Z") };
const frozenSoon = { sendAt: at("06:14:59") };

const GATED = { ...settings, sendGate: "fail_closed" } as const;
const gatedRow = (...schedules: Partial<PlannedSchedule>[]) =>
  row({ signature: wanted(match(), GATED).signature }, ...schedules);
const doubted = { sendGate: "fail_closed", isDoubted: true } as const;

const rows: readonly Row[] = [
  // Braze may have dropped the schedule with its campaign.
  {
    ...doubted,
    what: "a doubted schedule behind a closed gate",
    fixture: match({ ledger: gatedRow() }),
    step: "supersede",
  },
  {
    ...doubted,
    what: "a doubted schedule whose turn it is not",
    fixture: match({ ledger: gatedRow() }),
    isDoubted: false,
    step: "skip unchanged",
  },
  {
    ...doubted,
    what: "a doubted schedule while a message does not ask the gate",
    fixture: match({ ledger: gatedRow() }),
    isVerified: false,
    step: "skip unchanged",
  },
  {
    ...doubted,
    what: "a doubted schedule that presents no token",
    fixture: match({ ledger: gatedRow({ gated: false }) }),
    step: "skip unchanged",
  },
  {
    ...doubted,
    what: "a doubted schedule of a match of which a team is missing",
    fixture: match({ ledger: gatedRow() }),
    teams: [team("Arsenal")],
    step: "skip unchanged",
    alerts: ["unknown_team"],
  },
  {
    ...doubted,
    what: "a doubted schedule when it is too late to replace it",
    fixture: match({ ledger: gatedRow() }),
    now: at("13:15:01"),
    step: "skip unchanged",
  },
  // No schedule yet.
  { what: "a new match", fixture: match(), step: "create" },
  {
    what: "a match just outside the freeze",
    fixture: match(),
    now: at("13:45:00"),
    step: "create",
  },
  {
    what: "a match that was never scheduled, just inside the freeze",
    fixture: match(),
    now: at("13:45:00.001"),
    step: "create",
  },
  {
    what: "a match that was never scheduled, while the answer can come in time",
    fixture: match(),
    now: at("13:56:39.999"),
    step: "create",
  },
  {
    what: "a match that was never scheduled, when the answer could come too late",
    fixture: match(),
    now: at("13:56:40"),
    step: "frozen create_inside_freeze",
    alerts: ["create_inside_freeze"],
  },
  {
    what: "a match whose creates were all refused, inside the freeze",
    fixture: match({ ledger: row({}, { state: "failed", brazeScheduleId: null }) }),
    now: at("13:50:00"),
    step: "create",
  },
  {
    what: "a match whose push is due this moment",
    fixture: match(),
    now: SEND_AT,
    step: "skip window_missed",
  },
  {
    what: "a match whose push is due in a moment",
    fixture: match(),
    now: at("13:59:59.999"),
    step: "frozen create_inside_freeze",
    alerts: ["create_inside_freeze"],
  },
  {
    what: "a match at the horizon",
    fixture: match({ kickoffAt: new Date("2024-12-14T07:00:00Z") }),
    step: "create",
  },
  {
    what: "a match a second beyond the horizon",
    fixture: match({ kickoffAt: new Date("2024-12-14T07:00:01Z") }),
    step: "skip beyond_horizon",
  },
  { what: "a postponed match", fixture: match(postponed), step: "skip match_postponed" },
  {
    what: "a match of teams that want no push",
    fixture: match(),
    teams: teams.map((team) => ({ ...team, notify: false })),
    step: "skip no_audience",
  },
  {
    what: "a match of one unknown team",
    fixture: match(),
    teams: [team("Arsenal")],
    step: "create",
    alerts: ["unknown_team"],
  },
  {
    what: "a match of two unknown teams",
    fixture: match(),
    teams: [],
    step: "skip unknown_team",
    alerts: ["unknown_team", "unknown_team"],
  },
  {
    what: "a match that is to have no push",
    fixture: match({ push: false }),
    step: "skip push_off",
  },
  {
    what: "a match whose kick-off is not confirmed, more than a day before its send",
    fixture: match({ kickoffConfirmed: false, kickoffAt: addDays(KICKOFF_AT, 1) }),
    now: at("13:59:59"),
    step: "skip kickoff_unconfirmed",
  },
  {
    what: "a match whose kick-off is not confirmed, a day before its send",
    fixture: match({ kickoffConfirmed: false, kickoffAt: addDays(KICKOFF_AT, 1) }),
    now: at("14:00:00"),
    step: "skip kickoff_unconfirmed",
    alerts: ["kickoff_unconfirmed"],
  },
  {
    what: "a kick-off at midnight where the match is played",
    fixture: match({ kickoffAt: new Date("2024-12-08T00:00:00Z") }),
    step: "create",
    alerts: ["kickoff_at_midnight"],
  },
  {
    what: "a kick-off at midnight of a match that is not confirmed",
    fixture: match({ kickoffAt: new Date("2024-12-08T00:00:00Z"), kickoffConfirmed: false }),
    step: "skip kickoff_unconfirmed",
    alerts: ["kickoff_unconfirmed"],
  },
  {
    what: "trigger properties that Braze would refuse",
    fixture: match(tooLarge),
    step: "skip properties_too_large",
    alerts: ["properties_too_large"],
  },

  // Missing information, and a schedule.
  ...([
    ["one team is unknown", {}, [team("Arsenal")], ["unknown_team"]],
    ["both teams are unknown", {}, [], ["unknown_team", "unknown_team"]],
    ["a team is unknown and the other wants no push", {}, [team("Arsenal", { notify: false })], [
      "unknown_team",
    ]],
    ["another text would be too large", tooLarge, teams, ["properties_too_large"]],
    ["the kick-off is not confirmed any more", { kickoffConfirmed: false }, teams, [
      "kickoff_unconfirmed",
    ]],
    ["the kick-off moved and is not confirmed", { ...moved, kickoffConfirmed: false }, teams, [
      "kickoff_unconfirmed",
    ]],
    ["a team is unknown and the text changed", reworded, [team("Arsenal")], ["unknown_team"]],
  ] as const).map(([what, changes, known, alerts]): Row => ({
    what: `a schedule of which ${what}`,
    fixture: match({ ...changes, ledger: row() }),
    teams: known,
    step: "kickoffConfirmed" in changes
      ? "skip kickoff_unconfirmed"
      : "triggerProperties" in changes && changes.triggerProperties !== reworded.triggerProperties
      ? "skip properties_too_large"
      : known.some((each) => each.notify)
      ? "skip unchanged"
      : "skip unknown_team",
    alerts,
  })),
  {
    what: "a schedule of which both teams are unknown, and whose kick-off moved",
    fixture: match({ ...moved, ledger: row() }),
    teams: [],
    step: "move",
    alerts: ["unknown_team", "unknown_team"],
  },
  {
    what: "a schedule of which a team was unknown and is known now",
    fixture: match({ ledger: row({ signature: "of one team" }) }),
    step: "recreate",
  },
  {
    what: "a schedule of which a team's fans were counted anew",
    fixture: match({ ledger: row() }),
    teams: [team("Arsenal", { audienceSize: null }), team("Chelsea", { audienceSize: 7 })],
    step: "skip unchanged",
  },
  {
    what: "an unknown create of which a team is unknown, behind a closed gate",
    fixture: withoutAnswer({}),
    sendGate: "fail_closed",
    teams: [team("Arsenal")],
    step: "skip create_unknown",
    alerts: ["create_unknown", "unknown_team"],
  },
  {
    what: "a cancelled match that is on again, of unknown teams",
    fixture: match({ ledger: cancelled("plan", { state: "deleted" }) }),
    teams: [],
    step: "skip unknown_team",
    alerts: ["unknown_team", "unknown_team"],
  },
  {
    what: "a deleted schedule of which a team is unknown",
    fixture: match({ ledger: row({}, { state: "deleted" }) }),
    teams: [team("Arsenal")],
    step: "create",
    alerts: ["unknown_team"],
  },
  {
    what: "a schedule of a match that is to have no push",
    fixture: match({ push: false, ledger: row() }),
    step: "cancel push_off",
  },

  // The feed gave the id to another match.
  {
    what: "a schedule whose id has other teams now",
    fixture: match({ ledger: row({ ...madeForOthers, signature: "of the others" }) }),
    step: "recreate",
    alerts: ["match_id_reused"],
  },
  {
    what: "a match that was sent, and whose id has other teams now",
    fixture: match({ ledger: sent(madeForOthers) }),
    step: "skip match_id_reused",
    alerts: ["match_id_reused"],
  },
  {
    what: "a match that was sent, and whose id is a cancelled match of other teams now",
    fixture: match({ status: "cancelled", ledger: sent(madeForOthers) }),
    step: "skip already_sent",
  },
  {
    what: "a postponed match of unknown teams",
    fixture: match(postponed),
    teams: [],
    step: "skip match_postponed",
  },

  // A live schedule.
  { what: "a schedule as wanted", fixture: match({ ledger: row() }), step: "skip unchanged" },
  {
    what: "a schedule as wanted, inside the freeze",
    fixture: match({ ledger: row() }),
    now: at("13:59:00"),
    step: "skip unchanged",
  },
  { what: "a kick-off that moved", fixture: match({ ...moved, ledger: row() }), step: "move" },
  {
    what: "a kick-off that moved, just outside the freeze",
    fixture: match({ ...moved, ledger: row() }),
    now: at("13:45:00"),
    step: "move",
  },
  {
    what: "a kick-off that moved, just inside the freeze",
    fixture: match({ ...moved, ledger: row() }),
    now: at("13:45:00.001"),
    step: "frozen change_inside_freeze",
    alerts: ["change_inside_freeze"],
  },
  {
    what: "a move that is not confirmed",
    fixture: match({ ...moved, ledger: row({}, { movingTo: at("18:00:00") }) }),
    step: "move",
  },
  {
    what: "a move back, of which only the sending time is not confirmed",
    fixture: match({ ledger: row({}, { movingTo: at("18:00:00") }) }),
    step: "move",
  },
  {
    what: "a move to a time that is inside the freeze, and not confirmed",
    fixture: match({ ledger: row({}, { movingTo: at("06:14:00") }) }),
    step: "frozen change_inside_freeze",
    alerts: ["change_inside_freeze"],
  },
  {
    what: "a move to a time that has passed, and not confirmed",
    fixture: match({ ledger: row({}, { movingTo: at("05:00:00") }) }),
    step: "skip awaiting_evidence",
    alerts: ["moved_while_unconfirmed"],
  },
  { what: "another text", fixture: match({ ...reworded, ledger: row() }), step: "recreate" },
  {
    what: "another team",
    fixture: match({ awayTeam: "Arsenal", ledger: row() }),
    step: "recreate",
  },
  {
    what: "another text and another kick-off",
    fixture: match({ ...reworded, ...moved, ledger: row() }),
    step: "recreate",
  },
  {
    what: "another text inside the freeze",
    fixture: match({ ...reworded, ledger: row() }),
    now: at("13:50:00"),
    step: "frozen change_inside_freeze",
    alerts: ["change_inside_freeze"],
  },
  {
    what: "a match brought forward to where the freeze begins",
    fixture: match({ ...forward("07:15:00"), ledger: row() }),
    step: "move",
  },
  {
    what: "a match brought forward into the freeze window, whose push is still before kick-off",
    fixture: match({ ...forward("07:10:00"), ledger: row({}, { sendAt: at("07:00:00") }) }),
    step: "frozen brought_forward_inside_freeze",
    alerts: ["brought_forward_inside_freeze"],
  },
  {
    what: "a match brought forward so far that its push would be at kick-off",
    fixture: match({ ...forward("07:00:00"), ledger: row({}, { sendAt: at("07:00:00") }) }),
    step: "cancel too_late",
    alerts: ["brought_forward_too_late"],
  },
  {
    what: "a match that has begun before its push",
    fixture: match({ ...forward("05:30:00"), ledger: row() }),
    step: "cancel too_late",
    alerts: ["brought_forward_too_late"],
  },
  {
    what: "a schedule whose id Braze never returned, as wanted",
    fixture: match({ ledger: row({}, { brazeScheduleId: null }) }),
    step: "skip unchanged",
  },
  {
    what: "a schedule whose id Braze never returned, to be moved",
    fixture: match({ ...moved, ledger: row({}, { brazeScheduleId: null }) }),
    step: "skip schedule_id_unknown",
    alerts: ["schedule_id_unknown"],
  },
  {
    what: "a push that is due, and whose create has no answer",
    fixture: match({ ...moved, ledger: row({}, past) }),
    step: "skip awaiting_evidence",
    alerts: ["moved_while_unconfirmed"],
  },
  {
    what: "a push that is due this moment",
    fixture: match({ ...moved, ledger: row() }),
    now: SEND_AT,
    step: "skip awaiting_evidence",
    alerts: ["moved_while_unconfirmed"],
  },
  {
    what: "a push that was due a day ago, of a match that is still to come",
    fixture: match({
      kickoffAt: new Date(KICKOFF_AT.getTime() + 48 * 60 * 60_000),
      ledger: row({}, { state: "unknown", brazeScheduleId: null }),
    }),
    now: new Date(SEND_AT.getTime() + 24 * 60 * 60_000),
    step: "create",
  },
  {
    what: "a push that is due, of a match that was not moved",
    fixture: match({ ledger: row() }),
    now: SEND_AT,
    step: "skip awaiting_evidence",
  },
  {
    what: "a create of unknown outcome whose push is due, of a match that was not moved",
    fixture: match({ ledger: row({}, { state: "unknown", brazeScheduleId: null }) }),
    now: SEND_AT,
    step: "skip awaiting_evidence",
    alerts: ["create_unknown"],
  },
  {
    what: "a schedule that is due, and that Braze did not know when it was to be deleted",
    fixture: match({ ledger: row({}, { state: "unknown" }) }),
    now: SEND_AT,
    step: "skip awaiting_evidence",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "a schedule that is over",
    fixture: match({ ledger: row({}, { state: "completed" }) }),
    step: "skip awaiting_evidence",
  },

  // A create or a delete that did not go well.
  {
    what: "a create that failed",
    fixture: match({ ledger: row({}, { state: "failed", brazeScheduleId: null }) }),
    step: "create",
  },
  {
    what: "a create that failed beside a schedule that was deleted, inside the freeze by now",
    fixture: match({
      ledger: row({}, { state: "deleted" }, { state: "failed", brazeScheduleId: null }),
    }),
    now: at("13:50:00"),
    step: "frozen create_inside_freeze",
    alerts: ["create_inside_freeze"],
  },
  {
    what: "a create of unknown outcome",
    fixture: match({ ledger: row({}, { state: "unknown", brazeScheduleId: null }) }),
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a create that stayed unknown, behind a closed gate",
    fixture: withoutAnswer({}),
    sendGate: "fail_closed",
    step: "supersede",
  },
  ...(["off", "fail_open"] as const).map((sendGate): Row => ({
    what: `a create that stayed unknown, and a gate that is ${sendGate}`,
    fixture: withoutAnswer({}),
    sendGate,
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  })),
  ...([
    ["that is under way", withoutAnswer({ state: "creating" })],
    ["that reconciliation may still find", withoutAnswer({ changedAt: at("05:00:00.001") })],
    ["that leaves no time for a second try", withoutAnswer({ sendAt: at("06:44:59.999") })],
    ["whose next one leaves no time for it", withoutAnswer({}, { kickoffAt: at("07:44:59") })],
  ] as const).map(([what, fixture]): Row => ({
    what: `a create ${what}, behind a closed gate`,
    fixture,
    sendGate: "fail_closed",
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  })),
  ...([
    ["for which reconciliation has looked twice", withoutAnswer({ changedAt: at("05:00:00") })],
    ["that leaves time for a second try", withoutAnswer({ sendAt: at("06:45:00") })],
    ["whose next one leaves time for it", withoutAnswer({}, { kickoffAt: at("07:45:00") })],
  ] as const).map(([what, fixture]): Row => ({
    what: `an unknown create ${what}, behind a closed gate`,
    fixture,
    sendGate: "fail_closed",
    step: "supersede",
  })),
  {
    what: "a create that is under way",
    fixture: match({ ledger: row({}, { state: "creating", brazeScheduleId: null }) }),
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a create of unknown outcome whose push was due",
    fixture: match({ ledger: row({}, { state: "unknown", brazeScheduleId: null, ...past }) }),
    step: "skip awaiting_evidence",
    alerts: ["moved_while_unconfirmed"],
  },
  {
    what: "a schedule that Braze did not know when it was to be deleted",
    fixture: match({ ledger: row({}, { state: "unknown" }) }),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  ...([
    ["is wanted again", {}, "06:00", "reactivate"],
    ["is wanted again at another time", moved, "06:00", "reactivate"],
    ["is wanted again inside the freeze", {}, "13:59", "reactivate"],
    ["is wanted again when it may be sending", {}, "14:00", "skip awaiting_evidence"],
    ["is wanted again with other content", reworded, "06:00", "recreate"],
    ["is off", postponed, "06:00", "cancel match_postponed"],
  ] as const).map(([what, changes, time, step]): Row => ({
    what: `a match that ${what}, of whose deletes none was carried out`,
    fixture: match({ ...changes, ledger: row({}, { state: "deleting", deleteFailed: true }) }),
    now: at(`${time}:00`),
    step,
  })),
  ...([
    ["is wanted again", {}, "06:00", teams, "delete replaced"],
    [
      "is wanted again with a team missing",
      {},
      "06:00",
      [team("Arsenal")],
      "skip delete_unconfirmed",
    ],
    ["is wanted again when it may be sending", moved, "14:00", teams, "skip delete_unconfirmed"],
    ["is off", postponed, "06:00", teams, "delete called_off"],
  ] as const).map(([what, changes, time, known, step]): Row => ({
    what: `a match that ${what}, whose cancelled schedule a list shows`,
    fixture: match({
      ...changes,
      ledger: row({ status: "cancelled", cancelReason: "plan" }, { state: "live" }),
    }),
    now: at(`${time}:00`),
    teams: known,
    step,
    alerts: ["delete_unconfirmed", ...(known.length === 1 ? ["unknown_team"] : [])],
  })),
  {
    what: "a delete without an answer",
    fixture: match({ ledger: row({}, { state: "deleting" }) }),
    step: "recreate",
  },
  {
    what: "a delete without an answer, inside the freeze",
    fixture: match({ ledger: row({}, { state: "deleting" }) }),
    now: at("13:50:00"),
    step: "frozen change_inside_freeze",
    alerts: ["change_inside_freeze"],
  },
  {
    what: "a schedule that is deleted, and still wanted",
    fixture: match({ ledger: row({}, { state: "deleted" }) }),
    step: "create",
  },
  ...(["creating", "live", "unknown", "deleting"] as const).map((state) => ({
    what: `an old schedule that is ${state}, beside a new one that failed`,
    fixture: match({ ledger: row({}, { state }, { state: "failed", brazeScheduleId: null }) }),
    step: state === "live" || state === "deleting" ? "delete replaced" : "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  })),
  ...(["deleted", "failed", "completed"] as const).map((state) => ({
    what: `an old schedule that is ${state}, beside a new one that failed`,
    fixture: match({ ledger: row({}, { state }, { state: "failed", brazeScheduleId: null }) }),
    step: "create",
  })),
  {
    what: "an old schedule that may be live for 24 hours after its time",
    fixture: match({
      ledger: row({}, { state: "unknown", ...past }, { state: "failed", brazeScheduleId: null }),
    }),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "an old schedule whose time is more than 24 hours past",
    fixture: match({
      ledger: row({}, { state: "unknown", ...longPast }, {
        state: "failed",
        brazeScheduleId: null,
      }),
    }),
    step: "create",
  },

  // Replaced, in one of two orders.
  ...([
    ["a closed gate", "fail_closed", true, "supersede"],
    ["a closed gate that Braze does not show", "fail_closed", false, "recreate"],
    ["an open gate", "fail_open", true, "recreate"],
    ["no gate", "off", true, "recreate"],
  ] as const).map(([what, sendGate, isVerified, step]): Row => ({
    what: `another text, behind ${what}`,
    fixture: asking(sendGate),
    sendGate,
    isVerified,
    step,
  })),
  {
    what: "another text behind a closed gate, of a schedule without a token",
    fixture: asking("fail_closed", { gated: false }),
    sendGate: "fail_closed",
    step: "recreate",
  },
  {
    what: "another text behind a closed gate, of a schedule in a campaign without one",
    fixture: asking("fail_closed", { campaignId: "campaign-before" }),
    sendGate: "fail_closed",
    step: "recreate",
  },
  ...(["fail_closed", "off"] as const).flatMap((sendGate): Row[] => [
    {
      what: `another text 45 minutes before the send, gate ${sendGate}`,
      fixture: asking(sendGate),
      now: at("13:15:00"),
      sendGate,
      step: sendGate === "off" ? "recreate" : "supersede",
    },
    {
      what: `another text later than 45 minutes before the send, gate ${sendGate}`,
      fixture: asking(sendGate),
      now: at("13:15:00.001"),
      sendGate,
      step: "frozen change_inside_freeze",
      alerts: ["change_inside_freeze"],
    },
  ]),
  {
    what: "another text and another kick-off, later than 45 minutes before the send",
    fixture: match({ ...reworded, ...moved, ledger: row() }),
    now: at("13:20:00"),
    step: "move",
  },
  {
    what: "another text, and a new time too near for a replacement",
    fixture: match({ ...reworded, ...forward("07:44:00"), ledger: row() }),
    step: "move",
  },
  {
    what: "a delete without an answer, too late for a replacement",
    fixture: match({ ledger: row({}, { state: "deleting" }) }),
    now: at("13:15:00.001"),
    step: "frozen change_inside_freeze",
    alerts: ["change_inside_freeze"],
  },
  {
    what: "a delete that Braze refused, behind a closed gate",
    fixture: asking("fail_closed", { state: "unknown" }, {}),
    sendGate: "fail_closed",
    step: "supersede",
  },
  {
    what: "a replacement whose create is unknown, behind a closed gate",
    fixture: replaced({ changedAt: at("05:30:00") }),
    sendGate: "fail_closed",
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a replacement whose create stayed unknown, behind a closed gate",
    fixture: replaced({ changedAt: at("05:00:00") }),
    sendGate: "fail_closed",
    step: "supersede",
    alerts: ["create_unknown"],
  },
  {
    what: "a replacement whose create is unknown, of a match that is again as before",
    fixture: { ...replaced({ changedAt: at("05:00:00") }), triggerProperties: {} },
    sendGate: "fail_closed",
    step: "skip unchanged",
    alerts: ["create_unknown"],
  },
  {
    what: "a replacement whose create is unknown, of a match that moved",
    fixture: { ...replaced({}), triggerProperties: {}, kickoffAt: at("19:00:00") },
    sendGate: "fail_closed",
    step: "move",
    alerts: ["create_unknown"],
  },
  {
    what: "a kick-off that moved, beside an old schedule whose delete Braze refused",
    fixture: match({ ...moved, ledger: row({}, { state: "unknown" }, {}) }),
    step: "move",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "another text, beside an old schedule whose delete Braze refused",
    fixture: match({ ...reworded, ledger: row({}, { state: "unknown" }, {}) }),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "an old schedule whose delete has no answer, beside one as wanted",
    fixture: match({ ledger: row({}, { state: "deleting" }, {}) }),
    step: "delete replaced",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "an old schedule that is still live behind a closed gate, beside one as wanted",
    fixture: asking("fail_closed", {}, { triggerProperties: {} }, {}),
    sendGate: "fail_closed",
    step: "delete replaced",
  },
  {
    what: "an old schedule whose delete has no answer, past its time",
    fixture: match({ ledger: row({}, { state: "deleting", ...past }, {}) }),
    step: "skip unchanged",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "a current schedule that is gone, beside an old one that the gate shuts out",
    fixture: asking("fail_closed", { state: "unknown" }, {}, { state: "deleted" }),
    sendGate: "fail_closed",
    step: "supersede",
    alerts: ["delete_unconfirmed"],
  },

  // Held, since another schedule went out.
  ...([
    ["without a gate", "off", {}, "06:00:00", "cancel held"],
    ["behind an open gate", "fail_open", {}, "06:00:00", "cancel held"],
    [
      "behind a closed gate, which holds it without a call",
      "fail_closed",
      {},
      "06:00:00",
      "skip held",
    ],
    ["inside the freeze", "off", {}, "13:45:00.001", "skip held"],
    ["whose schedule id is unknown", "off", { brazeScheduleId: null }, "06:00:00", "skip held"],
    ["whose schedule is deleted", "off", { state: "deleted" }, "06:00:00", "skip held"],
  ] as const).map(([what, sendGate, schedule, now, step]): Row => ({
    what: `a match that is held, ${what}`,
    fixture: match({ ...reworded, ledger: row({ isHeld: true }, schedule) }),
    now: at(now),
    sendGate,
    step,
  })),
  {
    what: "a match that is held and whose schedule is deleted",
    fixture: match({
      ledger: row({ isHeld: true, status: "cancelled", cancelReason: "plan" }, {
        state: "deleted",
      }),
    }),
    step: "skip held",
  },
  {
    what: "a match that is held, and then postponed",
    fixture: match({ ...postponed, ledger: row({ isHeld: true }) }),
    step: "cancel match_postponed",
  },

  // Another campaign.
  {
    what: "a schedule as wanted in the campaign of before",
    fixture: match({
      ledger: row({ campaignId: "campaign-before" }, { campaignId: "campaign-before" }),
    }),
    step: "skip unchanged",
  },

  // Far ahead.
  {
    what: "a match that moved by 90 days",
    fixture: match({ kickoffAt: addDays(at("07:00:00"), 90), ledger: row() }),
    step: "move",
  },
  {
    what: "a match that moved by more than 90 days",
    fixture: match({ kickoffAt: addDays(at("07:00:01"), 90), ledger: row() }),
    step: "cancel moved_far_ahead",
  },

  // Not wanted any more.
  {
    what: "a match that was postponed",
    fixture: match({ ...postponed, ledger: row() }),
    step: "cancel match_postponed",
  },
  {
    what: "a match that was called off",
    fixture: match({ status: "cancelled", ledger: row() }),
    step: "cancel match_cancelled",
  },
  {
    what: "a match that was postponed inside the freeze",
    fixture: match({ ...postponed, ledger: row({}, frozenSoon) }),
    step: "cancel match_postponed",
    alerts: ["cancel_inside_freeze"],
  },
  {
    what: "a match that was postponed after its push was due",
    fixture: match({ ...postponed, ledger: row({}, past) }),
    step: "skip awaiting_evidence",
  },
  {
    what: "a match that was postponed after its push was seen",
    fixture: match({ ...postponed, ledger: row({}, { state: "completed" }) }),
    step: "skip awaiting_evidence",
  },
  {
    what: "a postponed match whose create failed",
    fixture: match({ ...postponed, ledger: row({}, { state: "failed", brazeScheduleId: null }) }),
    step: "cancel match_postponed",
  },
  {
    what: "a postponed match whose create is of unknown outcome",
    fixture: match({ ...postponed, ledger: row({}, { state: "unknown", brazeScheduleId: null }) }),
    step: "skip create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a postponed match whose schedule id Braze never returned",
    fixture: match({ ...postponed, ledger: row({}, { brazeScheduleId: null }) }),
    step: "skip schedule_id_unknown",
    alerts: ["schedule_id_unknown"],
  },
  {
    what: "a postponed match whose delete has no answer",
    fixture: match({ ...postponed, ledger: row({}, { state: "deleting" }) }),
    step: "cancel match_postponed",
  },

  // Cancelled.
  {
    what: "a match that is wanted again",
    fixture: match({ ledger: cancelled("plan", { state: "deleted" }) }),
    step: "create",
  },
  {
    what:
      "a match that is wanted again later, whose delete was a quarter of an hour before the send",
    fixture: match({
      ...moved,
      ledger: cancelled("plan", { state: "deleted", changedAt: at("13:45:00") }),
    }),
    now: at("13:55:00"),
    step: "create",
  },
  {
    what:
      "a match that is wanted again later, whose delete was so late that some users may have received the push",
    fixture: match({
      ...moved,
      ledger: cancelled("plan", { state: "deleted", changedAt: at("13:46:00") }),
    }),
    now: at("13:55:00"),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "the same, a day later",
    fixture: match({
      kickoffAt: addDays(at("19:00:00"), 2),
      ledger: cancelled("plan", { state: "deleted", changedAt: at("13:46:00") }),
    }),
    now: addDays(at("14:01:00"), 1),
    step: "create",
  },
  {
    what: "a match that is wanted again inside the freeze",
    fixture: match({ ledger: cancelled("plan", { state: "deleted" }) }),
    now: at("13:50:00"),
    step: "frozen create_inside_freeze",
    alerts: ["create_inside_freeze"],
  },
  {
    what: "a match that is wanted again, whose delete is not confirmed",
    fixture: match({ ledger: cancelled("plan", { state: "unknown" }) }),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "a match that is still off",
    fixture: match({ ...postponed, ledger: cancelled("plan", { state: "deleted" }) }),
    step: "skip cancelled",
  },
  {
    what: "a push that a person cancelled in the dashboard",
    fixture: match({ ledger: cancelled("dashboard", { state: "deleted" }) }),
    step: "skip cancelled_by_dashboard",
  },
  {
    what: "a push that an operator cancelled",
    fixture: match({ ledger: cancelled("operator", { state: "deleted" }) }),
    step: "skip cancelled_by_operator",
  },
  {
    what: "a push that an operator cancelled, and that Braze still holds",
    fixture: match({ ledger: cancelled("operator", { state: "live" }) }),
    step: "delete operator",
  },
  {
    what: "a push that an operator cancelled close to its send",
    fixture: match({ ledger: cancelled("operator", { state: "deleting" }) }),
    now: at("13:50:00"),
    step: "delete operator",
    alerts: ["cancel_inside_freeze"],
  },
  {
    what:
      "a push that an operator cancelled, of which Braze refused the delete, of a match that is off",
    fixture: match({ ...postponed, ledger: cancelled("operator", { state: "unknown" }) }),
    step: "skip cancelled_by_operator",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "a push that an operator cancelled, after its time",
    fixture: match({ ledger: cancelled("operator", { state: "live" }) }),
    now: at("14:00:01"),
    step: "skip cancelled_by_operator",
  },
  {
    what: "a push to be scheduled again, whose old schedule was deleted too late",
    fixture: match({
      ...moved,
      ledger: cancelled("plan", { state: "deleted", changedAt: at("13:50:00") }),
    }),
    now: at("14:10:00"),
    step: "skip delete_unconfirmed",
    alerts: ["delete_unconfirmed"],
  },
  {
    what: "a push to be scheduled again, whose old schedule a person settled",
    fixture: match({
      ...moved,
      ledger: cancelled("plan", { state: "deleted", changedAt: at("13:50:00"), settled: true }),
    }),
    now: at("14:10:00"),
    step: "create",
  },
  {
    what: "a match to be pushed again, inside the freeze",
    fixture: match({ intent: 2 }),
    now: at("13:50:00"),
    step: "frozen create_inside_freeze",
    alerts: ["create_inside_freeze"],
  },

  // Sent.
  { what: "a match that was sent", fixture: match({ ledger: sent() }), step: "skip already_sent" },
  {
    what: "a match that was sent and then moved",
    fixture: match({ ...moved, ledger: sent() }),
    now: at("14:30:00"),
    step: "skip sent_then_moved",
    alerts: ["sent_then_moved"],
  },
  {
    what: "a match that was sent and then moved by more than 12 hours",
    fixture: match({ ...replayed, ledger: sent() }),
    now: at("14:30:00"),
    step: "skip sent_then_moved",
    alerts: ["sent_for_old_date"],
  },
  {
    what: "a match that was sent and then moved by more than 12 hours, when a person has chosen",
    fixture: match({
      ...replayed,
      ledger: sent({ closedMoves: [new Date("2024-12-08T02:00:01Z")] }),
    }),
    now: at("14:30:00"),
    step: "skip already_sent",
  },
  {
    what: "a match that was sent and then moved by exactly 12 hours",
    fixture: match({ kickoffAt: new Date("2024-12-08T03:00:00Z"), ledger: sent() }),
    now: at("14:30:00"),
    step: "skip sent_then_moved",
    alerts: ["sent_then_moved"],
  },
  {
    what: "a match that was sent and then brought forward",
    fixture: match({ ...forward("14:30:00"), ledger: sent() }),
    step: "skip already_sent",
  },
  {
    what: "a match that was sent and then moved, long ago",
    fixture: match({ ...moved, ledger: sent() }),
    now: at("18:00:00"),
    step: "skip already_sent",
  },
  {
    what: "a match that was sent and then postponed",
    fixture: match({ ...postponed, ledger: sent() }),
    step: "skip already_sent",
  },
];

function cancelled(
  cancelReason: "plan" | "dashboard" | "operator",
  schedule: Partial<PlannedSchedule>,
) {
  return row({ status: "cancelled", cancelReason }, schedule);
}

/** A match with another text, whose schedules were made for that gate. */
function asking(
  sendGate: SendGate,
  schedule: Partial<PlannedSchedule> = {},
  changes: Partial<Fixture> = {},
  ...later: Partial<PlannedSchedule>[]
): Fixture {
  const { signature } = wanted(match(), { ...settings, sendGate });
  return match({ ...reworded, ledger: row({ signature }, schedule, ...later), ...changes });
}

/** A match with another text, whose replacement has no answer. */
function replaced(successor: Partial<PlannedSchedule>): Fixture {
  const { signature } = wanted(match(), { ...settings, sendGate: "fail_closed" });
  const unknown = { state: "unknown", brazeScheduleId: null, wasCreated: false } as const;
  return match({
    ...reworded,
    ledger: row({ signature, generation: 1 }, {}, { ...unknown, ...successor }),
  });
}

function withoutAnswer(
  schedule: Partial<PlannedSchedule>,
  changes: Partial<Fixture> = {},
): Fixture {
  return match({
    ledger: row({}, {
      state: "unknown",
      brazeScheduleId: null,
      wasCreated: false,
      ...schedule,
    }),
    ...changes,
  });
}

function sent(changes: Partial<LedgerRow> = {}) {
  return row({ status: "sent", ...changes }, { state: "completed" });
}

for (const row of rows) {
  const { what, fixture, now, step, alerts = [], teams, sendGate = "off" } = row;
  const { isVerified = sendGate === "fail_closed", isDoubted = false } = row;
  Deno.test(`plan() returns for ${what}: ${step}`, () => {
    const closedGates = new Set(isVerified ? [CAMPAIGN] : []);
    const planned = planOne(fixture, now, teams, {
      ...settings,
      sendGate,
      closedGates,
      doubted: new Set(isDoubted ? [fixture.matchId] : []),
    });
    strictEqual(inWords(planned), step);
    deepStrictEqual(planned.alerts.map((alert) => alert.rule), alerts);
  });
}
