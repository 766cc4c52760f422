//! `/restapi/v2.1/accounts/{id}/...`: the routes.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::envelopes::{self, ENVELOPES, custom_fields};
use super::problem::Problem;
use super::{ACCOUNT_ID, connect, pdf, render, search};
use crate::exchange::{Request, Response};
use crate::world::World;

/// Answers an authenticated request.
pub(super) fn answer(world: &mut World, request: &Request) -> Response {
    route(world, request).unwrap_or_else(|problem| problem.response())
}

fn route(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["restapi", "v2.1" | "v2", "accounts", account, rest @ ..] = segments.as_slice() else {
        return Err(Problem::no_resource());
    };
    if *account != ACCOUNT_ID {
        let message = "The specified User is not a member of the specified Account.";
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT",
            message,
        ));
    }
    match rest {
        [] => Ok(Response::json(StatusCode::OK, &json!({"accountId": ACCOUNT_ID, "accountName": "Firm"}))),
        ["connect", rest @ ..] => connect::answer(world, request, rest),
        ["envelopes"] if request.method == Method::POST => {
            let definition = request.json().map_err(|_| Problem::body())?;
            let id = envelopes::create(world, &definition)?;
            Ok(Response::json(StatusCode::CREATED, &render::created(&found(world, &id)?)))
        }
        ["envelopes"] if request.method == Method::GET => {
            search::list(world, request).map(|body| Response::json(StatusCode::OK, &body))
        }
        ["envelopes", id, rest @ ..] => envelope(world, request, id, rest),
        _ => Err(Problem::no_resource()),
    }
}

fn found(world: &World, id: &str) -> Result<Value, Problem> {
    world.get(ENVELOPES, &id.to_lowercase()).cloned().ok_or_else(Problem::no_envelope)
}

fn envelope(world: &mut World, request: &Request, id: &str, rest: &[&str]) -> Result<Response, Problem> {
    let envelope = found(world, id)?;
    let ok = |body: &Value| Ok(Response::json(StatusCode::OK, body));
    match (&request.method, rest) {
        (&Method::GET, []) => {
            ok(&render::envelope(&envelope, &request.parameter("include").unwrap_or_default()))
        }
        (&Method::PUT, []) => changed(world, request, &envelope),
        (&Method::GET, ["recipients"]) => ok(&render::recipients(&envelope)),
        (&Method::GET, ["documents"]) => ok(&render::documents(&envelope)),
        (&Method::GET, ["documents", document]) => download(world, &envelope, document),
        (&Method::GET, ["custom_fields"]) => ok(&envelope["customFields"]),
        (&Method::POST | &Method::PUT, ["custom_fields"]) => set_fields(world, request, envelope),
        _ => Err(Problem::no_resource()),
    }
}

/// Sends a draft, voids what was sent.
fn changed(world: &mut World, request: &Request, envelope: &Value) -> Result<Response, Problem> {
    let body = request.json().map_err(|_| Problem::body())?;
    let id = envelope["envelopeId"].as_str().unwrap_or_default();
    match body["status"].as_str() {
        Some("sent") => envelopes::send(world, id)?,
        Some("voided") => {
            let reason = body["voidedReason"].as_str().filter(|reason| !reason.is_empty());
            let reason =
                reason.ok_or_else(|| Problem::parameter("A value for 'voidedReason' must be specified."))?;
            envelopes::void(world, id, reason)?;
        }
        Some(_) => return Err(Problem::parameter("Envelope status must be 'sent' or 'voided'.")),
        None => {}
    }
    Ok(Response::json(StatusCode::OK, &json!({"envelopeId": id})))
}

/// What was uploaded, until it is signed; from then on the rendition with its signatures.
fn download(world: &World, envelope: &Value, document: &str) -> Result<Response, Problem> {
    let id = envelope["envelopeId"].as_str().unwrap_or_default();
    let documents = render::documents(envelope);
    let listed = documents["envelopeDocuments"].as_array().into_iter().flatten();
    let known = listed.into_iter().find(|listed| listed["documentId"] == document);
    if known.is_none() && document != "combined" {
        let message = "The DocumentId specified does not exist in the envelope.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "DOCUMENT_DOES_NOT_EXIST", message));
    }
    let name = known.and_then(|known| known["name"].as_str()).unwrap_or(document);
    let uploaded = envelopes::content(world, id, document).filter(|content| content.starts_with(b"%PDF"));
    let signed = envelope["status"] == "completed";
    let content = uploaded.filter(|_| !signed).unwrap_or_else(|| pdf::of(envelope, name));
    let file =
        format!("file; filename=\"{}.pdf\"; documentid=\"{document}\"", name.replace(['"', '\n', '\r'], ""));
    Ok(Response::bytes(StatusCode::OK, "application/pdf", content).with("content-disposition", &file))
}

fn set_fields(world: &mut World, request: &Request, mut envelope: Value) -> Result<Response, Problem> {
    let body = request.json().map_err(|_| Problem::body())?;
    let sent = custom_fields(&body, 20_000_000 + world.next("_field"));
    let mut kept = envelope["customFields"]["textCustomFields"].as_array().cloned().unwrap_or_default();
    for field in sent["textCustomFields"].as_array().into_iter().flatten() {
        kept.retain(|known| known["name"] != field["name"]);
        kept.push(field.clone());
    }
    envelope["customFields"]["textCustomFields"] = json!(kept);
    envelope["lastModifiedDateTime"] = json!(envelopes::moment(world));
    let id = envelope["envelopeId"].as_str().unwrap_or_default().to_owned();
    world.put(ENVELOPES, &id, envelope);
    Ok(Response::json(StatusCode::OK, &sent))
}
