//! `/v1.0/...`: the routes.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::address::{Address, in_drive};
use super::items::{self, Conflict, DELETED, ITEMS};
use super::problem::Problem;
use super::{DRIVE_ID, SITE, render, subscriptions, uploads};
use crate::exchange::{Request, Response};
use crate::world::World;

const PAGE_ITEMS: usize = 200;

/// Answers an authenticated request.
pub(super) fn answer(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["v1.0", "subscriptions"] => return subscriptions::answer(world, request, None),
        ["v1.0", "subscriptions", id] => return subscriptions::answer(world, request, Some(id)),
        ["v1.0", "drives"] => return Ok(Response::json(StatusCode::OK, &json!({"value": [drive(request)]}))),
        _ => {}
    }
    let rest = in_drive(&request.path).ok_or_else(Problem::not_found)?;
    if rest.is_empty() {
        return Ok(Response::json(StatusCode::OK, &drive(request)));
    }
    let address =
        Address::read(rest).ok_or_else(|| Problem::invalid("Resource not found for the segment."))?;
    match (&request.method, address.asked.as_str()) {
        (&Method::GET, "") => {
            let id = address.item(world)?;
            Ok(shown(world, request, StatusCode::OK, &id))
        }
        (&Method::PATCH, "") => patch(world, request, &address),
        (&Method::DELETE, "") => {
            let id = matching(world, request, &address)?;
            items::delete(world, &id)?;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        (&Method::GET, "children") => children(world, request, &address),
        (&Method::POST, "children") => create_child(world, request, &address),
        (&Method::GET, "content") => {
            let id = address.item(world)?;
            items::content(world, &id)?;
            let item = world.get(ITEMS, &id).ok_or_else(Problem::not_found)?;
            Ok(Response::empty(StatusCode::FOUND).with("location", &render::download_url(request, item)))
        }
        (&Method::PUT, "content") => put_content(world, request, &address),
        (&Method::POST, "createUploadSession" | "microsoft.graph.createUploadSession") => {
            uploads::open(world, request, &address)
        }
        (&Method::GET, asked) if asked.starts_with("delta") || asked.starts_with("microsoft.graph.delta") => {
            Ok(delta(world, request))
        }
        _ => Err(Problem::invalid("The HTTP method or segment is not supported for this item.")),
    }
}

fn drive(request: &Request) -> Value {
    json!({
        "id": DRIVE_ID, "name": "Documents", "driveType": "documentLibrary",
        "webUrl": format!("{}{SITE}", request.base_url),
        "quota": {"state": "normal", "total": 27_487_790_694_400_u64, "used": 0, "remaining": 27_487_790_694_400_u64},
    })
}

fn shown(world: &World, request: &Request, status: StatusCode, id: &str) -> Response {
    let mut body = render::selected(request, render::item(world, request, id));
    body["@odata.context"] =
        json!(format!("{}/v1.0/$metadata#drives('{DRIVE_ID}')/items/$entity", request.base_url));
    Response::json(status, &body)
}

/// The item, when the caller's ETag is right.
fn matching(world: &World, request: &Request, address: &Address) -> Result<String, Problem> {
    let id = address.item(world)?;
    if let Some(item) = world.get(ITEMS, &id) {
        items::check_etag(item, request.if_match())?;
    }
    Ok(id)
}

fn patch(world: &mut World, request: &Request, address: &Address) -> Result<Response, Problem> {
    let id = matching(world, request, address)?;
    let body = request.json().map_err(|_| Problem::invalid("Invalid JSON."))?;
    items::relocate(world, &id, body["name"].as_str(), body["parentReference"]["id"].as_str())?;
    Ok(shown(world, request, StatusCode::OK, &id))
}

fn create_child(world: &mut World, request: &Request, address: &Address) -> Result<Response, Problem> {
    let parent = address.item(world)?;
    let body = request.json().map_err(|_| Problem::invalid("Invalid JSON."))?;
    let name = body["name"].as_str().ok_or_else(|| Problem::invalid("The name is missing."))?;
    let conflict = Conflict::read(&body["@microsoft.graph.conflictBehavior"], Conflict::Fail)?;
    let (id, created) = if body.get("folder").is_some() {
        items::create_folder(world, &parent, name, conflict)?
    } else {
        items::write_file(world, &parent, name, &[], conflict, None)?
    };
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(shown(world, request, status, &id))
}

fn put_content(world: &mut World, request: &Request, address: &Address) -> Result<Response, Problem> {
    let content_type = request.header("content-type").map(str::to_owned);
    if let Ok(id) = address.item(world) {
        let item = world.get(ITEMS, &id).cloned().unwrap_or_default();
        items::check_etag(&item, request.if_match())?;
        if !address.is_path() {
            items::replace(world, &id, &request.body, content_type.as_deref())?;
            return Ok(shown(world, request, StatusCode::OK, &id));
        }
    } else if !address.is_path() || request.if_match().is_some() {
        return Err(Problem::not_found());
    }
    let behaviour = request.parameter("@microsoft.graph.conflictBehavior").map_or(Value::Null, Value::from);
    let conflict = Conflict::read(&behaviour, Conflict::Replace)?;
    let (parent, name) = address.place(world)?;
    let written = items::write_file(world, &parent, &name, &request.body, conflict, content_type.as_deref())?;
    let status = if written.1 { StatusCode::CREATED } else { StatusCode::OK };
    Ok(shown(world, request, status, &written.0))
}

/// `$top`, within what a page holds.
fn page_size(request: &Request) -> usize {
    let asked = request.parameter("$top").and_then(|top| top.parse().ok());
    asked.unwrap_or(PAGE_ITEMS).clamp(1, PAGE_ITEMS)
}

fn children(world: &World, request: &Request, address: &Address) -> Result<Response, Problem> {
    let ids = items::children(world, &address.item(world)?);
    let start =
        request.parameter("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0).min(ids.len());
    let end = (start + page_size(request)).min(ids.len());
    let page = ids[start..end].iter().map(|id| render::selected(request, render::item(world, request, id)));
    let mut body = json!({"@odata.count": ids.len(), "value": page.collect::<Vec<_>>()});
    if end < ids.len() {
        body["@odata.nextLink"] = json!(link(request, "$skiptoken", &end.to_string()));
    }
    Ok(Response::json(StatusCode::OK, &body))
}

/// This request's address with another value of one parameter.
fn link(request: &Request, parameter: &str, value: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in request.pairs().iter().filter(|(name, _)| name != parameter) {
        query.append_pair(name, value);
    }
    query.append_pair(parameter, value);
    format!("{}{}?{}", request.base_url, request.path, query.finish())
}

/// What has changed since a token, oldest change first; without a token, everything there is.
fn delta(world: &World, request: &Request) -> Response {
    let token = request.parameter("token");
    let last = items::last_change(world);
    let after = match token.as_deref() {
        Some("latest") => last,
        Some(token) => token.parse().unwrap_or(0),
        None => 0,
    };
    let change = |item: &Value| item["change"].as_u64().unwrap_or(0);
    let mut changed: Vec<(u64, bool, &str)> =
        world.all(ITEMS).map(|(id, item)| (change(item), false, id)).collect();
    if after > 0 {
        changed.extend(world.all(DELETED).map(|(id, item)| (change(item), true, id)));
    }
    changed.retain(|(number, ..)| *number > after);
    changed.sort_unstable();
    let more = changed.len() > page_size(request);
    changed.truncate(page_size(request));
    let value: Vec<Value> = changed
        .iter()
        .map(|(_, deleted, id)| {
            if *deleted {
                json!({"id": id, "deleted": {"state": "deleted"}, "parentReference": {"driveId": DRIVE_ID}})
            } else {
                render::item(world, request, id)
            }
        })
        .collect();
    let mut body = json!({"value": value});
    let until = if more { changed.last().map_or(last, |(number, ..)| *number) } else { last };
    let name = if more { "@odata.nextLink" } else { "@odata.deltaLink" };
    body[name] = json!(link(request, "token", &until.to_string()));
    Response::json(StatusCode::OK, &body)
}
