/** What is drawn into a chart: lines with their dots, columns on top of one another. */

export interface Series {
  readonly name: string;
  /** One of the series' colours. */
  readonly colour: "one" | "two" | "three";
  /** One value per time; null is a gap. */
  readonly values: readonly (number | null)[];
}

interface Scaled {
  readonly times: readonly number[];
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
}

export function Line({ series, times, x, y }: Scaled & { readonly series: Series }) {
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

export function Columns({ series, times, x, y, stepMs, format, label }: Scaled & {
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
