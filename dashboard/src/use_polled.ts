/** Polls data while the page is visible, and keeps the last data when a read fails. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { PageClock } from "./client.ts";

export interface Polled<Data> {
  readonly data: Data | null;
  readonly error: Error | null;
  /** When `data` was read, on the page's clock. */
  readonly readAt: Date | null;
  readonly reload: () => Promise<void>;
}

/** `key` identifies the data: a new key discards the old data. */
export function usePolled<Data>(
  key: string,
  load: () => Promise<Data>,
  clock: PageClock,
  intervalMs: number,
): Polled<Data> {
  const [state, setState] = useState<Omit<Polled<Data>, "reload"> & { key: string }>({
    key,
    data: null,
    error: null,
    readAt: null,
  });
  const latest = useRef({ key, load });
  latest.current = { key, load };

  const reload = useCallback(async () => {
    const requested = latest.current;
    try {
      await clock.refresh();
      const data = await requested.load();
      if (latest.current.key !== requested.key) return;
      setState({ key: requested.key, data, error: null, readAt: clock.now() });
    } catch (error) {
      if (latest.current.key !== requested.key) return;
      const failure = error instanceof Error ? error : new Error(String(error));
      setState((before) =>
        before.key === requested.key
          ? { ...before, error: failure }
          : { key: requested.key, data: null, error: failure, readAt: null }
      );
    }
  }, [clock]);

  useEffect(() => {
    let isOver = false;
    let timer: number | undefined;
    const turn = async () => {
      if (!document.hidden) await reload();
      if (!isOver) timer = setTimeout(turn, intervalMs) as unknown as number;
    };
    const onVisible = () => void (document.hidden || reload());
    document.addEventListener("visibilitychange", onVisible);
    turn();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [key, intervalMs, reload]);

  const current = state.key === key ? state : { data: null, error: null, readAt: null };
  return { ...current, reload };
}

/** The current time, updated each second. */
export function useNow(clock: PageClock): Date {
  const [now, setNow] = useState(() => clock.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(clock.now()), 1_000);
    return () => clearInterval(timer);
  }, [clock]);
  return now;
}
