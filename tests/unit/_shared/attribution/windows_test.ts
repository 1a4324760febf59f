import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Evidence,
  type ScheduleFacts,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import { isSendTime, placeIn } from "../../../../supabase/functions/_shared/attribution/windows.ts";
import { at, CAMPAIGN, evidence, ledger, OTHER_CAMPAIGN, POLICY } from "../../../support/facts.ts";

/** The generation, the timing, and whether it can prove. */
function placed(
  given: Partial<Evidence>,
  schedules: readonly Partial<ScheduleFacts>[],
  claimed: number | null = null,
) {
  const { generation, timing, canProve } = placeIn(
    ledger(1, ...schedules),
    claimed,
    evidence(given),
    POLICY,
  );
  return [generation, timing, canProve];
}

const DAY_LATER = "2024-12-08";
const due = {};
const later = { sendAt: at("16:00:00") };
const earlier = { sendAt: at("08:00:00") };
const deleted = { state: "deleted", deletedAt: at("09:00:00") } as const;
const refused = { state: "failed" } as const;
const shutOut = { shutOutAt: at("13:55:00") };
const opened = { eventType: "open", timeKind: "occurrence" } as const;

/** A send at `sentAt`, received at once. */
function sent(sentAt: Date) {
  return { sentAt, receivedAt: sentAt };
}

for (
  const [what, given, schedules, claimed, expected] of [
    ["the claimed one", {}, [due, due], 1, [1, "in_window", true]],
    ["the claimed one, though it was deleted", {}, [deleted, due], 1, [1, "in_window", true]],
    ["none, where a claimed one was never made", {}, [due], 9, [null, null, false]],
    ["none, where the claimed one is not due yet", {}, [later, due], 1, [null, "early", false]],
    ["the only one", {}, [due], null, [1, "in_window", true]],
    ["none, where there is none", {}, [], null, [null, null, false]],
    ["the one that was made, though it was deleted", {}, [refused, deleted], null, [
      2,
      "in_window",
      true,
    ]],
    ["a refused one, where none was made", {}, [refused], null, [1, "in_window", true]],
    ["two minutes early", sent(at("13:58:00")), [due], null, [1, "in_window", true]],
    ["more than two minutes early", sent(at("13:57:59")), [due], null, [null, "early", false]],
    ["a day late", sent(new Date(`${DAY_LATER}T14:00:00Z`)), [due], null, [1, "in_window", true]],
    ["more than a day late", sent(new Date(`${DAY_LATER}T14:00:01Z`)), [due], null, [
      null,
      "late",
      false,
    ]],
    [
      "an open, three days late",
      {
        ...opened,
        ...sent(new Date("2024-12-10T14:00:00Z")),
      },
      [due],
      null,
      [1, "in_window", true],
    ],
    ["an open before the send", { ...opened, ...sent(at("13:00:00")) }, [due], null, [
      null,
      "early",
      false,
    ]],
    [
      "the time of receipt, before the send",
      {
        timeKind: "receipt",
        ...sent(at("13:00:00")),
      },
      [due],
      null,
      [null, "early", false],
    ],
    [
      "the time of receipt, two days late",
      {
        timeKind: "receipt",
        ...sent(new Date("2024-12-09T14:00:00Z")),
      },
      [due],
      null,
      [1, "in_window", true],
    ],
    [
      "a send that was received an hour before, dated ahead",
      {
        receivedAt: at("13:00:00"),
      },
      [due],
      null,
      [null, "early", false],
    ],
    [
      "an open that was received an hour before, dated ahead",
      {
        ...opened,
        receivedAt: at("13:00:00"),
      },
      [due],
      1,
      [null, "early", false],
    ],
    ["between two", sent(at("15:00:00")), [due, later], null, [1, "in_window", true]],
    ["early for the first of two", sent(at("13:00:00")), [later, due], null, [
      null,
      "early",
      false,
    ]],
    ["the one that was not deleted long before", {}, [deleted, due], null, [
      2,
      "in_window",
      true,
    ]],
    [
      "an open between a send that was deleted later and the next one, none",
      { ...opened, ...sent(at("15:00:00")) },
      [{ ...due, state: "deleted", deletedAt: at("14:30:00") }, due],
      null,
      [null, "in_window", true],
    ],
    [
      "an open beside a send that was deleted long before its time",
      { ...opened, ...sent(at("15:00:00")) },
      [deleted, due],
      null,
      [2, "in_window", true],
    ],
    [
      "a message without a time beside a send that was deleted after its time, none",
      { timeKind: "receipt", ...sent(at("15:00:00")) },
      [{ ...due, state: "deleted", deletedAt: at("14:30:00") }, due],
      null,
      [null, "in_window", true],
    ],
    ["the one that the send gate did not shut out", {}, [shutOut, due], null, [
      2,
      "in_window",
      true,
    ]],
    [
      "none of two, of which the send gate shut one out only after the send",
      {},
      [{ shutOutAt: at("14:00:24") }, due],
      null,
      [null, "in_window", true],
    ],
    [
      "an open beside a send that the send gate shut out only after its time, none",
      { ...opened, ...sent(at("15:00:00")) },
      [{ shutOutAt: at("14:30:00") }, due],
      null,
      [null, "in_window", true],
    ],
    ["the claimed one, though the send gate shut it out", {}, [shutOut, due], 1, [
      1,
      "in_window",
      true,
    ]],
    ["none of two that the send gate shut out, but the match", {}, [shutOut, shutOut], null, [
      null,
      "in_window",
      true,
    ]],
    ["a deleted one, where no other is due", {}, [deleted, later], null, [1, "in_window", true]],
    [
      "the one that was not deleted, of two that are due",
      {},
      [earlier, { ...earlier, ...deleted }],
      null,
      [
        1,
        "in_window",
        true,
      ],
    ],
    ["none of two at one time, but the match", {}, [due, due], null, [null, "in_window", true]],
    ["none of two that were deleted, but the match", {}, [deleted, deleted], null, [
      null,
      "in_window",
      true,
    ]],
    [
      "none of two, of which one was deleted within the freeze",
      {},
      [
        { ...due, state: "deleted", deletedAt: at("13:50:00") },
        due,
      ],
      null,
      [null, "in_window", true],
    ],
    [
      "nothing about two days",
      sent(at("14:00:23")),
      [
        { sendAt: new Date("2024-12-06T20:00:00Z") },
        due,
      ],
      null,
      [null, "in_window", false],
    ],
    ["nothing about old ones beside the current one", {}, [earlier, earlier, later], null, [
      null,
      "in_window",
      false,
    ]],
    ["the one of the event's campaign", {}, [due, { campaignId: OTHER_CAMPAIGN }], null, [
      1,
      "in_window",
      true,
    ]],
    ["none of another campaign", {}, [{ campaignId: OTHER_CAMPAIGN }], null, [null, null, false]],
    ["none of another campaign, even if claimed", {}, [{ campaignId: OTHER_CAMPAIGN }], 1, [
      null,
      null,
      false,
    ]],
    [
      "the only one of any campaign, where the event has none",
      { campaignId: null },
      [
        { campaignId: OTHER_CAMPAIGN },
      ],
      null,
      [1, "in_window", true],
    ],
  ] as const
) {
  Deno.test(`placeIn() places an event: ${what}`, () => {
    deepStrictEqual(placed(given, schedules, claimed), expected);
  });
}

for (
  const [what, times, expected] of [
    ["a time that was left an hour before", [["14:00:00", "13:00:00"], ["16:00:00", null]], [
      1,
      "moved_away",
      true,
    ]],
    ["a time that was left within the freeze", [["14:00:00", "13:46:00"], ["16:00:00", null]], [
      1,
      "in_window",
      true,
    ]],
    ["a time that is current again", [["14:00:00", null], ["16:00:00", "12:00:00"]], [
      1,
      "in_window",
      true,
    ]],
    ["both times of an unknown move", [["14:00:00", null], ["14:01:00", null]], [
      1,
      "in_window",
      true,
    ]],
    ["a time that comes only later", [["16:00:00", null]], [null, "early", false]],
    ["a time that was never left, behind one that was", [
      ["13:00:00", null],
      ["14:00:00", "10:00:00"],
    ], [1, "in_window", true]],
  ] as const
) {
  Deno.test(`placeIn() uses every time that a schedule had: ${what}`, () => {
    const schedule = {
      campaignId: CAMPAIGN,
      times: times.map(([time, leftAt]) => ({
        at: at(time),
        leftAt: leftAt === null ? null : at(leftAt),
      })),
    };
    deepStrictEqual(placed({}, [schedule]), expected);
  });
}

const receipt = { timeKind: "receipt", channel: "webhook" } as const;
for (
  const [what, given, times, expected] of [
    ["days before the only time", sent(new Date("2024-12-04T14:00:00Z")), [["14:00:00", null]], [
      null,
      "early",
      false,
    ]],
    ["a second before the first window", sent(at("13:57:59")), [["14:00:00", null]], [
      null,
      "early",
      false,
    ]],
    ["at the begin of the first window", sent(at("13:58:00")), [["14:00:00", null]], [
      1,
      "in_window",
      true,
    ]],
    ["days after a time that was left, before the present one", sent(at("14:30:00")), [
      ["2024-12-04T14:00:00Z", "2024-12-04T13:00:00Z"],
      ["16:00:00", null],
    ], [null, "early", false]],
    ["within a day of a time that was left, before the present one", sent(at("14:30:00")), [
      ["14:00:00", "13:00:00"],
      ["16:00:00", null],
    ], [1, "moved_away", true]],
    ["days after a time that was left within the freeze", sent(at("14:30:00")), [
      ["2024-12-04T14:00:00Z", "2024-12-04T13:46:00Z"],
      ["16:00:00", null],
    ], [1, "in_window", true]],
    ["after the present time, and days after one that was left", sent(at("16:30:00")), [
      ["2024-12-04T14:00:00Z", "2024-12-04T13:00:00Z"],
      ["16:00:00", null],
    ], [1, "in_window", true]],
    ["after one of both times of an unknown move", sent(at("14:30:00")), [
      ["14:00:00", null],
      ["16:00:00", null],
    ], [1, "in_window", true]],
  ] as const
) {
  const instant = (time: string) => time.includes("T") ? new Date(time) : at(time);
  const schedule = {
    times: times.map(([time, leftAt]) => ({
      at: instant(time),
      leftAt: leftAt === null ? null : instant(leftAt),
    })),
  };
  for (const kind of [receipt, opened]) {
    Deno.test(`placeIn() judges only the beginning of windows by a time of ${kind.timeKind}: ${what}`, () => {
      deepStrictEqual(placed({ ...kind, ...given }, [schedule], 1), expected);
    });
  }
}

for (
  const [what, given, expected] of [
    ["the time of a send", {}, true],
    ["the time of an open", opened, false],
    ["the time of receipt", { timeKind: "receipt" }, false],
    ["two minutes ahead of its receipt", {
      sentAt: at("14:02:00"),
      receivedAt: at("14:00:00"),
    }, true],
    ["more than two minutes ahead of its receipt", {
      sentAt: at("14:02:01"),
      receivedAt: at("14:00:00"),
    }, false],
  ] as const
) {
  Deno.test(`isSendTime() returns ${expected} for ${what}`, () => {
    strictEqual(isSendTime(evidence(given)), expected);
  });
}
