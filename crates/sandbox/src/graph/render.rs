//! Items as answers show them.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::items::{self, ITEMS};
use super::{DRIVE_ID, SITE};
use crate::exchange::Request;
use crate::world::World;

/// A driveItem.
pub(super) fn item(world: &World, request: &Request, id: &str) -> Value {
    let Some(item) = world.get(ITEMS, id) else { return Value::Null };
    let unique = item["unique"].as_str().unwrap_or("ROOT");
    let path = item["path"].as_str().unwrap_or_default();
    let mut out = json!({
        "createdDateTime": item["createdDateTime"], "eTag": items::etag(item), "id": id,
        "lastModifiedDateTime": item["lastModifiedDateTime"], "name": item["name"],
        "webUrl": format!("{}{SITE}{}", request.base_url, encoded(path)),
        "cTag": format!("\"c:{{{unique}}},{}\"", item["content"].as_u64().unwrap_or(0)),
        "size": item["size"].as_u64().unwrap_or(0), "parentReference": parent(world, item),
        "fileSystemInfo": {
            "createdDateTime": item["createdDateTime"], "lastModifiedDateTime": item["lastModifiedDateTime"],
        },
    });
    if item.get("file").is_some() {
        out["file"] = item["file"].clone();
        out["@microsoft.graph.downloadUrl"] = json!(download_url(request, item));
    } else {
        out["folder"] = json!({"childCount": items::children(world, id).len()});
    }
    if item.get("root").is_some() {
        out["root"] = json!({});
    }
    out
}

fn parent(world: &World, item: &Value) -> Value {
    let mut reference = json!({"driveType": "documentLibrary", "driveId": DRIVE_ID});
    if let Some(above) = item["parent"].as_str().and_then(|id| world.get(ITEMS, id)) {
        let path = above["path"].as_str().unwrap_or_default();
        reference["id"] = above["id"].clone();
        reference["name"] = above["name"].clone();
        reference["path"] = json!(if path.is_empty() {
            format!("/drives/{DRIVE_ID}/root:")
        } else {
            format!("/drives/{DRIVE_ID}/root:{path}")
        });
    }
    reference
}

fn encoded(path: &str) -> String {
    let mut url = String::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        url.push('/');
        let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        url.push_str(&encoded.replace('+', "%20"));
    }
    url
}

/// The pass for one version of a file, which stands in its download address.
pub(super) fn pass(item: &Value) -> String {
    let text = format!("{}/{}", item["id"], item["content"]);
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a file's content is had without a token, for a while.
pub(super) fn download_url(request: &Request, item: &Value) -> String {
    let id = item["id"].as_str().unwrap_or_default();
    format!("{}{SITE}/_layouts/15/download.aspx?UniqueId={id}&tempauth={}", request.base_url, pass(item))
}

/// Only the properties that `$select` names.
pub(super) fn selected(request: &Request, item: Value) -> Value {
    let Some(select) = request.parameter("$select") else { return item };
    let names: Vec<&str> = select.split(',').map(str::trim).collect();
    let kept = item.as_object().into_iter().flatten().filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
