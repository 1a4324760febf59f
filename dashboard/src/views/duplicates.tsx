/** Duplicate schedules found in Braze, and users who got a push twice. */
import { usePage } from "../context.ts";
import { count, signed } from "../format.ts";
import { MatchLink } from "../parts/match_link.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { doublePushes, duplicateDays } from "../read.ts";
import { usePolled } from "../use_polled.ts";
import { day } from "./health.tsx";

const POLL_MS = 60_000;

export function Duplicates() {
  const { client, clock } = usePage();
  const polled = usePolled(
    "duplicates",
    async () => {
      const [days, pushes] = await Promise.all([duplicateDays(client), doublePushes(client)]);
      return { days, pushes };
    },
    clock,
    POLL_MS,
  );
  return (
    <Content polled={polled}>
      {({ days, pushes }) => (
        <>
          <section aria-labelledby="by-day">
            <h2 id="by-day">Second schedules in Braze, by day</h2>
            {days.length === 0
              ? (
                <Empty title="None was ever found">
                  The comparison with Braze looks for them every half hour.
                </Empty>
              )
              : (
                <Table
                  caption="Days on which Braze held a second schedule of a match, newest first"
                  rows={days}
                  keyOf={({ date }) => date ?? ""}
                  columns={[
                    {
                      title: "Day (UTC)",
                      label: "Day (UTC)",
                      cell: ({ date }) => date === null ? "–" : day(date),
                    },
                    {
                      title: "Duplicates",
                      label: "Duplicates",
                      isNumber: true,
                      cell: (row) => count(row.duplicates),
                    },
                    {
                      title: "Matches",
                      label: "Matches",
                      isNumber: true,
                      cell: (row) => count(row.matches),
                    },
                    {
                      title: "Change from the day before",
                      label: "Change from the day before",
                      isNumber: true,
                      cell: (row) =>
                        signed((row.duplicates ?? 0) - (row.duplicates_the_day_before ?? 0)),
                    },
                    {
                      title: "In 7 days",
                      label: "In 7 days",
                      isNumber: true,
                      cell: (row) => count(row.duplicates_in_7_days),
                    },
                    {
                      title: "Most affected",
                      label: "Most affected",
                      cell: (row) =>
                        (row.most_affected as { match_id: number; duplicates: number }[] ?? []).map(
                          ({ match_id, duplicates }) => (
                            <span key={match_id} class="inline">
                              {match_id === null ? "no match" : <MatchLink matchId={match_id} />} ×
                              {" "}
                              {duplicates}
                            </span>
                          ),
                        ),
                    },
                  ]}
                />
              )}
          </section>
          <section aria-labelledby="pushed-twice">
            <h2 id="pushed-twice">Users who got a push twice</h2>
            {pushes.length === 0 ? <Empty title="No user, according to the events" /> : (
              <Table
                caption="Matches with users who got more than one push, newest first"
                rows={pushes}
                keyOf={({ id }) => id}
                columns={[
                  {
                    title: "Match",
                    label: "Match",
                    cell: ({ match_id }) =>
                      match_id === null ? "–" : <MatchLink matchId={match_id} />,
                  },
                  {
                    title: "State",
                    label: "State",
                    cell: ({ resolved_at }) =>
                      resolved_at === null
                        ? <Chip tone="bad">Open</Chip>
                        : <Chip tone="off">Past</Chip>,
                  },
                  {
                    title: "Users",
                    label: "Users",
                    isNumber: true,
                    cell: (row) => count(number(row.details, "users")),
                  },
                  {
                    title: "Sends",
                    label: "Sends",
                    isNumber: true,
                    cell: (row) => count(number(row.details, "sends")),
                  },
                  {
                    title: "Noticed",
                    label: "Noticed",
                    cell: (row) => <Time at={row.first_seen_at} />,
                  },
                  {
                    title: "Ten of these users",
                    label: "Ten of these users",
                    class: "wide break",
                    cell: (row) => sample(row.details).join(", ") || "–",
                  },
                ]}
              />
            )}
          </section>
        </>
      )}
    </Content>
  );
}

function number(details: unknown, name: string): number | null {
  const value = (details as Record<string, unknown> | null)?.[name];
  return typeof value === "number" ? value : null;
}

function sample(details: unknown): readonly string[] {
  const users = (details as Record<string, unknown> | null)?.sample_users;
  return Array.isArray(users) ? users.map(String) : [];
}
