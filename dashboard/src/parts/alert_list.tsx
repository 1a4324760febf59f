/** Open alerts in full sentences. */
import type { MatchdayAlert } from "../rows.ts";
import { Chip, SEVERITY_TONES } from "./status.tsx";
import { Time } from "./time.tsx";

export function AlertList({ alerts }: { readonly alerts: readonly MatchdayAlert[] }) {
  if (alerts.length === 0) return null;
  return (
    <ul class="plain alert-list" aria-label="Open alerts">
      {alerts.map(({ id, severity, rule, title, first_seen_at }) => (
        <li key={id}>
          <Chip tone={SEVERITY_TONES[severity]}>{rule.replaceAll("_", " ")}</Chip> {title}{" "}
          <span class="quiet">
            since <Time at={first_seen_at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
