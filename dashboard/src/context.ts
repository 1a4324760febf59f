/** What every part of a page may need to know of where it is. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Connection } from "./client.ts";
import type { Route } from "./route.ts";

export interface Page extends Connection {
  readonly route: Route;
  /** The zone in which times are told. */
  readonly zone: string;
  /** For people who listen: what has changed since they last heard. */
  announce(text: string): void;
}

const PageContext = createContext<Page | null>(null);
export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error("Cannot show a view: it must stand in a page, got none");
  return page;
}
