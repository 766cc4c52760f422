// @microsoft/microsoft-graph-client: folders, files by path, pages, an upload session, ETags, retries, errors.

import { check, done, library, rejects, system } from "./sandbox.mjs";

const { Client, PageIterator, LargeFileUploadTask, FileUpload, OneDriveLargeFileUploadTask } = library(
  "@microsoft/microsoft-graph-client",
);
const docs = system("graph");

const granted = await fetch(`${docs.baseUrl}/${docs.settings.tenantId}/oauth2/v2.0/token`, {
  method: "POST",
  body: new URLSearchParams({
    grant_type: "client_credentials",
    client_id: docs.credentials.clientId,
    client_secret: docs.credentials.clientSecret,
    scope: "https://graph.microsoft.com/.default",
  }),
}).then((answer) => answer.json());
check("the grant is a bearer token", granted.token_type, "Bearer");

const clientWith = (token) =>
  Client.init({
    baseUrl: `${docs.baseUrl}/`,
    customHosts: new Set(["localhost"]),
    authProvider: (done) => done(null, token),
  });
const graph = clientWith(granted.access_token);
const drive = `/drives/${docs.settings.driveId}`;

check("the drive is there", (await graph.api(drive).get()).driveType, "documentLibrary");

const folder = await graph.api(`${drive}/root/children`).post({
  name: "Verträge & Anlagen",
  folder: {},
  "@microsoft.graph.conflictBehavior": "fail",
});
check("a folder is made", [folder.name, folder.folder.childCount], ["Verträge & Anlagen", 0]);
const taken = await rejects("a folder's name is taken", () =>
  graph.api(`${drive}/root/children`).post({ name: "verträge & anlagen", folder: {}, "@microsoft.graph.conflictBehavior": "fail" }),
);
check("as the vendor says", [taken.statusCode, taken.code], [409, "nameAlreadyExists"]);

const content = "[InternetShortcut]\r\nURL=https://example.com/contract\r\n";
const path = (name) => `${drive}/items/${folder.id}:/${encodeURIComponent(name)}:`;
const written = await graph.api(`${path("Contract.url")}/content`).header("content-type", "text/plain").put(content);
check("a file is written by path", [written.name, written.size], ["Contract.url", content.length]);
const rewritten = await graph.api(`${path("Contract.url")}/content`).header("content-type", "text/plain").put(content);
check("written again it is the same file", rewritten.id, written.id);

const stream = await graph.api(`${path("Contract.url")}/content`).responseType("text").get();
check("its content comes through the redirect", stream, content);

for (let number = 1; number <= 6; number += 1) {
  await graph.api(`${path(`Annex ${number}.txt`)}/content`).header("content-type", "text/plain").put(`Annex ${number}`);
}
const names = [];
const first = await graph.api(`${drive}/items/${folder.id}/children`).top(3).select("id,name").get();
check("a page has a next link", [first.value.length, typeof first["@odata.nextLink"]], [3, "string"]);
const pages = new PageIterator(graph, first, (item) => names.push(item.name) > 0);
await pages.iterate();
check("all pages are read", names.toSorted(), ["Annex 1.txt", "Annex 2.txt", "Annex 3.txt", "Annex 4.txt", "Annex 5.txt", "Annex 6.txt", "Contract.url"]);

const large = new Uint8Array(1024 * 1024).map((_, index) => index % 251);
const session = await LargeFileUploadTask.createUploadSession(graph, `${path("Large.bin")}/createUploadSession`, {
  item: { "@microsoft.graph.conflictBehavior": "replace", name: "Large.bin" },
});
const upload = new LargeFileUploadTask(graph, new FileUpload(large.buffer, "Large.bin", large.length), session, {
  rangeSize: 320 * 1024,
});
const uploaded = await upload.upload();
check("a large file comes in fragments", uploaded.responseBody.size, large.length);
check("the vendor's own task is there", typeof OneDriveLargeFileUploadTask, "function");
const back = await graph.api(`${path("Large.bin")}/content`).responseType("arraybuffer").get();
check("and goes out whole", Buffer.compare(Buffer.from(back), Buffer.from(large)), 0);

const item = await graph.api(`${drive}/items/${written.id}`).get();
const renamed = await graph.api(`${drive}/items/${written.id}`).header("If-Match", item.eTag).patch({ name: "Signed contract.url" });
check("renamed with the right ETag", renamed.name, "Signed contract.url");
const stale = await rejects("a stale ETag", () =>
  graph.api(`${drive}/items/${written.id}`).header("If-Match", item.eTag).patch({ name: "Other.url" }),
);
check("as the vendor says", stale.statusCode, 412);

const delta = await graph.api(`${drive}/root/delta`).get();
check("delta tells what there is", delta.value.some((one) => one.id === written.id), true);
await graph.api(`${drive}/items/${written.id}`).delete();
const missing = await rejects("a deleted file", () => graph.api(`${drive}/items/${written.id}`).get());
check("as the vendor says", [missing.statusCode, missing.code], [404, "itemNotFound"]);
const stranger = await rejects("a wrong token", () => clientWith("nonsense").api(drive).get());
check("as the vendor says", [stranger.statusCode, stranger.code], [401, "InvalidAuthenticationToken"]);

// The client's own middleware repeats 429, 503 and 504 after what Retry-After says; nothing of it may reach the caller.
const faults = (rate) =>
  fetch(`${docs.baseUrl}/_sandbox/faults`, { method: "POST", body: JSON.stringify({ rate }) }).then((answer) => answer.json());
await faults(0.2);
let answered = 0;
for (let number = 0; number < 15; number += 1) {
  answered += await graph.api(drive).get().then(() => 1, () => 0);
}
const { injected } = await faults(0);
check("faults were injected", Object.values(injected).reduce((sum, count) => sum + count, 0) > 0, true);
check("the client lived with most of them", answered >= 8, true);
done();
