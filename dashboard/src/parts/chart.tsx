/** Small charts in SVG: series over time, as lines or as stacked columns, with a legend and words for who listens. */
import { useId } from "preact/hooks";
import { usePage } from "../context.ts";
import { count } from "../format.ts";
import { clockTime, inZone } from "../time.ts";
import { roundUp } from "./scale.ts";

const [WIDTH, HEIGHT] = [720, 170];
const MARGIN = { left: 46, right: 10, top: 10, bottom: 24 };
const TICKS = 5;

export interface Series {
  readonly name: string;
  /** One of the series' colours. */
  readonly colour: "one" | "two" | "three";
  /** As many as there are times; null is a gap. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly kind: "line" | "columns";
  /** How wide a column is, in time. */
  readonly stepMs?: number;
  readonly format?: (value: number) => string;
  /** What the picture says, in a sentence. */
  readonly summary: string;
  readonly labels?: "clock" | "date";
}

export function Chart(props: ChartProps) {
  const { title, times, series, kind, stepMs = 0, format = count, summary, labels = "date" } =
    props;
  const { zone } = usePage();
  const id = useId();
  const totals = times.map((_, index) => {
    const values = series.map(({ values }) => values[index] ?? 0);
    return kind === "columns" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  });
  const top = roundUp(Math.max(0, ...totals));
  const [first = 0, last = 0] = [times[0], (times.at(-1) ?? 0) + stepMs];
  const x = (time: number) =>
    MARGIN.left + (time - first) / Math.max(1, last - first) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) =>
    HEIGHT - MARGIN.bottom - value / top * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const label = (time: number) =>
    labels === "clock"
      ? clockTime(new Date(time), zone)
      : inZone(new Date(time), stepMs >= 86_400_000 ? "UTC" : zone, {
        day: "numeric",
        month: "short",
      });
  const ticks = ticksOf(first, last, labels === "date" && stepMs >= 86_400_000 ? stepMs : 0);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="legend">
          {series.map(({ name, colour }) => <span key={name} class={`key ${colour}`}>{name}</span>)}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id}>
        <title id={id}>{`${title}. ${summary}`}</title>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line
              class="grid"
              x1={MARGIN.left}
              x2={WIDTH - MARGIN.right}
              y1={y(top * share)}
              y2={y(top * share)}
            />
            <text class="label" x={MARGIN.left - 6} y={y(top * share) + 4} text-anchor="end">
              {format(top * share)}
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

interface Scaled {
  readonly times: readonly number[];
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
}

function Line({ series, times, x, y }: Scaled & { readonly series: Series }) {
  let path = "";
  let isDrawing = false;
  const dots: [number, number][] = [];
  times.forEach((time, index) => {
    const value = series.values[index] ?? null;
    if (value !== null) {
      path += `${isDrawing ? "L" : "M"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
      dots.push([x(time), y(value)]);
    }
    isDrawing = value !== null;
  });
  return (
    <g class={`line ${series.colour}`}>
      <path d={path} />
      {dots.length <= 40
        ? dots.map(([cx, cy]) => <circle key={cx} cx={cx} cy={cy} r="2.6" />)
        : null}
    </g>
  );
}

function Columns({ series, times, x, y, stepMs, format, label }: Scaled & {
  readonly series: readonly Series[];
  readonly stepMs: number;
  readonly format: (value: number) => string;
  readonly label: (time: number) => string;
}) {
  return (
    <>
      {times.map((time, index) => {
        const left = x(time);
        const width = Math.min(48, Math.max(1.2, (x(time + stepMs) - left) * 0.8));
        let below = 0;
        return (
          <g key={time}>
            {series.map(({ name, colour, values }) => {
              const value = values[index] ?? 0;
              if (value === 0) return null;
              const bottom = y(below);
              below += value;
              const height = bottom - y(below);
              return (
                <rect
                  key={name}
                  class={colour}
                  x={left}
                  y={bottom - height}
                  width={width}
                  height={height}
                >
                  <title>{`${label(time)}: ${format(value)} ${name}`}</title>
                </rect>
              );
            })}
          </g>
        );
      })}
    </>
  );
}
