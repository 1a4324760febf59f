/** Whether the suite can know how many users a push should reach. */
import { z } from "zod";
import { type Finding, look, ok, unknown } from "./finding.ts";
import { get } from "./rest.ts";
import type { Configured } from "./target.ts";

const CHECK = "expected_numbers";
const NAMES_MAX = 5;

const Teams = z.array(z.object({ name: z.string(), braze_segment_id: z.string().nullable() }));

export async function checkAudiences(target: Configured): Promise<Finding[]> {
  const finding = await look(CHECK, "", async () => {
    const response = await get(target, "/teams?select=name,braze_segment_id&order=name");
    const teams = Teams.parse(await response.json());
    const without = teams.filter(({ braze_segment_id }) => braze_segment_id === null);
    if (teams.length === 0) return unknown(CHECK, "there is no team yet", "Fill teams");
    if (without.length === 0) {
      return ok(CHECK, `the audience of each of ${teams.length} teams is measured`);
    }
    const names = without.slice(0, NAMES_MAX).map(({ name }) => name).join(", ");
    const others = without.length > NAMES_MAX ? ` and ${without.length - NAMES_MAX} others` : "";
    return unknown(
      CHECK,
      `not measured for ${names}${others}: nobody can say whether their pushes reach enough users`,
      "Make a segment of push-enabled followers for each team in Braze and set teams.braze_segment_id to its API identifier",
    );
  });
  return [finding.result === "wrong" ? unknown(CHECK, "the teams could not be read") : finding];
}
