// The demonstration, driven by openapi-fetch with the types of openapi-typescript.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./openapi_typescript/schema.js";

type Change = components["schemas"]["TimpChange"];
type Code = components["schemas"]["TimpProblemCode"];

const ITEM = "2350a349-2441-4c32-b7f6-99b7e4540b94";
const REJECTED = "4efca041-22e1-4e35-96d1-8495273a5868";

const baseUrl = process.argv[2];
const supplier = createClient<paths>({ baseUrl, headers: { Authorization: "Token 1234567890" } });

const seen: string[] = [];
for (let cursor: string | undefined; ; ) {
  const { data } = await supplier.GET("/timp/orders/items/cancel/", {
    params: { query: { status: ["requested"], page_size: 3, cursor } },
  });
  assert(data);
  seen.push(...data.results.map((row) => row.order_item.order_item_uuid));
  if (data.next === null) break;
  cursor = new URL(data.next).searchParams.get("cursor") ?? undefined;
}
assert(seen.length > 3, "more than a page");
assert.equal(new Set(seen).size, seen.length, "no row twice");
assert(seen.includes(ITEM) && seen.includes(REJECTED));

const path = { order_item_uuid: ITEM };
const detail = await supplier.GET("/timp/orders/items/cancel/{order_item_uuid}/", {
  params: { path },
});
assert.deepEqual(detail.data?.supported_actions, ["confirm", "reject"]);
assert.equal(detail.data.cancellation?.uuid, detail.data.cancellations[0]?.uuid);

const confirmed = await supplier.PATCH("/timp/orders/items/cancel/{order_item_uuid}/confirm/", {
  params: { path },
  body: { cancellation_uuid: detail.data.cancellation?.uuid },
});
assert.equal(confirmed.data?.status, "Cancelled");
assert.equal(confirmed.data.cancellation?.status, "confirmed");

const note = "Already packed: “Größe 7”, 😀";
const rejected = await supplier.PATCH("/timp/orders/items/cancel/{order_item_uuid}/reject/", {
  params: { path: { order_item_uuid: REJECTED } },
  body: { note },
});
assert.equal(rejected.data?.cancellation?.decision_note, note);

const items = await supplier.GET("/timp/orders/items/", {
  params: { query: { awaiting: true, page_size: 5 } },
});
const [confirming, rejecting] = items.data?.results ?? [];
assert(confirming && rejecting);
const changes: Change[] = [
  {
    order_item_uuid: confirming.order_item_uuid,
    action: "confirm",
    cancellation_uuid: confirming.cancellation?.uuid,
  },
  { order_item_uuid: rejecting.order_item_uuid, action: "reject", note },
];
// @ts-expect-error A withdrawal takes no reason.
const wrong: Change = { order_item_uuid: ITEM, action: "withdraw", reason: "fraud" };
const outcome = await supplier.PATCH("/timp/orders/items/cancel/", { body: { changes } });
assert.equal(outcome.data?.changed.length, 2);

const refused = await supplier.PATCH("/timp/orders/items/cancel/{order_item_uuid}/reject/", {
  params: { path },
});
const code: Code | undefined = refused.error?.code;
assert.equal(refused.response.status, 422);
assert.equal(code, "already_confirmed");
assert.equal(refused.error?.cancellation_status, "confirmed");
// @ts-expect-error A code that there is not.
const unknown: Code = "already_confirmd";

const stranger = createClient<paths>({ baseUrl, headers: { Authorization: "Token wrong" } });
const unauthenticated = await stranger.GET("/timp/orders/items/cancel/");
assert.equal(unauthenticated.error?.code, "authentication_failed");

console.log(`openapi-fetch: ${seen.length} rows`);
