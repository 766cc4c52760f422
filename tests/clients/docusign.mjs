// docusign-esign: JWT grant, create, look up, read, errors.

import { check, done, library, rejects, system } from "./sandbox.mjs";

const docusign = library("docusign-esign");
const clm = system("docusign");
const host = clm.baseUrl.replace("https://", "");

const api = new docusign.ApiClient({ basePath: `${clm.baseUrl}/restapi` });
api.setOAuthBasePath(host);
const granted = await api.requestJWTUserToken(
  clm.credentials.integrationKey,
  clm.credentials.userId,
  ["signature", "impersonation"],
  Buffer.from(clm.credentials.privateKey),
  3600,
);
const token = granted.body.access_token;
api.addDefaultHeader("Authorization", `Bearer ${token}`);
const user = await api.getUserInfo(token);
check("the account is that of the settings", user.accounts[0].accountId, clm.settings.accountId);
const account = user.accounts[0].accountId;

const envelopes = new docusign.EnvelopesApi(api);
const definition = (contract) => ({
  emailSubject: `Contract ${contract}`,
  status: "sent",
  transactionId: contract,
  documents: [{ documentId: "1", name: "Contract", fileExtension: "txt", documentBase64: Buffer.from("terms").toString("base64") }],
  recipients: { signers: [{ recipientId: "1", routingOrder: "1", name: "Ada Client", email: "ada@client.example" }] },
  customFields: { textCustomFields: [{ name: "throughlineContract", value: contract, show: "false", required: "false" }] },
});

const made = await envelopes.createEnvelope(account, { envelopeDefinition: definition("CT-JS-1") });
check("create tells the status", made.status, "sent");
const found = await envelopes.listStatusChanges(account, { transactionIds: "CT-JS-1" });
check("found by transaction id", found.envelopes.map((one) => one.envelopeId), [made.envelopeId]);
const again = await envelopes.listStatusChanges(account, {
  fromDate: "2020-01-01",
  customField: "throughlineContract=CT-JS-1",
});
check("found by custom field", again.totalSetSize, "1");
const read = await envelopes.getEnvelope(account, made.envelopeId, { include: "custom_fields" });
check("read back", [read.emailSubject, read.customFields.textCustomFields[0].value], ["Contract CT-JS-1", "CT-JS-1"]);
await envelopes.update(account, made.envelopeId, { envelope: { status: "voided", voidedReason: "Superseded" } });
check("voided", (await envelopes.getEnvelope(account, made.envelopeId)).status, "voided");

const codeOf = (error) => error.response?.body?.errorCode ?? error.response?.data?.errorCode;
const missing = await rejects("a wrong id", () => envelopes.getEnvelope(account, "00000000-0000-4000-8000-000000000000"));
check("its code", codeOf(missing), "ENVELOPE_DOES_NOT_EXIST");
const bad = { ...definition("CT-JS-2"), documents: [] };
const incomplete = await rejects("no documents", () => envelopes.createEnvelope(account, { envelopeDefinition: bad }));
check("its code", codeOf(incomplete), "ENVELOPE_IS_INCOMPLETE");
done();
