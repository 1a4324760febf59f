/** The current view, day, zone and filter, encoded in the URL so that a link can be shared. */
import type { VerdictName } from "./rows.ts";
import { WORST_FIRST } from "./verdict.ts";

export const VIEWS = [
  "tonight",
  "match",
  "alerts",
  "jobs",
  "counts",
  "health",
  "duplicates",
] as const;
export type View = typeof VIEWS[number];

export interface Route {
  readonly view: View;
  readonly matchId: number | null;
  /** YYYY-MM-DD, in the zone. */
  readonly date: string | null;
  /** null: the viewer's own zone. */
  readonly zone: string | null;
  readonly show: "open" | "past";
  /** What the list of matches is searched for; empty: nothing. */
  readonly search: string;
  /** The verdict that the list of matches is limited to. */
  readonly verdict: VerdictName | null;
}

/** Ignores invalid parts, so that an old or broken link still opens a view. */
export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [name = "", id = ""] = path.split("/");
  const params = new URLSearchParams(query);
  const isMatch = name === "match" && /^\d{1,15}$/.test(id);
  const named = VIEWS.find((view) => view === name && view !== "match");
  return {
    view: isMatch ? "match" : named ?? "tonight",
    matchId: isMatch ? Number(id) : null,
    date: dateOf(params.get("date")),
    zone: zoneOf(params.get("zone")),
    show: params.get("show") === "past" ? "past" : "open",
    search: params.get("search") ?? "",
    verdict: WORST_FIRST.find((verdict) => verdict === params.get("verdict")) ?? null,
  };
}

export function hashOf(route: Partial<Route> & { readonly view: View }): string {
  const params = new URLSearchParams();
  if (route.date) params.set("date", route.date);
  if (route.zone) params.set("zone", route.zone);
  if (route.show === "past") params.set("show", "past");
  if (route.search) params.set("search", route.search);
  if (route.verdict) params.set("verdict", route.verdict);
  const path = route.view === "match" ? `match/${route.matchId}` : route.view;
  const query = params.toString();
  return `#/${path}${query === "" ? "" : `?${query}`}`;
}

function dateOf(text: string | null): string | null {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : null;
}

function zoneOf(text: string | null): string | null {
  if (text === null) return null;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: text });
    return text;
  } catch {
    return null;
  }
}
