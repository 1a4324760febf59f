/** Reads the number of each team's followers from Braze's segments, as a project does regularly. */
import type { Stack } from "../stack/stack.ts";

export async function measureAudiences({ sql, sandbox, timeline, ready }: Stack): Promise<void> {
  const teams = await sql<{ name: string; value: string }[]>`
    select name, braze_attribute_value as value from public.teams`;
  for (const { name, value } of teams) {
    const segment = sandbox.model.segmentOf(value);
    if (segment === undefined) {
      throw new Error(`Cannot measure "${name}": Braze has no such segment`);
    }
    const response = await fetch(
      `${ready.braze_url}/segments/data_series?segment_id=${segment.id}&length=1`,
      { headers: { authorization: `Bearer ${ready.braze_api_key}` } },
    );
    const { data: [today] } = await response.json();
    await sql`
      update public.teams
      set braze_segment_id = ${segment.id}, audience_size = ${today.size},
        audience_measured_at = ${timeline.now()}
      where name = ${name}`;
  }
}
