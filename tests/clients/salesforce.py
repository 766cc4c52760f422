"""simple-salesforce: sign in, describe, create, read, upsert, query page by page, composite work, errors."""

from sandbox import check, done, raises, system

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

crm = system("salesforce")
granted = requests.post(
    crm["baseUrl"] + "/services/oauth2/token",
    data={
        "grant_type": "client_credentials",
        "client_id": crm["credentials"]["clientId"],
        "client_secret": crm["credentials"]["clientSecret"],
    },
    timeout=10,
).json()
sf = Salesforce(instance_url=granted["instance_url"], session_id=granted["access_token"], version="62.0")

described = sf.Opportunity.describe()
names = {field["name"] for field in described["fields"]}
check("custom fields are described", {"Region__c", "Contract_Status__c", "Legal_Entity__c"} <= names, True)
check("the object is listed", any(one["name"] == "Opportunity" for one in sf.describe()["sobjects"]), True)

account = sf.Account.create({"Name": "Ünïcode & Söhne GmbH", "Country_Code__c": "DE"})
check("create succeeds", (account["success"], account["errors"]), (True, []))
read = sf.Account.get(account["id"])
check("a record is read back", (read["Name"], read["attributes"]["type"]), ("Ünïcode & Söhne GmbH", "Account"))

for number in range(25):
    sf.Opportunity.create(
        {
            "Name": f"Deal {number:02}",
            "AccountId": account["id"],
            "StageName": "Prospecting",
            "CloseDate": "2026-03-31",
            "Amount": 1000 + number,
            "Region__c": "EMEA",
        }
    )
found = sf.query("SELECT Id, Name, Amount, Account.Name FROM Opportunity WHERE Region__c = 'EMEA' ORDER BY Name LIMIT 3")
check("a query counts", (found["totalSize"], found["done"]), (3, True))
check("a relation is followed", found["records"][0]["Account"]["Name"], "Ünïcode & Söhne GmbH")

sf.headers["Sforce-Query-Options"] = "batchSize=200"
everything = sf.query_all("SELECT Id FROM Opportunity WHERE Name LIKE 'Deal%'")
check("query_all reads everything", len(everything["records"]), 25)
lazily = list(sf.query_all_iter("SELECT Id, SystemModstamp FROM Opportunity WHERE Amount >= 1010 AND Name LIKE 'Deal%'"))
check("query_all_iter reads everything", len(lazily), 15)

first = found["records"][0]["Id"]
check("update answers 204", sf.Opportunity.update(first, {"StageName": "Closed Won", "Contract_Status__c": "Active"}), 204)
won = sf.Opportunity.get(first)
check("a stage sets what depends on it", (won["IsWon"], won["IsClosed"], won["Probability"]), (True, True, 100))

malformed = raises("a wrong field", SalesforceMalformedRequest, lambda: sf.query("SELECT Shoe_Size__c FROM Opportunity"))
check("its code", (malformed.status, malformed.content[0]["errorCode"]), (400, "INVALID_FIELD"))
incomplete = raises("a missing field", SalesforceMalformedRequest, lambda: sf.Opportunity.create({"Name": "x"}))
check("its code", incomplete.content[0]["errorCode"], "REQUIRED_FIELD_MISSING")
missing = raises("a wrong id", SalesforceResourceNotFound, lambda: sf.Opportunity.get("006000000000000AAA"))
check("its code", missing.content[0]["errorCode"], "NOT_FOUND")

usage = sf.api_usage["api-usage"]
check("every answer tells the usage", usage.used > 0 and usage.total >= usage.used, True)

check("delete answers 204", sf.Opportunity.delete(first), 204)
raises("a deleted record", SalesforceResourceNotFound, lambda: sf.Opportunity.get(first))

expired = Salesforce(instance_url=granted["instance_url"], session_id="00D!nonsense", version="62.0")
refused = raises("a wrong session", SalesforceExpiredSession, lambda: expired.query("SELECT Id FROM Account"))
check("its code", refused.content[0]["errorCode"], "INVALID_SESSION_ID")

done()
