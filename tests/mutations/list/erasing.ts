/** Of an erased person nothing is left, wherever an event names them, and webhooks do not wait while that is looked for. */
import type { Mutation } from "../mutation.ts";

const ERASE_USER = "tests/database/erase_user_test.ts";

export const ERASING: readonly Mutation[] = [
  {
    name: "device-of-an-erased-user",
    rule:
      "An event that names only a device of an erased user is theirs, also when it arrives later",
    file: "supabase/schemas/90_privacy/anonymise_events.sql",
    find: "array[told.event ->> 'device_id', told.event ->> 'braze_user_id'] as ids",
    replace: "'{}'::text[] as ids",
    tests: [ERASE_USER],
  },
  {
    name: "bodies-since-the-search",
    rule: "A kept body that arrives between the search and the lock is erased too",
    file: "supabase/schemas/90_privacy/erase_user.sql",
    find: "where case when v_has_new_ids or pg_catalog.age(reject.xmin) <= pg_catalog.age(v_since)",
    replace: "where case when false",
    tests: [ERASE_USER],
  },
  {
    name: "payloads-of-others",
    rule: "An erased person is removed from the payloads of other people's events",
    file: "supabase/schemas/90_privacy/erase_from_payloads.sql",
    find:
      "then p_external_user_id in (select private.json_texts(event.raw_payload::json)) else false",
    replace: "then false else false",
    tests: [ERASE_USER],
  },
  {
    name: "operators-read-event-ids",
    rule: "Operators read no line of the log that names events",
    file: "supabase/schemas/95_access/operators_read.sql",
    find: " and not details ?| array['event_id', 'event_ids']",
    replace: "",
    tests: ["tests/security/operators_read_test.ts"],
  },
];
