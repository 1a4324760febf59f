/** The states of a page without data: loading, empty, failed. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { usePage } from "../context.ts";
import { clockTime } from "../time.ts";
import type { Polled } from "../use_polled.ts";
import { ReadError } from "../read.ts";

export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Reading …</span>
      {[72, 100, 88, 94].map((width) => (
        <span class="bone" style={{ width: `${width}%` }} key={width} aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="notice">
      <p class="notice-title">{title}</p>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  );
}

/** Shows the last data with a notice that it is outdated. */
export function Content<Data>({ polled, children }: {
  readonly polled: Polled<Data>;
  readonly children: (data: Data) => ComponentChildren;
}) {
  const { data, error, readAt, reload } = polled;
  const { noteRead } = usePage();
  useEffect(() => noteRead({ at: readAt, hasFailed: error !== null }), [readAt, error]);
  return (
    <>
      {error === null ? null : <Fault error={error} readAt={readAt} reload={reload} />}
      {data === null ? (error === null ? <Loading /> : null) : children(data)}
    </>
  );
}

function Fault({ error, readAt, reload }: {
  readonly error: Error;
  readonly readAt: Date | null;
  readonly reload: () => Promise<void>;
}) {
  const { zone } = usePage();
  const isRefusal = error instanceof ReadError && error.isRefusal;
  return (
    <div class="notice bad" role="alert">
      <p class="notice-title">
        {isRefusal ? "You are no longer allowed to read this" : "Cannot read from the project"}
      </p>
      <p>
        {isRefusal ? "Your sign-in has expired or was changed. " : `${error.message}. `}
        {readAt === null ? "" : `What you see is from ${clockTime(readAt, zone)}. `}
        The page tries again by itself.
      </p>
      <p>
        <button type="button" onClick={() => void reload()}>Try now</button>
      </p>
    </div>
  );
}
