/** Bodies for the functions that take options, and for the webhook's control body: some valid, most corrupted. */
import fc from "fast-check";
import { hostileName, hostileValue, noJson } from "./values.ts";

export const FUNCTIONS = [
  "braze-scheduler",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-count-audit",
  "webhook-health-rollup",
  "braze-webhook",
] as const;
export type FunctionName = typeof FUNCTIONS[number];

/** What people do by hand, the same in two functions. */
const VERBS = {
  undo: ['[{"match_id":1001,"action_id":1,"reason":"seen"}]'],
  mark_sent: ['[{"match_id":1001,"reason":"seen"}]', '{"match_ids":[1001,1002],"reason":"seen"}'],
  mark_not_sent: [
    '[{"match_id":1001,"reason":"seen"}]',
    '{"match_ids":[1001,1002],"reason":"seen"}',
  ],
  confirm_removals: [
    '[{"match_id":1001,"reason":"seen"}]',
    '{"match_ids":[1001,1002],"reason":"seen"}',
  ],
  release: ['[{"match_id":1001,"reason":"seen"}]', '{"match_ids":[1001,1002],"reason":"seen"}'],
  cancel: ['[{"match_id":1001,"reason":"seen"}]', '{"match_ids":[1001,1002],"reason":"seen"}'],
  declare_gone: [
    '[{"match_id":1001,"reason":"seen"}]',
    '{"match_ids":[1001,1002],"reason":"seen"}',
  ],
  reschedule: ['[{"match_id":1001,"reason":"seen"}]', '{"match_ids":[1001,1002],"reason":"seen"}'],
  push_again: ['[{"match_id":1001,"reason":"seen"}]', '{"match_ids":[1001,1002],"reason":"seen"}'],
  resolve: ['[{"fingerprint":"double_push:1001","reason":"told"}]'],
};

/** The options of each function with valid values, as JSON text. */
const RIGHT: Readonly<Record<FunctionName, Readonly<Record<string, readonly string[]>>>> = {
  "braze-scheduler": {
    dry_run: ["true"],
    match_ids: ["[1001]", "[1002,9007199254740991]"],
    ...VERBS,
  },
  "braze-preflight-check": { dry_run: ["true"] },
  "braze-reconcile": {
    dry_run: ["true"],
    checks: ['["quality"]', '["verify","gaps"]'],
    ...VERBS,
  },
  "braze-count-audit": { dry_run: ["true"] },
  "webhook-health-rollup": {
    dry_run: ["true"],
    date: ['"2024-12-06"'],
    from: ['"2024-12-05"'],
    to: ['"2024-12-06"'],
  },
  "braze-webhook": {
    limit: ["1", "10000"],
    reason_like: ['"No partition%"', '"%"'],
    after: [`"${"0".repeat(64)}"`],
  },
};

const SPOILED_DATES = [
  '"0000-01-01"',
  '"0001-01-01"',
  '"9999-12-31"',
  '"2024-02-30"',
  '"1999-12-31"',
];
/** Options whose text reaches Postgres. */
const SPOILED_TEXTS = ['"\\\\"', '"%\\\\"', '"a\\\\%"', '"_"', '"\\u0000"', '"\\ud800"'];

export type Credential = "secret key" | "publishable key" | "wrong key" | "none";

export interface OptionsPlan {
  readonly functionName: FunctionName;
  readonly body: Uint8Array;
  /** The members of the body; null if it is not an object. */
  readonly members: readonly Member[] | null;
  readonly credential: Credential;
}

/** Both as JSON text. */
type Member = readonly [name: string, value: string];

const credential = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Credential>("secret key") },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Credential>("publishable key", "wrong key", "none"),
  },
);

export const optionsPlan: fc.Arbitrary<OptionsPlan> = fc.constantFrom(...FUNCTIONS).chain(
  (functionName) =>
    fc.record({
      functionName: fc.constant(functionName),
      credential,
      content: fc.oneof(
        {
          weight: 16,
          arbitrary: membersFor(functionName).map((members) => write(functionName, members)),
        },
        { weight: 1, arbitrary: noJson.map((body) => ({ body, members: null })) },
        {
          weight: 1,
          arbitrary: hostileValue.map((json) => ({ body: encode(json), members: null })),
        },
      ),
    }).map(({ content, ...rest }) => ({ ...rest, ...content })),
);

function membersFor(functionName: FunctionName): fc.Arbitrary<Member[]> {
  const right = Object.entries(RIGHT[functionName]);
  const rightMember = fc.constantFrom(...right).chain(([name, values]) =>
    fc.constantFrom(...values).map((value): Member => [JSON.stringify(name), value])
  );
  const spoiledValue = fc.oneof(
    hostileValue,
    fc.constantFrom(...SPOILED_DATES, ...SPOILED_TEXTS),
    hostileValue.map((inner) => `[${inner}]`),
    hostileValue.map((inner) => `[{"match_id":1001,"reason":${inner}}]`),
    hostileValue.map((inner) => `[{"match_id":${inner},"reason":"seen"}]`),
  );
  const spoiled: fc.Arbitrary<Member> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(
        fc.constantFrom(...right.map(([name]) => JSON.stringify(name))),
        spoiledValue,
      ),
    },
    { weight: 1, arbitrary: fc.tuple(hostileName, fc.constantFrom("true", '"x"', "{}")) },
  );
  // Nearly always a dry run, and rarely valid as a whole, since a real run takes time.
  const first = fc.oneof(
    { weight: 30, arbitrary: fc.constant<Member[]>([['"dry_run"', "true"]]) },
    { weight: 1, arbitrary: fc.constant<Member[]>([]) },
  );
  const rest = fc.oneof(
    { weight: 30, arbitrary: fc.array(spoiled, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant<Member[]>([]) },
  );
  return fc.tuple(
    functionName === "braze-webhook" ? fc.constant<Member[]>([]) : first,
    fc.array(rightMember, { maxLength: 1 }),
    rest,
  ).map((parts) => parts.flat());
}

function write(functionName: FunctionName, members: readonly Member[]) {
  const object = `{${members.map(([name, value]) => `${name}:${value}`).join(",")}}`;
  const isOrder = functionName === "braze-webhook";
  return { body: encode(isOrder ? `{"replay_rejects":${object}}` : object), members };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Whether every member has a known name, and no name repeats. */
export function isWellNamed({ functionName, members }: OptionsPlan): boolean {
  if (members === null) return false;
  const names = members.map(([name]): string => JSON.parse(name));
  return new Set(names).size === names.length &&
    names.every((name) => Object.hasOwn(RIGHT[functionName], name));
}
