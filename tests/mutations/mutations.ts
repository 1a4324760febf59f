/** All mutations. The table lists their names, so names are unique. */
import { ATTRIBUTION } from "./list/attribution.ts";
import { COUNTING } from "./list/counting.ts";
import { ENTRANCES } from "./list/entrances.ts";
import { ERASING } from "./list/erasing.ts";
import { FIXTURES } from "./list/fixtures.ts";
import { GATING } from "./list/gating.ts";
import { LISTINGS } from "./list/listings.ts";
import { VERBS } from "./list/verbs.ts";
import { VERDICTS } from "./list/verdicts.ts";
import { PAGE } from "./list/page.ts";
import { RECONCILING } from "./list/reconciling.ts";
import { RUNS } from "./list/runs.ts";
import { TELLING } from "./list/telling.ts";
import { SCHEDULING } from "./list/scheduling.ts";
import { STORING } from "./list/storing.ts";
import type { Mutation } from "./mutation.ts";

export const MUTATIONS: readonly Mutation[] = [
  ...STORING,
  ...ATTRIBUTION,
  ...SCHEDULING,
  ...FIXTURES,
  ...LISTINGS,
  ...VERBS,
  ...VERDICTS,
  ...RECONCILING,
  ...COUNTING,
  ...RUNS,
  ...TELLING,
  ...PAGE,
  ...GATING,
  ...ENTRANCES,
  ...ERASING,
];
