//! Upload sessions: a large file in fragments, resumed where it was cut off.

use http::{Method, StatusCode};
use jiff::ToSpan as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::address::Address;
use super::items::{self, Conflict, ITEMS};
use super::problem::Problem;
use super::render;
use crate::exchange::{Request, Response};
use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SESSIONS: &str = "_uploads";
const FRAGMENTS: &str = "_fragments";
pub(super) const PATH: &str = "/uploads/";
/// Every fragment but the last is a multiple of this.
const FRAGMENT_BYTES: u64 = 320 << 10;
const LIFETIME_H: i64 = 24 * 14;

/// `createUploadSession`.
pub(super) fn open(world: &mut World, request: &Request, address: &Address) -> Result<Response, Problem> {
    let body = if request.body.is_empty() {
        Value::Null
    } else {
        request.json().map_err(|_| Problem::invalid("Invalid JSON."))?
    };
    let wanted = &body["item"];
    let conflict = Conflict::read(&wanted["@microsoft.graph.conflictBehavior"], Conflict::Replace)?;
    let (folder, name) = if address.is_path() {
        address.place(world)?
    } else {
        let id = address.item(world)?;
        let item = world.get(ITEMS, &id).cloned().ok_or_else(Problem::not_found)?;
        items::check_etag(&item, request.if_match())?;
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        (text("parent"), text("name"))
    };
    if conflict == Conflict::Fail && items::child(world, &folder, &name).is_some() {
        return Err(Problem::name_taken());
    }
    let id = Uuid::new_v4().simple().to_string();
    let until = world.now().checked_add(LIFETIME_H.hours()).unwrap_or_else(|_| world.now());
    let conflict = wanted["@microsoft.graph.conflictBehavior"].clone();
    let session = json!({
        "folder": folder, "name": name, "conflict": conflict, "received": 0, "fragments": 0,
        "until": until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    world.put(SESSIONS, &id, session.clone());
    let mut body = state(&session);
    body["@odata.context"] =
        json!(format!("{}/v1.0/$metadata#microsoft.graph.uploadSession", request.base_url));
    body["uploadUrl"] = json!(format!("{}{PATH}{id}", request.base_url));
    Ok(Response::json(StatusCode::OK, &body))
}

fn state(session: &Value) -> Value {
    json!({"expirationDateTime": session["until"], "nextExpectedRanges": [format!("{}-", session["received"])]})
}

/// Requests to an upload address; they carry no token.
pub(super) fn answer(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let id = request.path.trim_start_matches(PATH).to_owned();
    let gone = || Problem::new(StatusCode::NOT_FOUND, "itemNotFound", "The upload session was not found");
    let session = world.get(SESSIONS, &id).cloned().ok_or_else(gone)?;
    match request.method {
        Method::GET => Ok(Response::json(StatusCode::OK, &state(&session))),
        Method::DELETE => {
            close(world, &id, &session);
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        Method::PUT => fragment(world, request, &id, session),
        _ => Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "invalidRequest", "Method not allowed.")),
    }
}

fn close(world: &mut World, id: &str, session: &Value) {
    for number in 0..session["fragments"].as_u64().unwrap_or(0) {
        world.remove(FRAGMENTS, &format!("{id}/{number}"));
    }
    world.remove(SESSIONS, id);
}

fn fragment(world: &mut World, request: &Request, id: &str, mut session: Value) -> Result<Response, Problem> {
    let (first, last, total) =
        range(request).ok_or_else(|| Problem::invalid("Invalid Content-Range header."))?;
    let received = session["received"].as_u64().unwrap_or(0);
    let length = request.body.len() as u64;
    if first != received {
        let message = "Optimistic concurrency failure during fragmented upload";
        return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "invalidRange", message));
    }
    if last + 1 - first != length || last >= total {
        return Err(Problem::invalid(
            "The Content-Range header length does not match the provided number of bytes.",
        ));
    }
    let complete = last + 1 == total;
    if !complete && !length.is_multiple_of(FRAGMENT_BYTES) {
        return Err(Problem::invalid("Fragments must be a multiple of 320 KiB."));
    }
    let number = session["fragments"].as_u64().unwrap_or(0);
    world.put(FRAGMENTS, &format!("{id}/{number}"), json!({"base64": STANDARD.encode(&request.body)}));
    session["fragments"] = json!(number + 1);
    session["received"] = json!(last + 1);
    if !complete {
        world.put(SESSIONS, id, session.clone());
        return Ok(Response::json(StatusCode::ACCEPTED, &state(&session)));
    }
    let text = |name: &str| session[name].as_str().unwrap_or_default();
    let conflict = Conflict::read(&session["conflict"], Conflict::Replace)?;
    let content = gathered(world, id, number + 1);
    let (item, created) = items::write_file(world, text("folder"), text("name"), &content, conflict, None)?;
    close(world, id, &session);
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Response::json(status, &render::item(world, request, &item)))
}

fn gathered(world: &World, id: &str, fragments: u64) -> Vec<u8> {
    let parts = (0..fragments).filter_map(|number| {
        let kept = world.get(FRAGMENTS, &format!("{id}/{number}"))?["base64"].as_str()?;
        STANDARD.decode(kept).ok()
    });
    parts.flatten().collect()
}

/// `Content-Range: bytes first-last/total`.
fn range(request: &Request) -> Option<(u64, u64, u64)> {
    let (range, total) = request.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last, total.parse().ok()?))
}
