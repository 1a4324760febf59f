import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { RealTimeline } from "../../../../local/clock/real_timeline.ts";

Deno.test("RealTimeline runs work when it is due, and work that is past at once", async () => {
  const timeline = new RealTimeline();
  const log: string[] = [];
  timeline.at(new Date(Date.now() + 40), () => void log.push("later"));
  timeline.at(new Date(Date.now() - 1_000), () => void log.push("past"));
  const callOff = timeline.at(new Date(Date.now() + 20), () => void log.push("called off"));
  callOff();
  await timeline.sleep(80);
  deepStrictEqual(log, ["past", "later"]);
  timeline.close();
});

Deno.test("RealTimeline.sleep() takes its time and ends early when aborted", async () => {
  const timeline = new RealTimeline();
  const started = performance.now();
  await timeline.sleep(30);
  ok(performance.now() - started >= 28);
  const stop = new AbortController();
  const sleeping = timeline.sleep(60_000, stop.signal);
  stop.abort(new Error("enough"));
  await rejects(sleeping, /enough/);
  timeline.close();
});

Deno.test("RealTimeline plans further ahead than one timer can", async () => {
  const timeline = new RealTimeline();
  let ran = false;
  timeline.at(new Date(Date.now() + 60 * 86_400_000), () => void (ran = true));
  await timeline.sleep(30);
  strictEqual(ran, false);
  timeline.close();
});

Deno.test("RealTimeline.close() wakes every sleeper", async () => {
  const timeline = new RealTimeline();
  const sleeping = timeline.sleep(60_000);
  timeline.close();
  await rejects(sleeping, /stack stops/);
});
