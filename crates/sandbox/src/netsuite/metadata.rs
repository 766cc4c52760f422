//! The metadata catalog: which record types there are and what their fields hold, as JSON Schema or OpenAPI.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::listing;
use super::problem::Problem;
use super::schema::{Access, Field, Kind, RecordType, SYSTEM_FIELDS, TYPES};
use super::view::self_link;
use crate::exchange::{Request, Response};

/// Answers below `/services/rest/record/v1/metadata-catalog`.
pub(super) fn serve(request: &Request, path: &[&str]) -> Result<Response, Problem> {
    if request.method != Method::GET {
        return Err(Problem::no_such_path());
    }
    let accepts = |kind: &str| request.header("accept").is_some_and(|value| value.contains(kind));
    let root = format!("{}/services/rest/record/v1/metadata-catalog", request.base_url);
    match path {
        [] if accepts("swagger+json") => Ok(typed("application/swagger+json", &openapi(request))),
        [] => {
            let items: Vec<Value> = TYPES.iter().map(|kind| entry(&root, kind)).collect();
            Ok(listing::collection(&json!({"links": self_link(&root), "items": items})))
        }
        [name] => {
            let kind = RecordType::named(name).ok_or_else(|| Problem::unknown_type(name))?;
            if accepts("schema+json") {
                return Ok(typed("application/schema+json", &schema(kind)));
            }
            Ok(Response::json(StatusCode::OK, &entry(&root, kind)))
        }
        _ => Err(Problem::no_such_path()),
    }
}

fn typed(content_type: &'static str, body: &Value) -> Response {
    Response::bytes(StatusCode::OK, content_type, body.to_string())
}

fn entry(root: &str, kind: &RecordType) -> Value {
    let href = format!("{root}/{}", kind.name);
    json!({"name": kind.name, "links": [
        {"rel": "canonical", "href": href, "mediaType": "application/json"},
        {"rel": "alternate", "href": href, "mediaType": "application/schema+json"},
    ]})
}

fn schema(kind: &RecordType) -> Value {
    let mut properties: Map<String, Value> = SYSTEM_FIELDS
        .iter()
        .chain(kind.fields)
        .map(|field| (field.name.to_owned(), property(field)))
        .collect();
    for sublist in kind.sublists {
        let lines: Map<String, Value> =
            sublist.fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
        let items = json!({"type": "array", "items": {"type": "object", "properties": lines}});
        properties.insert(sublist.name.to_owned(), json!({"type": "object", "properties": {"items": items}}));
    }
    json!({"$schema": "http://json-schema.org/draft-06/hyper-schema#", "type": "object", "properties": properties,
        "x-ns-filterable": SYSTEM_FIELDS.iter().chain(kind.fields).map(|field| field.name).collect::<Vec<_>>()})
}

fn property(field: &Field) -> Value {
    let mut property = match &field.kind {
        Kind::Text(length_max) => json!({"type": "string", "maxLength": length_max}),
        Kind::Number => json!({"type": "number", "format": "double"}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Reference(_) => json!({"type": "object", "properties": {
            "id": {"type": "string"}, "refName": {"type": "string"}, "externalId": {"type": "string"}}}),
        Kind::Choice(ids) => json!({"type": "object", "properties": {"id": {"type": "string", "enum": ids}}}),
        Kind::Fixed => json!({"readOnly": true}),
    };
    property["title"] = field.label.into();
    property["nullable"] = (!field.needed).into();
    property
}

fn openapi(request: &Request) -> Value {
    let select = request.parameter("select").unwrap_or_default();
    let wanted: Vec<&str> = select.split(',').filter(|name| !name.is_empty()).collect();
    let kinds = TYPES.iter().filter(|kind| wanted.is_empty() || wanted.contains(&kind.name));
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for kind in kinds {
        let answer = |status: &str| json!({"responses": {status: {"description": kind.label}}});
        let mut collection = json!({"get": answer("200")});
        let mut single = json!({"get": answer("200")});
        if kind.access == Access::Full {
            collection["post"] = answer("204");
            single["patch"] = answer("204");
            single["delete"] = answer("204");
            paths.insert(format!("/{}/eid:{{externalId}}", kind.name), json!({"put": answer("204")}));
        }
        paths.insert(format!("/{}", kind.name), collection);
        paths.insert(format!("/{}/{{id}}", kind.name), single);
        schemas.insert(kind.name.to_owned(), schema(kind));
    }
    json!({"openapi": "3.0.1", "info": {"title": "NetSuite REST Record API", "version": "v1"},
        "servers": [{"url": format!("{}/services/rest/record/v1", request.base_url)}],
        "paths": paths, "components": {"schemas": schemas}})
}
