/** Small SVG charts: series over time as lines or stacked columns, with a legend and a summary for screen readers. */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { count } from "../format.ts";
import { clockTime, inZone } from "../time.ts";
import { Columns, Line, type Series } from "./chart_marks.tsx";
import { roundUp } from "./scale.ts";

const HEIGHT = 180;
/** Used until the element is measured. */
const WIDTH_USUAL = 720;
const MARGIN = { left: 46, right: 10, top: 10, bottom: 24 };
const TICKS = 5;
const DAY_MS = 86_400_000;

export interface ChartProps {
  readonly title: string;
  /** Ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly kind: "line" | "columns";
  /** The time that a column covers, milliseconds. */
  readonly stepMs?: number;
  readonly format?: (value: number) => string;
  /** The content of the chart in one sentence. */
  readonly summary: string;
}

export function Chart(props: ChartProps) {
  const { title, times, series, kind, stepMs = 0, format = count, summary } = props;
  const { zone } = usePage();
  const id = useId();
  const [figure, width] = useWidth();
  const totals = times.map((_, index) => {
    const values = series.map(({ values }) => values[index] ?? 0);
    return kind === "columns" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  });
  const top = roundUp(Math.max(0, ...totals));
  const [first = 0, last = 0] = [times[0], (times.at(-1) ?? 0) + stepMs];
  const x = (time: number) =>
    MARGIN.left + (time - first) / Math.max(1, last - first) * (width - MARGIN.left - MARGIN.right);
  const y = (value: number) =>
    HEIGHT - MARGIN.bottom - value / top * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const isDaily = stepMs >= DAY_MS;
  const isShort = !isDaily && last - first < 2 * DAY_MS;
  const label = (time: number) =>
    isShort ? clockTime(new Date(time), zone) : inZone(new Date(time), isDaily ? "UTC" : zone, {
      day: "numeric",
      month: "short",
    });
  // Two ticks of one day would have one label.
  const ticks = distinct(ticksOf(first, last, isDaily ? stepMs : 0), label);
  const levels = distinct([0, 0.5, 1].map((share) => top * share), format);
  return (
    <figure class="chart" ref={figure}>
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="legend">
          {series.map(({ name, colour }) => <span key={name} class={`key ${colour}`}>{name}</span>)}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-labelledby={id}>
        <title id={id}>{`${title}. ${summary}`}</title>
        {levels.map((level) => (
          <g key={level}>
            <line
              class="grid"
              x1={MARGIN.left}
              x2={width - MARGIN.right}
              y1={y(level)}
              y2={y(level)}
            />
            <text class="label" x={MARGIN.left - 6} y={y(level) + 4} text-anchor="end">
              {format(level)}
            </text>
          </g>
        ))}
        {ticks.map((tick, index) => (
          <text
            key={tick}
            class="label"
            x={x(tick)}
            y={HEIGHT - 6}
            text-anchor={index === 0 ? "start" : index === ticks.length - 1 ? "end" : "middle"}
          >
            {label(tick)}
          </text>
        ))}
        {kind === "line"
          ? series.map((each) => <Line key={each.name} {...{ series: each, times, x, y }} />)
          : <Columns {...{ series, times, x, y, stepMs, format, label }} />}
      </svg>
    </figure>
  );
}

/** Drawn at its displayed width, so that its text keeps the normal size. */
function useWidth() {
  const figure = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(WIDTH_USUAL);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.max(240, Math.round(entry.contentRect.width)));
    });
    observer.observe(figure.current!);
    return () => observer.disconnect();
  }, []);
  return [figure, width] as const;
}

function distinct(values: readonly number[], label: (value: number) => string): number[] {
  return values.filter((value, index) =>
    index === 0 || label(value) !== label(values[index - 1] ?? value)
  );
}

function ticksOf(first: number, last: number, stepMs: number): number[] {
  if (stepMs > 0) {
    const steps = Math.round((last - first) / stepMs);
    const every = Math.max(1, Math.ceil(steps / TICKS)) * stepMs;
    const ticks: number[] = [];
    for (let tick = first; tick < last; tick += every) ticks.push(tick);
    return ticks;
  }
  return Array.from({ length: TICKS }, (_, index) => first + (last - first) * index / (TICKS - 1));
}
