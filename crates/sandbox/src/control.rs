//! The paths under `/_sandbox`, which are no vendor's: the ledger, the faults, the objects.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::exchange::{Request, Response};
use crate::site::Site;

/// The answer to a control request, or none when the request is for the vendor.
pub(crate) fn answer(site: &Site, request: &Request) -> Option<Response> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["_sandbox", rest @ ..] = segments.as_slice() else { return None };
    Some(match (&request.method, rest) {
        (&Method::GET, ["ledger"]) => ledger(site),
        (&Method::GET, ["faults"]) => faults(site),
        (&Method::POST, ["faults"]) => match request.json().ok().and_then(|body| body["rate"].as_f64()) {
            Some(rate) => {
                site.rate().set(rate);
                faults(site)
            }
            None => problem(StatusCode::BAD_REQUEST, "rate must be a number between 0 and 1"),
        },
        (&Method::GET, ["objects", collection]) => objects(site, collection),
        _ => problem(StatusCode::NOT_FOUND, "no such control path"),
    })
}

fn ledger(site: &Site) -> Response {
    match serde_json::to_value(site.ledger()) {
        Ok(ledger) => Response::json(StatusCode::OK, &ledger),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "ledger"),
    }
}

fn faults(site: &Site) -> Response {
    let rate = site.rate().get();
    Response::json(StatusCode::OK, &json!({"rate": rate, "injected": site.ledger().faults}))
}

fn objects(site: &Site, collection: &str) -> Response {
    let objects: Vec<Value> = site.read(|world| {
        world.all(collection).map(|(id, object)| json!({"id": id, "object": object})).collect()
    });
    Response::json(StatusCode::OK, &json!({"collection": collection, "objects": objects}))
}

fn problem(status: StatusCode, message: &str) -> Response {
    Response::json(status, &json!({"error": message}))
}
