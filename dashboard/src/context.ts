/** The context that every part of a page can use. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Connection } from "./client.ts";
import type { Route } from "./route.ts";

export interface LastRead {
  readonly at: Date | null;
  readonly hasFailed: boolean;
}

export interface Page extends Connection {
  readonly route: Route;
  /** The time zone of displayed times. */
  readonly zone: string;
  /** Announces a change to screen readers. */
  announce(text: string): void;
  /** Says when the view's data were read, and whether the last read failed. */
  noteRead(read: LastRead): void;
}

const PageContext = createContext<Page | null>(null);
export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error("Cannot show a view: it must be inside a page, got none");
  return page;
}
