import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { VirtualTimeline } from "../../../../local/clock/virtual_timeline.ts";

const START = new Date("2024-12-07T06:00:00Z");
const SECOND = 1_000;
const at = (seconds: number) => new Date(START.getTime() + seconds * SECOND);

function setup() {
  const timeline = new VirtualTimeline(START);
  const seconds = () => (timeline.now().getTime() - START.getTime()) / SECOND;
  const log: string[] = [];
  const note = (text: string) => void log.push(`${seconds()} ${text}`);
  return { timeline, seconds, log, note };
}

/** A real pause, long enough for work to run that must not. */
const realPause = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

/** A local server whose handler runs on behalf of its caller, as the stack's servers do. */
async function withServer(
  timeline: VirtualTimeline,
  handle: (request: Request) => Promise<Response>,
  run: (url: string) => Promise<void>,
) {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => timeline.serve(request, () => handle(request)),
  );
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("VirtualTimeline is frozen until it is advanced", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(1), () => note("due"));
  await realPause();
  deepStrictEqual(log, []);
  strictEqual(timeline.now().getTime(), START.getTime());
});

Deno.test("advanceTo() runs work in order of its time, then in the order of planning", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(20), () => note("c"));
  timeline.at(at(10), () => note("a"));
  timeline.at(at(20), () => note("d"));
  timeline.at(at(15), () => note("b"));
  timeline.at(at(21), () => note("too late"));
  strictEqual(await timeline.advanceTo(at(20)), 4);
  deepStrictEqual(log, ["10 a", "15 b", "20 c", "20 d"]);
  strictEqual(timeline.now().getTime(), at(20).getTime());
});

Deno.test("advanceTo() keeps hundreds of items in order", async () => {
  const { timeline, log, note } = setup();
  const due = Array.from({ length: 300 }, (_, i) => (i * 7919) % 101);
  for (const [i, seconds] of due.entries()) timeline.at(at(seconds), () => note(String(i)));
  await timeline.advanceTo(at(200));
  const expected = due.map((seconds, i) => [seconds, i] as const)
    .sort(([a, i], [b, j]) => a - b || i - j)
    .map(([seconds, i]) => `${seconds} ${i}`);
  deepStrictEqual(log, expected);
});

Deno.test("advanceTo() runs work that planned work adds within the time", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(10), () => {
    note("first");
    timeline.at(at(12), () => note("planned by first"));
    timeline.at(at(5), () => note("already past"));
  });
  timeline.at(at(11), () => note("second"));
  await timeline.advanceTo(at(12));
  deepStrictEqual(log, ["10 first", "10 already past", "11 second", "12 planned by first"]);
});

Deno.test("at() runs work at once when its time is past", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(-5), () => note("past"));
  await realPause();
  deepStrictEqual(log, ["0 past"]);
});

Deno.test("at() can be cancelled", async () => {
  const { timeline, log, note } = setup();
  const callOff = timeline.at(at(10), () => note("called off"));
  timeline.at(at(11), () => note("kept"));
  callOff();
  await timeline.advanceTo(at(20));
  deepStrictEqual(log, ["11 kept"]);
});

Deno.test("advanceTo() finishes work before the next starts, however long it takes in real time", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(10), async () => {
    await realPause();
    note("slow work is done");
  });
  timeline.at(at(11), () => note("next"));
  await timeline.advanceTo(at(11));
  deepStrictEqual(log, ["10 slow work is done", "11 next"]);
});

Deno.test("sleep() inside planned work lets the clock advance, and wakes at its own time", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(10), async () => {
    note("asleep");
    await timeline.sleep(5 * SECOND);
    note("awake");
    await timeline.sleep(2 * SECOND);
    note("awake again");
  });
  timeline.at(at(12), () => note("meanwhile"));
  await timeline.advanceTo(at(30));
  deepStrictEqual(log, ["10 asleep", "12 meanwhile", "15 awake", "17 awake again"]);
});

Deno.test("a sleep of work that the timeline started waits for the next advance", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(10), async () => {
    await timeline.sleep(60 * SECOND);
    note("awake");
  });
  await timeline.advanceTo(at(20));
  await realPause();
  deepStrictEqual(log, []);
  await timeline.advanceTo(at(70));
  deepStrictEqual(log, ["70 awake"]);
});

Deno.test("an external request that sleeps advances the clock by itself, and runs earlier work first", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(3), () => note("due before"));
  timeline.at(at(6), () => note("due after"));
  const handle = async () => {
    await timeline.sleep(5 * SECOND);
    note("answers");
    return new Response("done");
  };
  await withServer(timeline, handle, async (url) => {
    strictEqual(await (await fetch(url)).text(), "done");
  });
  deepStrictEqual(log, ["3 due before", "5 answers"]);
});

Deno.test("background work of an external request continues by itself after the answer", async () => {
  const { timeline, log, note } = setup();
  const over = Promise.withResolvers<void>();
  const handle = () => {
    timeline.background((async () => {
      await timeline.sleep(60 * SECOND);
      note("background");
      over.resolve();
    })());
    return Promise.resolve(new Response("accepted"));
  };
  await withServer(timeline, handle, async (url) => {
    await (await fetch(url)).text();
    await over.promise;
  });
  deepStrictEqual(log, ["60 background"]);
});

Deno.test("background work of planned work waits until the timeline is advanced", async () => {
  const { timeline, log, note } = setup();
  const handle = () => {
    timeline.background(timeline.sleep(60 * SECOND).then(() => note("background")));
    return Promise.resolve(new Response("accepted"));
  };
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), async () => void await timeline.fetch(url));
    await timeline.advanceTo(at(10));
    await realPause();
    deepStrictEqual(log, []);
    await timeline.advanceTo(at(100));
  });
  deepStrictEqual(log, ["70 background"]);
});

Deno.test("the clock does not move during a tracked call", async () => {
  const { timeline, log, note } = setup();
  const handle = async () => {
    await realPause(50);
    return new Response("slow");
  };
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), () => {
      timeline.fetch(url).then((response) => response.text()).then(note);
    });
    timeline.at(at(11), () => note("next"));
    await timeline.advanceTo(at(20));
  });
  deepStrictEqual(log, ["10 slow", "11 next"]);
});

Deno.test("the clock does not move while the body of a tracked call is read", async () => {
  const { timeline, log, note } = setup();
  const handle = () =>
    Promise.resolve(
      new Response(
        new ReadableStream({
          async start(controller) {
            await realPause(50);
            controller.enqueue(new TextEncoder().encode("late body"));
            controller.close();
          },
        }),
      ),
    );
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), () => void timeline.fetch(url).then((r) => r.text()).then(note));
    timeline.at(at(11), () => note("next"));
    await timeline.advanceTo(at(20));
  });
  deepStrictEqual(log, ["10 late body", "11 next"]);
});

Deno.test("a time-out raced with a slow local server fires at its time", async () => {
  const { timeline, log, note } = setup();
  const handle = async (request: Request) => {
    await timeline.waiting(request, 30 * SECOND);
    note("server answers");
    return new Response("too late");
  };
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), async () => {
      const stop = new AbortController();
      const call = timeline.fetch(url, { signal: stop.signal }).then(
        () => "answer",
        () => "aborted",
      );
      const first = await Promise.race([call, timeline.sleep(8 * SECOND).then(() => "time-out")]);
      note(first);
      stop.abort();
      note(await call);
    });
    await timeline.advanceTo(at(60));
  });
  deepStrictEqual(log, ["18 time-out", "18 aborted", "40 server answers"]);
});

Deno.test("a slow local server that is quicker than the time-out answers in time", async () => {
  const { timeline, log, note } = setup();
  const handle = async (request: Request) => {
    await timeline.waiting(request, 5 * SECOND);
    return new Response("answer");
  };
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), async () => {
      const awake = new AbortController();
      const timeOut = timeline.sleep(8 * SECOND, awake.signal).then(
        () => "time-out",
        () => "woken",
      );
      note(await Promise.race([timeline.fetch(url).then((response) => response.text()), timeOut]));
      awake.abort();
      note(await timeOut);
    });
    await timeline.advanceTo(at(60));
  });
  deepStrictEqual(log, ["15 answer", "15 woken"]);
});

Deno.test("a function that sleeps while it answers a tracked call does not hold the clock", async () => {
  const { timeline, log, note } = setup();
  const handle = async () => {
    await timeline.sleep(5 * SECOND);
    return new Response("answer");
  };
  await withServer(timeline, handle, async (url) => {
    timeline.at(at(10), async () => note(await (await timeline.fetch(url)).text()));
    timeline.at(at(12), () => note("meanwhile"));
    await timeline.advanceTo(at(60));
  });
  deepStrictEqual(log, ["12 meanwhile", "15 answer"]);
});

Deno.test("sleep() rejects with the signal's reason, before and while it sleeps", async () => {
  const { timeline } = setup();
  const reason = new Error("enough");
  await rejects(timeline.sleep(SECOND, AbortSignal.abort(reason)), reason);
  const stop = new AbortController();
  const sleeping = timeline.sleep(SECOND, stop.signal);
  stop.abort(reason);
  await rejects(sleeping, reason);
});

Deno.test("an aborted sleep does not move the clock", async () => {
  const { timeline, seconds } = setup();
  const stop = new AbortController();
  const sleeping = timeline.sleep(SECOND, stop.signal).catch(() => {});
  stop.abort();
  await sleeping;
  await realPause();
  strictEqual(seconds(), 0);
});

Deno.test("advanceTo() refuses to go back and states the current time", async () => {
  const { timeline } = setup();
  await rejects(
    timeline.advanceTo(at(-1)),
    /must be 2024-12-07T06:00:00.000Z or later, got 2024-12-07T05:59:59/,
  );
  await rejects(timeline.advanceTo(new Date(NaN)), /got an invalid date/);
});

Deno.test("overlapping advances run one after the other", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(5), () => note("a"));
  timeline.at(at(15), () => note("b"));
  const first = timeline.advanceTo(at(10)).then((ran) => note(`first ran ${ran}`));
  const second = timeline.advanceTo(at(20)).then((ran) => note(`second ran ${ran}`));
  await Promise.all([first, second]);
  deepStrictEqual(log.filter((line) => !line.includes("ran")), ["5 a", "15 b"]);
  ok(log.indexOf("5 a") < log.findIndex((line) => line.includes("first ran 1")));
  ok(log.some((line) => line.endsWith("second ran 1")));
});

Deno.test("whenQuiet() runs before the clock advances, and work that it starts is awaited", async () => {
  const { timeline, log, note } = setup();
  const queue: string[] = [];
  timeline.whenQuiet(async () => {
    const found = await timeline.hold(async () => {
      await realPause(5);
      return queue.splice(0);
    });
    for (const item of found) note(item);
    return found.length > 0;
  });
  timeline.at(at(10), () => void queue.push("enqueued at 10"));
  timeline.at(at(11), () => note("next"));
  await timeline.advanceTo(at(20));
  deepStrictEqual(log, ["10 enqueued at 10", "11 next"]);
});

Deno.test("nudge() makes the timeline check the queue again", async () => {
  const { timeline } = setup();
  let looks = 0;
  timeline.whenQuiet(() => {
    looks++;
    return Promise.resolve(false);
  });
  await realPause();
  const before = looks;
  timeline.nudge();
  await realPause();
  strictEqual(looks, before + 1);
});

Deno.test("a nudge during a check of the queue causes another check", async () => {
  const { timeline } = setup();
  const queue: string[] = [];
  const taken: string[] = [];
  let looks = 0;
  timeline.whenQuiet(async () => {
    const found = queue.splice(0);
    taken.push(...found);
    if (++looks === 1) {
      await timeline.hold(() => realPause(5));
      // Too late for this look.
      queue.push("late");
      timeline.nudge();
    }
    return found.length > 0;
  });
  await realPause(60);
  deepStrictEqual(taken, ["late"]);
});

Deno.test("an error in planned work reaches onError and the rest still runs", async () => {
  const errors: unknown[] = [];
  const timeline = new VirtualTimeline(START, (error) => errors.push(error));
  let ran = false;
  timeline.at(at(1), () => {
    throw new Error("broken");
  });
  timeline.at(at(2), () => void (ran = true));
  await timeline.advanceTo(at(3));
  strictEqual(String(errors[0]), "Error: broken");
  ok(ran);
});

Deno.test("finish() wakes the sleepers that no event would wake", async () => {
  const { timeline, log, note } = setup();
  timeline.at(at(1), async () => {
    await timeline.sleep(60 * SECOND);
    note("ended");
  });
  await timeline.advanceTo(at(1));
  timeline.finish();
  await realPause();
  deepStrictEqual(log, ["61 ended"]);
});

Deno.test("close() wakes every sleeper with an error and refuses new plans", async () => {
  const { timeline } = setup();
  let called = false;
  timeline.at(at(5), async () => {
    await timeline.sleep(SECOND).catch(() => called = true);
  });
  await timeline.advanceTo(at(5));
  timeline.close();
  await realPause();
  ok(called);
  throws(() => timeline.at(at(9), () => {}), /clock was stopped/);
});
