// jsforce: query with more pages, create, retrieve, update, upsert, destroy, describe, errors.

import { check, done, library, rejects, system } from "./sandbox.mjs";

const { Connection } = library("@jsforce/jsforce-node");
const crm = system("salesforce");

const granted = await fetch(`${crm.baseUrl}/services/oauth2/token`, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    client_id: crm.credentials.clientId,
    client_secret: crm.credentials.clientSecret,
  }),
}).then((answer) => answer.json());

const connection = new Connection({
  instanceUrl: granted.instance_url,
  accessToken: granted.access_token,
  version: "62.0",
});

const described = await connection.sobject("Opportunity").describe();
check("the custom fields are described", described.fields.some((field) => field.name === "Region__c" && field.custom), true);

const account = await connection.sobject("Account").create({ Name: "Grüße & Co", Country_Code__c: "AT" });
check("create succeeds", account.success, true);

const deals = Array.from({ length: 12 }, (_, number) => ({
  Name: `Node deal ${String(number).padStart(2, "0")}`,
  AccountId: account.id,
  StageName: "Qualification",
  CloseDate: "2026-06-30",
  Amount: 500 * number,
}));
const created = await connection.sobject("Opportunity").create(deals);
check("a collection is created", created.map((one) => one.success), deals.map(() => true));

const all = await connection.sobject("Opportunity").retrieve(created.map((one) => one.id));
check("a collection is retrieved", all.map((one) => one.Name), deals.map((one) => one.Name));

const result = await connection.query(
  "SELECT Id, Name, Amount, Account.Name FROM Opportunity WHERE Name LIKE 'Node deal%' AND Amount > 1000 ORDER BY Amount DESC",
);
check("a query is sorted", [result.totalSize, result.records[0].Amount, result.records[0].Account.Name], [9, 5500, "Grüße & Co"]);

const found = await connection
  .sobject("Opportunity")
  .find({ StageName: "Qualification", Name: { $like: "Node deal%" } }, ["Id", "Name"])
  .sort({ Name: 1 })
  .limit(2)
  .execute();
check("find builds a query", found.map((one) => one.Name), ["Node deal 00", "Node deal 01"]);

const [updated] = await connection.sobject("Opportunity").update([{ Id: created[0].id, StageName: "Closed Lost" }]);
check("update succeeds", updated.success, true);
const lost = await connection.sobject("Opportunity").retrieve(created[0].id);
check("a stage sets what depends on it", [lost.IsClosed, lost.IsWon, lost.Probability], [true, false, 0]);

const mixed = await connection.sobject("Opportunity").create([
  { Name: "Good", StageName: "Prospecting", CloseDate: "2026-06-30" },
  { Name: "Bad" },
]);
check("one bad record does not fail the other", mixed.map((one) => one.success), [true, false]);
check("its error is told", mixed[1].errors[0].statusCode ?? mixed[1].errors[0].errorCode, "REQUIRED_FIELD_MISSING");

const wrong = await rejects("a wrong field", () => connection.query("SELECT Shoe_Size__c FROM Account"));
check("its code", wrong.errorCode, "INVALID_FIELD");
const missing = await rejects("a wrong id", () => connection.sobject("Account").retrieve("001000000000000AAA"));
check("its code", missing.errorCode, "NOT_FOUND");
const stranger = new Connection({ instanceUrl: granted.instance_url, accessToken: "00D!nonsense", version: "62.0" });
const refused = await rejects("a wrong session", () => stranger.query("SELECT Id FROM Account"));
check("its code", refused.errorCode, "INVALID_SESSION_ID");

check("the usage is told", connection.limitInfo.apiUsage.used > 0, true);
const limits = await connection.limits();
check("and the limits", limits.DailyApiRequests.Max >= limits.DailyApiRequests.Remaining, true);

const removed = await connection.sobject("Opportunity").destroy(created.map((one) => one.id));
check("a collection is deleted", removed.every((one) => one.success), true);
done();
