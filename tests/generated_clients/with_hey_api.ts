// The demonstration, driven by what @hey-api/openapi-ts generates.

import assert from "node:assert/strict";
import { client } from "./hey_api/client.gen.js";
import {
  applyChanges,
  confirmCancellation,
  listCancellations,
  listItems,
  rejectCancellation,
  retrieveItem,
} from "./hey_api/sdk.gen.js";
import type { TimpProblemCode } from "./hey_api/types.gen.js";

const ITEM = "2350a349-2441-4c32-b7f6-99b7e4540b94";
const REJECTED = "4efca041-22e1-4e35-96d1-8495273a5868";

// The schema says: the whole header. The cookie of a session is asked for too, and not given.
client.setConfig({
  baseUrl: process.argv[2],
  auth: (scheme) => (scheme.name === "Authorization" ? "Token 1234567890" : undefined),
});

const seen: string[] = [];
for (let cursor: string | undefined; ; ) {
  const { data } = await listCancellations({
    query: { status: ["requested"], page_size: 3, cursor },
    throwOnError: true,
  });
  seen.push(...data.results.map((row) => row.order_item.order_item_uuid));
  if (data.next === null) break;
  cursor = new URL(data.next).searchParams.get("cursor") ?? undefined;
}
assert(seen.length > 3, "more than a page");
assert.equal(new Set(seen).size, seen.length, "no row twice");
assert(seen.includes(ITEM) && seen.includes(REJECTED));

const path = { order_item_uuid: ITEM };
const detail = await retrieveItem({ path, throwOnError: true });
assert.deepEqual(detail.data.supported_actions, ["confirm", "reject"]);
assert.equal(detail.data.cancellation?.uuid, detail.data.cancellations[0]?.uuid);

const confirmed = await confirmCancellation({
  path,
  body: { cancellation_uuid: detail.data.cancellation?.uuid },
  throwOnError: true,
});
assert.equal(confirmed.data.status, "Cancelled");
assert.equal(confirmed.data.cancellation?.status, "confirmed");

const note = "Already packed: “Größe 7”, 😀";
const rejected = await rejectCancellation({
  path: { order_item_uuid: REJECTED },
  body: { note },
  throwOnError: true,
});
assert.equal(rejected.data.cancellation?.decision_note, note);

const items = await listItems({ query: { awaiting: true, page_size: 5 }, throwOnError: true });
const [confirming, rejecting] = items.data.results;
assert(confirming && rejecting);
const changes = [
  {
    order_item_uuid: confirming.order_item_uuid,
    action: "confirm" as const,
    cancellation_uuid: confirming.cancellation?.uuid,
  },
  { order_item_uuid: rejecting.order_item_uuid, action: "reject" as const, note },
];
const outcome = await applyChanges({ body: { changes }, throwOnError: true });
assert.equal(outcome.data.changed.length, 2);
const again = await applyChanges({ body: { changes, all_or_nothing: true }, throwOnError: true });
assert.equal(again.data.unchanged.length, 2);

const refused = await rejectCancellation({ path });
const code: TimpProblemCode | undefined = refused.error?.code;
assert.equal(refused.response?.status, 422);
assert.equal(code, "already_confirmed");
assert.equal(refused.error?.cancellation_status, "confirmed");
// @ts-expect-error A code that there is not.
const unknown: TimpProblemCode = "already_confirmd";

const unauthenticated = await listCancellations({ auth: "Token wrong" });
assert.equal(unauthenticated.error?.code, "authentication_failed");

console.log(`@hey-api/openapi-ts: ${seen.length} rows`);
