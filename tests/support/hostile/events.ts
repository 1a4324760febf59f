/** Valid events in each shape that the webhook reads, and their hostile mutations. */
import fc from "fast-check";
import { changeObject, type Member, members, type Node, objectsIn, write } from "./json_tree.ts";
import { hostileName, hostileValue } from "./values.ts";

export type Shape = "nested" | "exported" | "template" | "flat";

/** The valid origins of our events. */
export interface Origin {
  readonly campaignId: string;
  readonly ledgers: readonly { readonly ledgerId: string; readonly matchId: number }[];
}

export interface Specimen {
  readonly shape: Shape;
  readonly mark: string;
  /** null if the event is valid. */
  readonly mutations: readonly Mutation[] | null;
  readonly tree: Node;
  readonly text: string;
  /** The match that a valid event echoes. */
  readonly matchId: number | null;
}

export type Mutation =
  | { readonly kind: "replace all"; readonly value: string }
  | { readonly kind: "replace" | "repeat" | "remove"; readonly at: number; readonly value: string }
  | { readonly kind: "rename" | "add"; readonly at: number; readonly name: string };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("replace all" as const), value: hostileValue }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constantFrom("replace", "replace", "replace", "repeat", "remove"),
      at: fc.nat(),
      value: hostileValue,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("rename", "add"),
      at: fc.nat(),
      name: hostileName,
    }),
  },
);

/** The plan of an event; the event is built with its mark, so that no two of a run are equal. */
export interface Plan {
  readonly shape: Shape;
  readonly ledger: number | null;
  readonly isWide: boolean;
  readonly mutations: readonly Mutation[] | null;
}

const shape = fc.constantFrom<Shape>("nested", "nested", "exported", "template", "flat");
const common = {
  shape,
  ledger: fc.constantFrom(null, null, 0, 1, 2, 3),
  isWide: fc.boolean(),
};
export const goodPlan: fc.Arbitrary<Plan> = fc.record({ ...common, mutations: fc.constant(null) });
export const spoiledPlan: fc.Arbitrary<Plan> = fc.record({
  ...common,
  mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
});

export function make(plan: Plan, mark: string, origin: Origin, time: Date): Specimen {
  const ledger = plan.ledger === null ? undefined : origin.ledgers[plan.ledger];
  const good: Node = {
    object: [...shapes[plan.shape](mark, ledger, origin.campaignId, time), MARK(mark)],
  };
  const tree = (plan.mutations ?? []).reduce(mutate, good);
  return {
    shape: plan.shape,
    mark,
    mutations: plan.mutations,
    tree,
    text: write(tree, plan.isWide ? " " : ""),
    matchId: ledger?.matchId ?? null,
  };
}

type Ledger = Origin["ledgers"][number];

/** Only the test uses this key: it finds an event by it, even if the rest of the event changed. */
const MARK = (mark: string): Member => ({ name: '"mark"', value: JSON.stringify(mark) });

function echoOf(ledger: Ledger | undefined): Record<string, string> {
  if (ledger === undefined) return {};
  return { match_id: `${ledger.matchId}`, ledger_id: ledger.ledgerId, generation: "1" };
}

const shapes: Record<
  Shape,
  (mark: string, ledger: Ledger | undefined, campaignId: string, time: Date) => Member[]
> = {
  nested: (mark, ledger, campaign_id, time) =>
    members({
      event_type: "users.messages.pushnotification.Send",
      id: `id-${mark}`,
      time: time.getTime() / 1_000,
      user: {
        object: members({
          user_id: `b-${mark}`,
          external_user_id: `u-${mark}`,
          device_id: `d-${mark}`,
        }),
      },
      properties: {
        object: members({
          campaign_id,
          dispatch_id: `dispatch-${mark}`,
          platform: "ios",
          message_extras: { text: members(echoOf(ledger)) },
        }),
      },
    }),
  exported: (mark, ledger, campaign_id, time) =>
    members({
      id: `id-${mark}`,
      event_type: "users.messages.pushnotification.Bounce",
      time: `${time.getTime() / 1_000}`,
      external_user_id: `u-${mark}`,
      campaign_id,
      send_id: `send-${mark}`,
      message_extras: { object: members(echoOf(ledger)) },
    }),
  template: (mark, ledger, campaign_id) =>
    members({
      v: 1,
      event_type: "campaign.webhook",
      campaign_id,
      dispatch_id: `dispatch-${mark}`,
      external_user_id: `u-${mark}`,
      braze_id: `b-${mark}`,
      ...echoOf(ledger),
    }),
  flat: (mark, ledger, campaign_id, time) =>
    members({
      event_id: `id-${mark}`,
      external_user_id: `u-${mark}`,
      campaign_id,
      send_id: null,
      sent_at: time.toISOString(),
      trigger_properties: { object: members(echoOf(ledger)) },
    }),
};

/** The mark stays: it is the last member of the outermost object, and only the members before it change. */
function mutate(tree: Node, mutation: Mutation): Node {
  if (mutation.kind === "replace all") return mutation.value;
  const objects = objectsIn(tree);
  // A list of all places, so that each member is equally likely.
  const places = objects.flatMap((own, object) =>
    own.flatMap(({ name }, member) => name === '"mark"' ? [] : [{ object, member }])
  );
  const place = places[mutation.at % Math.max(1, places.length)];
  if (place === undefined) return tree;
  return changeObject(
    tree,
    place.object,
    (own) =>
      own.flatMap((member, index) => index === place.member ? become(member, mutation) : [member]),
  );
}

function become(member: Member, mutation: Exclude<Mutation, { kind: "replace all" }>): Member[] {
  switch (mutation.kind) {
    case "replace":
      return [{ name: member.name, value: mutation.value }];
    case "repeat":
      return [member, { name: member.name, value: mutation.value }];
    case "remove":
      return [];
    case "rename":
      return [{ name: mutation.name, value: member.value }];
    case "add":
      return [member, {
        name: mutation.name,
        value: '{"match_id":"1001","external_user_id":"u-0"}',
      }];
  }
}
