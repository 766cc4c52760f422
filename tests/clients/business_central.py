"""bc-cli's client: companies, create, filter, page, change with ETag, bound action, a custom API, errors."""

import asyncio

from sandbox import check, done, system

import bcli._url
import requests
from bcli.auth._static import StaticTokenAuth
from bcli.client import AsyncBCClient
from bcli.errors import AuthError, BCLIError, NotFoundError, ValidationError

erp = system("business-central")
settings = erp["settings"]

# The library knows one host, the vendor's; ours listens elsewhere and it may hand its token there.
bcli._url.BC_BASE_URL = f"{erp['baseUrl']}/v2.0/{settings['tenant']}"
bcli._url._ALLOWED_HOST_SUFFIXES = ("localhost",)

granted = requests.post(
    f"{erp['baseUrl']}/{settings['tenant']}/oauth2/v2.0/token",
    data={
        "grant_type": "client_credentials",
        "client_id": erp["credentials"]["clientId"],
        "client_secret": erp["credentials"]["clientSecret"],
        "scope": "https://api.businesscentral.dynamics.com/.default",
    },
    timeout=10,
).json()
check("the grant is a bearer token", granted["token_type"], "Bearer")

DELIVERY = dict(zip(("publisher", "group", "version"), settings["planningLinesApi"].split("/")))


def client(token=granted["access_token"]):
    return AsyncBCClient(
        tenant_id=settings["tenant"],
        environment=settings["environment"],
        company_id=settings["companies"]["DE"],
        auth=StaticTokenAuth(token),
    )


async def refused(what, kind, status, message, work):
    try:
        answer = await work
    except BCLIError as error:
        check(what, (type(error), error.status_code, message in (error.bc_message or "")), (kind, status, True))
        return
    raise SystemExit(f"{what}: expected an error, got {answer!r}")


async def main():
    async with client() as bc:
        check("the connection works", await bc.test_connection(), True)
        companies = await bc.list_companies()
        check("every company is listed", sorted(one["id"] for one in companies), sorted(settings["companies"].values()))

        customer = await bc.post("customers", {"number": "PY-1", "displayName": "O'Neil & Söhne", "currencyCode": "EUR"})
        check("a customer is made", (customer["number"], customer["type"], customer["balanceDue"]), ("PY-1", "Company", 0))
        await refused("a number is taken", ValidationError, 400, "already exists", bc.post("customers", {"number": "PY-1"}))
        found = await bc.query("customers").filter("displayName eq 'O''Neil & Söhne'").select("id", "number").get()
        check("found by name", [(one["id"], one["number"]) for one in found], [(customer["id"], "PY-1")])
        read = await bc.get("customers", customer["id"])
        check("read by id", read.raw["displayName"], "O'Neil & Söhne")
        changed = await bc.patch("customers", customer["id"], {"city": "Köln"}, etag=customer["@odata.etag"])
        check("changed with its ETag", (changed["city"], changed["@odata.etag"] != customer["@odata.etag"]), ("Köln", True))
        await refused("a stale ETag", BCLIError, 409, "Another user has already changed the record",
                      bc.patch("customers", customer["id"], {"city": "Bonn"}, etag=customer["@odata.etag"]))

        for number in range(5):
            await bc.post("projects", {"number": f"PY-P-{number}", "displayName": f"Project {number}"})
        bc._ensure_transport()._client.headers["Prefer"] = "odata.maxpagesize=2"
        pages = [page async for page in await bc.query("projects").filter("number ge 'PY-P-1'").orderby("number desc").pages()]
        check("pages follow each other", [[one["number"] for one in page] for page in pages], [["PY-P-4", "PY-P-3"], ["PY-P-2", "PY-P-1"]])
        counted = await bc.query("projects").count().top(1).skip(1).execute()
        check("counted, skipped and cut", (counted.count, len(counted)), (5, 1))

        invoice = await bc.post("salesInvoices", {
            "customerNumber": "PY-1",
            "externalDocumentNumber": "CT-PY-1",
            "salesInvoiceLines": [{"lineType": "Account", "lineObjectNumber": "4000", "quantity": 3, "unitPrice": 33.33}],
        })
        check("an invoice with its line", (invoice["totalAmountIncludingTax"], invoice["status"]), (99.99, "Draft"))
        await bc.post(f"salesInvoices({invoice['id']})/Microsoft.NAV.post", {})
        posted = await bc.query("salesInvoices").filter("externalDocumentNumber eq 'CT-PY-1'").expand("salesInvoiceLines").get()
        check("posted", [(one["status"], len(one["salesInvoiceLines"])) for one in posted], [("Open", 1)])

        await bc.post("jobTasks", {"jobNumber": "PY-P-0", "jobTaskNumber": "BILLING", "description": "Billing"}, **DELIVERY)
        line = {"jobNumber": "PY-P-0", "jobTaskNumber": "BILLING", "lineNumber": 10000, "planningDate": "2026-01-31", "quantity": 1, "unitPrice": 10.5}
        made = await bc.post("jobPlanningLines", line, **DELIVERY)
        check("a planning line through the custom API", (made["lineAmount"], made["lineType"]), (10.5, "Billable"))
        await refused("its number is taken", ValidationError, 400, "already exists", bc.post("jobPlanningLines", line, **DELIVERY))
        lines = await bc.query("jobPlanningLines").route(**DELIVERY).filter("jobNumber eq 'PY-P-0'").get()
        check("and read back", [one["planningDate"] for one in lines], ["2026-01-31"])

        await refused("no such record", NotFoundError, 404, "does not exist",
                      bc.get("customers", "00000000-0000-4000-8000-000000000000"))
        await refused("no such page", NotFoundError, 404, "Resource not found for the segment 'jobPlanningLines'",
                      bc.get("jobPlanningLines"))
        await refused("no such property", ValidationError, 400, "does not exist on type", bc.post("customers", {"shoeSize": 3}))
        await refused("a wrong filter", ValidationError, 400, "is not an operator", bc.query("customers").filter("number is 3").get())
        await refused("a customer in use", ValidationError, 400, "because there are entries", bc.delete("customers", customer["id"]))
        check("delete answers nothing", await bc.delete("projects", (await bc.query("projects").filter("number eq 'PY-P-4'").get())[0]["id"]), {})

    async with client("nonsense") as stranger:
        await refused("a wrong token", AuthError, 401, "rejected the client credentials", stranger.get("customers"))


asyncio.run(main())
done()
