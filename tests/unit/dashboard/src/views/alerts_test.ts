import { strictEqual } from "node:assert/strict";
import type { PersonAction } from "../../../../../dashboard/src/rows.ts";
import { closingOf } from "../../../../../dashboard/src/views/alerts.tsx";

const ALERT = {
  fingerprint: "double_push:1002",
  rule: "double_push",
  first_seen_at: "2024-12-07T14:00:00+00:00",
  resolved_at: "2024-12-07T15:00:00+00:00",
  details: {},
};
const DONE: PersonAction = {
  id: 1,
  acted_at: "2024-12-07T15:00:00+00:00",
  action: "resolve",
  match_id: 1002,
  actor_kind: "operator",
  actor_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
  reason: "Support is informed",
  details: { fingerprint: "double_push:1002" },
  undoes: null,
};

Deno.test("a harm is closed by the person who resolved it at that moment, and not by one who did so earlier", () => {
  strictEqual(closingOf(ALERT, [DONE]), DONE);
  strictEqual(closingOf(ALERT, [{ ...DONE, acted_at: "2024-12-06T15:00:00+00:00" }]), undefined);
  strictEqual(closingOf(ALERT, [{ ...DONE, details: { fingerprint: "other" } }]), undefined);
});

Deno.test("the alert of a schedule is closed by who decided about the schedule while it was open", () => {
  const alert = {
    ...ALERT,
    rule: "unmanaged_schedule",
    fingerprint: "unmanaged_schedule:a",
    details: { schedule_id: "a" },
  };
  const kept = {
    ...DONE,
    action: "keep_schedule",
    acted_at: "2024-12-07T14:56:00+00:00",
    details: { schedule_id: "a" },
  };
  strictEqual(closingOf(alert, [kept]), kept);
  strictEqual(closingOf(alert, [{ ...kept, details: { schedule_id: "b" } }]), undefined);
  strictEqual(closingOf(alert, [{ ...kept, acted_at: "2024-12-07T15:30:00+00:00" }]), undefined);
  strictEqual(closingOf({ ...alert, rule: "schedule_gap" }, [kept]), undefined);
});
