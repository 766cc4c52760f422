"""netsuite: requests signed with token-based authentication; upsert, read, filter, page, SuiteQL, catalog, errors."""

import asyncio
import json

from sandbox import check, done, system

from netsuite.config import Config, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError
from netsuite.rest_api import NetSuiteRestApi

erp = system("netsuite")
keys = erp["credentials"]


class Simulated(NetSuiteRestApi):
    """The library asks the account's own host; ours listens elsewhere."""

    def _make_hostname(self):
        return erp["baseUrl"].removeprefix("https://")


def api(token_secret=keys["tokenSecret"]):
    auth = TokenAuth(
        consumer_key=keys["consumerKey"],
        consumer_secret=keys["consumerSecret"],
        token_id=keys["tokenId"],
        token_secret=token_secret,
    )
    return Simulated(Config(account=keys["account"], auth=auth))


async def refused(what, status, code, work):
    try:
        answer = await work
    except NetsuiteAPIRequestError as error:
        detail = json.loads(error.response_text)["o:errorDetails"][0]
        check(what, (error.status_code, detail["o:errorCode"]), (status, code))
        return detail
    raise SystemExit(f"{what}: expected an error, got {answer!r}")


async def main():
    netsuite = api()
    customer = {"companyName": "Ünïcode & Söhne (Köln)", "subsidiary": {"id": "1"}, "email": "a+b@example.com"}
    path = "/record/v1/customer/eid:PY-1"
    check("upsert answers 204", await netsuite.put(path, json=customer), None)
    response = await netsuite.request("PUT", path, json={"comments": "again"})
    check("a repeat answers 204 too", response.status_code, 204)
    read = await netsuite.get(path, params={"expandSubResources": "true"})
    check("the record is one", (read["externalId"], read["companyName"], read["comments"]), ("PY-1", customer["companyName"], "again"))
    check("Location names it", response.headers["location"].rsplit("/", 1)[1], read["id"])

    created = await netsuite.request("POST", "/record/v1/job", json={"companyName": "Project", "parent": {"externalId": "PY-1"}, "externalId": "PY-P-1"})
    check("create answers 204", created.status_code, 204)
    await netsuite.patch("/record/v1/job/eid:PY-P-1", json={"startDate": "2026-01-31"})
    job = await netsuite.get("/record/v1/job/eid:PY-P-1")
    check("a reference has an id and a name", (job["parent"]["id"], job["startDate"]), (read["id"], "2026-01-31"))

    for number in range(5):
        charge = {"billTo": {"id": job["id"]}, "chargeDate": f"2026-02-0{number + 1}", "amount": 100.5 + number, "use": "Actual", "stage": "READY_FOR_BILLING"}
        await netsuite.put(f"/record/v1/charge/eid:PY-C-{number}", json=charge)
    page = await netsuite.get("/record/v1/charge", params={"q": 'chargeDate ON_OR_AFTER "2/3/2026" AND billTo EQUAL ' + job["id"], "limit": 2})
    check("a filtered list is paged", (page["totalResults"], page["count"], page["hasMore"]), (3, 2, True))
    second = await netsuite.get("/record/v1/charge", params={"q": 'chargeDate ON_OR_AFTER "2/3/2026" AND billTo EQUAL ' + job["id"], "limit": 2, "offset": 2})
    check("the last page says so", (second["count"], second["hasMore"]), (1, False))

    rows = await netsuite.suiteql(q="SELECT id, externalid, amount FROM charge WHERE amount > 102 ORDER BY id", limit=2)
    check("SuiteQL counts", (rows["totalResults"], rows["count"], rows["hasMore"]), (3, 2, True))
    check("SuiteQL answers text", (rows["items"][0]["externalid"], rows["items"][0]["amount"]), ("PY-C-2", "102.5"))
    more = await netsuite.suiteql(q="SELECT id, externalid, amount FROM charge WHERE amount > 102 ORDER BY id", limit=2, offset=2)
    check("SuiteQL pages", [row["externalid"] for row in more["items"]], ["PY-C-4"])

    schema = await netsuite.jsonschema("customer")
    check("the catalog has a schema", schema["properties"]["companyName"]["type"], "string")
    openapi = await netsuite.openapi(["customer", "job"])
    check("and an OpenAPI description", sorted(openapi["components"]["schemas"]), ["customer", "job"])

    await refused("a missing record", 404, "NONEXISTENT_ID", netsuite.get("/record/v1/customer/eid:nobody"))
    detail = await refused("a dangling reference", 400, "INVALID_CONTENT", netsuite.post("/record/v1/job", json={"companyName": "x", "parent": {"id": 99999}}))
    check("its path", detail["o:errorPath"], "parent")
    # The library asks that unknown properties be errors.
    await refused("an unknown property", 400, "INVALID_CONTENT", netsuite.post("/record/v1/customer", json={"companyName": "x", "subsidiary": {"id": 1}, "shoeSize": 3}))
    await refused("a wrong query", 400, "INVALID_PARAMETER", netsuite.suiteql(q="SELECT nothing FROM customer"))
    await refused("a wrong signature", 401, "INVALID_LOGIN", api("guess").get("/record/v1/customer"))
    await refused("a customer in use", 400, "USER_ERROR", netsuite.delete(path))
    check("delete answers 204", await netsuite.delete("/record/v1/charge/eid:PY-C-0"), None)

    at_once = await asyncio.gather(*(netsuite.get("/record/v1/currency/1") for _ in range(10)))
    check("ten requests at once are fine", {answer["name"] for answer in at_once}, {"USD"})


asyncio.run(main())
done()
