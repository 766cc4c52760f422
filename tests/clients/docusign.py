"""docusign-esign: JWT grant, create with transaction id and custom field, look up by both, read, send, void, download, errors."""

import base64
import json

from sandbox import CA_FILE, check, done, raises, system

from docusign_esign import (
    ApiClient,
    Document,
    Envelope,
    EnvelopeDefinition,
    EnvelopesApi,
    Recipients,
    Signer,
    TextCustomField,
)
from docusign_esign.client.api_exception import ApiException
from docusign_esign.client.configuration import Configuration
from docusign_esign import CustomFields

clm = system("docusign")
keys = clm["credentials"]
host = clm["baseUrl"].removeprefix("https://")

# The library's connections trust what its configuration names when a client is made.
Configuration().ssl_ca_cert = CA_FILE


def client():
    return ApiClient(host=clm["baseUrl"] + "/restapi", oauth_host_name=host)


api = client()
token = api.request_jwt_user_token(
    keys["integrationKey"], keys["userId"], host, keys["privateKey"].encode(), 3600, scopes=("signature", "impersonation")
)
check("the grant gives a token", (token.token_type, bool(token.access_token)), ("Bearer", True))
user = api.get_user_info(token.access_token)
check("the user's account has a base uri", (user.accounts[0].base_uri, user.accounts[0].is_default), (clm["baseUrl"], "True"))
account = user.accounts[0].account_id
check("it is the account of the settings", account, clm["settings"]["accountId"])

envelopes = EnvelopesApi(api)


def definition(contract, status):
    return EnvelopeDefinition(
        email_subject=f"Contract {contract}",
        status=status,
        transaction_id=contract,
        documents=[Document(document_id="1", name="Contract", file_extension="txt", document_base64=base64.b64encode(b"terms").decode())],
        recipients=Recipients(signers=[Signer(recipient_id="1", routing_order="1", name="Ada Client", email="ada@client.example")]),
        custom_fields=CustomFields(text_custom_fields=[TextCustomField(name="throughlineContract", value=contract, show="false", required="false")]),
    )


made = envelopes.create_envelope(account, envelope_definition=definition("CT-PY-1", "sent"))
check("create tells id and status", (len(made.envelope_id), made.status), (36, "sent"))
for number in range(2, 7):
    envelopes.create_envelope(account, envelope_definition=definition(f"CT-PY-{number}", "created"))

by_transaction = envelopes.list_status_changes(account, transaction_ids="CT-PY-1")
check("found by transaction id", [one.envelope_id for one in by_transaction.envelopes], [made.envelope_id])
by_field = envelopes.list_status_changes(account, from_date="2020-01-01", custom_field="throughlineContract=CT-PY-1", include="custom_fields")
check("found by custom field", (by_field.total_set_size, by_field.envelopes[0].envelope_id), ("1", made.envelope_id))
field = by_field.envelopes[0].custom_fields.text_custom_fields[0]
check("the field comes along", (field.name, field.value), ("throughlineContract", "CT-PY-1"))
nothing = envelopes.list_status_changes(account, transaction_ids="CT-PY-99")
check("nothing is found as nothing", (nothing.result_set_size, nothing.envelopes), ("0", None))

page = envelopes.list_status_changes(account, from_date="2020-01-01", count="4")
check("a page says where it ends", (page.result_set_size, page.total_set_size, bool(page.next_uri)), ("4", "6", True))
rest = envelopes.list_status_changes(account, from_date="2020-01-01", count="4", start_position="4")
check("the last page", (rest.result_set_size, bool(rest.next_uri)), ("2", False))

read = envelopes.get_envelope(account, made.envelope_id)
check("an envelope is read", (read.status, read.email_subject), ("sent", "Contract CT-PY-1"))
signers = envelopes.list_recipients(account, made.envelope_id).signers
check("with its signers", [(one.name, one.status) for one in signers], [("Ada Client", "sent")])
documents = envelopes.list_documents(account, made.envelope_id).envelope_documents
check("and documents", [one.name for one in documents], ["Contract"])
content = envelopes.get_document(account, "combined", made.envelope_id)
check("which can be fetched", (open(content, "rb").read(4) if isinstance(content, str) else bytes(content)[:4]), b"%PDF")

draft = envelopes.list_status_changes(account, transaction_ids="CT-PY-2").envelopes[0]
envelopes.update(account, draft.envelope_id, envelope=Envelope(status="sent"))
check("a draft is sent", envelopes.get_envelope(account, draft.envelope_id).status, "sent")
envelopes.update(account, draft.envelope_id, envelope=Envelope(status="voided", voided_reason="Superseded"))
voided = envelopes.get_envelope(account, draft.envelope_id)
check("and voided with its reason", (voided.status, voided.voided_reason), ("voided", "Superseded"))


def refused(what, status, code, work):
    error = raises(what, ApiException, work)
    check(what, (error.status, json.loads(error.body)["errorCode"]), (status, code))


refused("a voided envelope stays so", 400, "ENVELOPE_CANNOT_VOID_INVALID_STATE",
        lambda: envelopes.update(account, draft.envelope_id, envelope=Envelope(status="voided", voided_reason="again")))
incomplete = definition("CT-PY-8", "sent")
incomplete.documents = None
refused("no documents", 400, "ENVELOPE_IS_INCOMPLETE", lambda: envelopes.create_envelope(account, envelope_definition=incomplete))
refused("a wrong id", 404, "ENVELOPE_DOES_NOT_EXIST",
        lambda: envelopes.get_envelope(account, "00000000-0000-4000-8000-000000000000"))
refused("no date", 400, "INVALID_REQUEST_PARAMETER", lambda: envelopes.list_status_changes(account))
stranger = client()
stranger.set_default_header("Authorization", "Bearer nonsense")
refused("a wrong token", 401, "AUTHORIZATION_INVALID_TOKEN",
        lambda: EnvelopesApi(stranger).get_envelope(account, made.envelope_id))

done()
