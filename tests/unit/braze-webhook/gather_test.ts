import { deepStrictEqual, rejects } from "node:assert/strict";
import { gather } from "../../../supabase/functions/braze-webhook/gather.ts";

interface Call {
  readonly items: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** Items weigh what they are; a call ends when the test says so. */
function gathering(
  options: { readonly weightMax?: number; readonly secondCallFrom?: number } = {},
) {
  const calls: Call[] = [];
  const ask = gather<number, string>({
    send: (items) =>
      new Promise((resolve, reject) => {
        calls.push({
          items,
          answer: () => resolve(items.map((item) => `answer ${item}`)),
          fail: reject,
        });
      }),
    weightOf: (item) => item,
    weightMax: options.weightMax ?? 500,
    secondCallFrom: options.secondCallFrom ?? 100,
  });
  return { ask, calls, sent: () => calls.map(({ items }) => items) };
}

/** Lets everything that is ready run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("gather() sends a lone item at once, and what arrives meanwhile together with the next call", async () => {
  const { ask, calls, sent } = gathering();
  const answers = [ask(1), ask(2), ask(3)];
  deepStrictEqual(sent(), [[1]]);
  calls[0]!.answer();
  await settled();
  deepStrictEqual(sent(), [[1], [2, 3]]);
  calls[1]!.answer();
  deepStrictEqual(await Promise.all(answers), ["answer 1", "answer 2", "answer 3"]);
});

Deno.test("gather() starts a second call beside the first only for much, and no third", async () => {
  const { ask, calls, sent } = gathering({ secondCallFrom: 100 });
  const answers = [ask(1), ask(60), ask(50), ask(200)];
  deepStrictEqual(sent(), [[1], [60, 50]]);
  calls[1]!.answer();
  await settled();
  // The one that waits is much as well.
  deepStrictEqual(sent(), [[1], [60, 50], [200]]);
  calls[0]!.answer();
  calls[2]!.answer();
  await Promise.all(answers);
});

Deno.test("gather() keeps a call within its weight, and sends a heavier item alone", async () => {
  const { ask, calls, sent } = gathering({ weightMax: 10, secondCallFrom: 1_000 });
  const answers = [ask(1), ask(6), ask(4), ask(1), ask(30), ask(2)];
  for (let index = 0; index < 4; index++) {
    calls[index]!.answer();
    await settled();
  }
  deepStrictEqual(sent(), [[1], [6, 4], [1], [30], [2]]);
  calls[4]!.answer();
  await Promise.all(answers);
});

Deno.test("gather() fails every item of a failed call, and goes on", async () => {
  const { ask, calls, sent } = gathering();
  const first = ask(1);
  const [second, third] = [ask(2), ask(3)];
  calls[0]!.answer();
  await first;
  await settled();
  calls[1]!.fail(new Error("the database is down"));
  await rejects(second, /the database is down/);
  await rejects(third, /the database is down/);
  const fourth = ask(4);
  deepStrictEqual(sent(), [[1], [2, 3], [4]]);
  calls[2]!.answer();
  await fourth;
});
