import { usePage } from "../context.ts";
import { hashOf } from "../route.ts";

export function MatchLink({ matchId, children }: {
  readonly matchId: number;
  readonly children?: string;
}) {
  const { route } = usePage();
  return (
    <a href={hashOf({ view: "match", matchId, zone: route.zone })}>
      {children ?? `Match ${matchId}`}
    </a>
  );
}
