import { deepStrictEqual } from "node:assert/strict";
import { z } from "zod";
import { row, snakeCase } from "../../../../supabase/functions/_shared/text/camel_case.ts";

const Schedule = row({
  braze_schedule_id: z.string().nullable(),
  request: z.record(z.string(), z.unknown()),
  nested: z.array(row({ send_at: z.string() })),
});

Deno.test("row() renames its own columns, and those of the rows in it", () => {
  const parsed = Schedule.parse({
    braze_schedule_id: null,
    request: {},
    nested: [{ send_at: "2024-12-07T14:00:00Z" }],
    not_a_column: 1,
  });
  deepStrictEqual(parsed, {
    brazeScheduleId: null,
    request: {},
    nested: [{ sendAt: "2024-12-07T14:00:00Z" }],
  });
});

Deno.test("row() and snakeCase() leave the keys of a payload as they are", () => {
  const request = { trigger_properties: { homeTeam: "Arsenal", away_team: "Chelsea" } };
  const parsed = Schedule.parse({ braze_schedule_id: "s-1", request, nested: [] });
  deepStrictEqual(parsed.request, request);
  deepStrictEqual(snakeCase({ brazeScheduleId: "s-1", request }), {
    braze_schedule_id: "s-1",
    request,
  });
});
