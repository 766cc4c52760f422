//! Several operations in one call: Composite, whose outer answer is always 200, and Collections of up to 200 records.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::records::{self, Fields};
use super::rest;
use super::schema::object;
use crate::exchange::{Request, Response};
use crate::world::World;

const SUBREQUESTS_MAX: usize = 25;
const RECORDS_MAX: usize = 200;
const RETRIEVED_MAX: usize = 2_000;

/// `POST /composite`.
pub(super) fn composite(world: &mut World, request: &Request) -> Result<Response, Problem> {
    let body = parsed(request)?;
    let parts = body["compositeRequest"].as_array().cloned().unwrap_or_default();
    if parts.is_empty() || parts.len() > SUBREQUESTS_MAX {
        let message = format!("The number of subrequests must be between 1 and {SUBREQUESTS_MAX}");
        return Err(Problem::bad("INVALID_BATCH_REQUEST", message));
    }
    if body["allOrNone"] != true {
        let results = run(world, request, &parts);
        return Ok(Response::json(StatusCode::OK, &json!({"compositeResponse": results})));
    }
    let outcome = world.all_or_nothing(|world| {
        let results = run(world, request, &parts);
        if results.iter().all(succeeded) { Ok(results) } else { Err(results) }
    });
    let results = outcome.unwrap_or_else(|results| results.into_iter().map(taken_back).collect());
    Ok(Response::json(StatusCode::OK, &json!({"compositeResponse": results})))
}

fn succeeded(result: &Value) -> bool {
    result["httpStatusCode"].as_u64().is_some_and(|status| status < 400)
}

/// What a part that succeeded says when another's failure took it back.
fn taken_back(mut result: Value) -> Value {
    if succeeded(&result) {
        let message =
            "The transaction was rolled back since another operation in the same transaction failed.";
        result["body"] = json!([{"errorCode": "PROCESSING_HALTED", "message": message}]);
        result["httpHeaders"] = json!({});
        result["httpStatusCode"] = json!(400);
    }
    result
}

fn run(world: &mut World, outer: &Request, parts: &[Value]) -> Vec<Value> {
    let mut earlier = Map::new();
    let mut results = Vec::new();
    for part in parts {
        let reference = part["referenceId"].as_str().unwrap_or_default().to_owned();
        let response = match subrequest(outer, part, &earlier) {
            Ok(request) => rest::answer(world, &request),
            Err(problem) => problem.response(),
        };
        let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        if response.status.is_success() {
            earlier.insert(reference.clone(), body.clone());
        }
        let mut headers = json!({});
        if response.status == StatusCode::CREATED
            && let (Some(url), Some(id)) = (part["url"].as_str(), body["id"].as_str())
        {
            headers["Location"] = json!(format!("{url}/{id}"));
        }
        results.push(json!({
            "body": body, "httpHeaders": headers, "httpStatusCode": response.status.as_u16(), "referenceId": reference,
        }));
    }
    results
}

fn subrequest(outer: &Request, part: &Value, earlier: &Map<String, Value>) -> Result<Request, Problem> {
    let malformed =
        || Problem::bad("INVALID_BATCH_REQUEST", "a subrequest needs method, url and referenceId");
    let method = part["method"].as_str().and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let url = substituted(part["url"].as_str().ok_or_else(malformed)?, earlier)?;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let body = match &part["body"] {
        Value::Null => Vec::new(),
        body => substituted(&body.to_string(), earlier)?.into_bytes(),
    };
    Ok(Request {
        method: method.ok_or_else(malformed)?,
        path: path.to_owned(),
        query: query.to_owned(),
        body: body.into(),
        ..outer.clone()
    })
}

/// The text with every `@{reference.field}` replaced by what that part answered.
fn substituted(text: &str, earlier: &Map<String, Value>) -> Result<String, Problem> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        let Some((expression, following)) = after.split_once('}') else { break };
        let mut value = earlier.get(expression.split(['.', '[']).next().unwrap_or_default());
        for step in expression.split(['.', '[', ']']).filter(|step| !step.is_empty()).skip(1) {
            value = value.and_then(|value| match step.parse::<usize>() {
                Ok(index) => value.get(index),
                Err(_) => value.get(step),
            });
        }
        let Some(value) = value else {
            let message = format!("Invalid reference specified. No value for {expression} found.");
            return Err(Problem::bad("PROCESSING_HALTED", message));
        };
        out.push_str(before);
        match value {
            Value::String(text) => out.push_str(text),
            other => out.push_str(&other.to_string()),
        }
        rest = following;
    }
    out.push_str(rest);
    Ok(out)
}

/// `/composite/sobjects...`: one operation on many records.
pub(super) fn collection(
    world: &mut World,
    request: &Request,
    version: &str,
    rest: &[&str],
) -> Result<Response, Problem> {
    match (&request.method, rest) {
        (&Method::DELETE, []) => {
            let ids = request.parameter("ids").unwrap_or_default();
            let ids: Vec<Value> = ids.split(',').filter(|id| !id.is_empty()).map(|id| json!(id)).collect();
            let all_or_none = request.parameter("allOrNone").as_deref() == Some("true");
            each(world, &ids, all_or_none, |world, id| {
                let id = id.as_str().unwrap_or_default();
                let of = super::schema::OBJECTS.iter().find(|of| id.starts_with(of.key_prefix));
                let of = of.ok_or_else(|| Problem::bad("MALFORMED_ID", format!("malformed id {id}")))?;
                records::delete(world, of, id).map(|()| json!({"id": id, "success": true, "errors": []}))
            })
        }
        (&Method::POST, []) => written(world, request, |world, fields| {
            let of = typed(fields)?;
            records::create(world, of, fields).map(|id| json!({"id": id, "success": true, "errors": []}))
        }),
        (&Method::PATCH, []) => written(world, request, |world, fields| {
            let of = typed(fields)?;
            let mut changes = fields.clone();
            let id = changes.remove("Id").or_else(|| changes.remove("id"));
            let id = id.as_ref().and_then(Value::as_str).unwrap_or_default();
            records::update(world, of, id, &changes)
                .map(|()| json!({"id": id, "success": true, "errors": []}))
        }),
        (&Method::PATCH, [name, field]) => {
            let of = object(name).ok_or_else(Problem::not_found)?;
            let field = of.field(field).filter(|field| field.external_id || field.name == "Id");
            let field = field.ok_or_else(|| Problem::no_such_key(name))?;
            written(world, request, |world, fields| {
                let mut changes = fields.clone();
                let key = changes.remove(field.name).unwrap_or(Value::Null);
                let key = key.as_str().unwrap_or_default();
                let (id, created) = rest::upsert(world, of, field, key, &changes)?;
                Ok(json!({"id": id, "success": true, "errors": [], "created": created}))
            })
        }
        (&Method::GET | &Method::POST, [name]) => retrieved(world, request, version, name),
        _ => Err(Problem::not_found()),
    }
}

/// Records by their ids, from the query or the body; null stands for one that is not there.
fn retrieved(world: &World, request: &Request, version: &str, name: &str) -> Result<Response, Problem> {
    let of = object(name).ok_or_else(Problem::not_found)?;
    let body = if request.method == Method::POST { parsed(request)? } else { Value::Null };
    let list = |name: &str| -> Vec<String> {
        let listed = body[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let asked = request.parameter(name).unwrap_or_default();
        let asked = asked.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned);
        listed.chain(asked).collect()
    };
    let (ids, names) = (list("ids"), list("fields"));
    if ids.len() > RETRIEVED_MAX {
        let message = format!("record limit reached. cannot process more than {RETRIEVED_MAX} records");
        return Err(Problem::bad("EXCEEDED_ID_LIMIT", message));
    }
    let mut fields = Vec::new();
    for name in &names {
        let unknown = || {
            Problem::bad("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", of.name))
        };
        fields.push(of.field(name).ok_or_else(unknown)?);
    }
    let found = ids.iter().map(|id| match world.get(of.name, &super::identity::with_check(id)) {
        Some(record) => records::rendered(of, version, record, Some(&fields)),
        None => Value::Null,
    });
    Ok(Response::json(StatusCode::OK, &found.collect()))
}

fn typed(fields: &Fields) -> Result<&'static super::schema::Object, Problem> {
    let name = fields.get("attributes").and_then(|attributes| attributes["type"].as_str());
    name.and_then(object)
        .ok_or_else(|| Problem::bad("INVALID_TYPE", "sObject type of a record is missing or unknown"))
}

fn written(
    world: &mut World,
    request: &Request,
    work: impl Fn(&mut World, &Fields) -> Result<Value, Problem>,
) -> Result<Response, Problem> {
    let body = parsed(request)?;
    let sent = body["records"].as_array().cloned().unwrap_or_default();
    each(world, &sent, body["allOrNone"] == true, |world, record| match record {
        Value::Object(fields) => work(world, fields),
        _ => Err(Problem::bad("JSON_PARSER_ERROR", "a record must be an object")),
    })
}

fn each(
    world: &mut World,
    items: &[Value],
    all_or_none: bool,
    work: impl Fn(&mut World, &Value) -> Result<Value, Problem>,
) -> Result<Response, Problem> {
    if items.len() > RECORDS_MAX {
        let message = format!("record limit reached. cannot process more than {RECORDS_MAX} records");
        return Err(Problem::bad("EXCEEDED_ID_LIMIT", message));
    }
    let one = |world: &mut World, item: &Value| {
        let failed = |problem: Problem| json!({"success": false, "errors": [problem.in_collection()]});
        world.all_or_nothing(|world| work(world, item)).unwrap_or_else(failed)
    };
    let run = |world: &mut World| items.iter().map(|item| one(world, item)).collect::<Vec<_>>();
    let results = if all_or_none {
        let outcome = world.all_or_nothing(|world| {
            let results = run(world);
            if results.iter().all(|result| result["success"] == true) { Ok(results) } else { Err(results) }
        });
        outcome.unwrap_or_else(|results| results.into_iter().map(rolled_back).collect())
    } else {
        run(world)
    };
    Ok(Response::json(StatusCode::OK, &json!(results)))
}

fn rolled_back(result: Value) -> Value {
    if result["success"] != true {
        return result;
    }
    let message =
        "Record rolled back because not all records were valid and the request was using AllOrNone header";
    let error = Problem::bad("ALL_OR_NONE_OPERATION_ROLLED_BACK", message).in_collection();
    json!({"success": false, "errors": [error]})
}

fn parsed(request: &Request) -> Result<Value, Problem> {
    request.json().map_err(|error| Problem::bad("JSON_PARSER_ERROR", error.to_string()))
}
