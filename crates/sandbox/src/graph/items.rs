//! The items of the drive: folders and files, their versions, what was deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use super::{DRIVE_ID, quick_xor, subscriptions};
use crate::world::World;

pub(super) const ITEMS: &str = "driveItems";
pub(super) const ROOT_ID: &str = "01ROOTFIRMCONTRACTSLIBRARYAAAAAAAA";
/// What is left of deleted items, for delta.
pub(super) const DELETED: &str = "_deleted";
const CONTENT: &str = "_content";
/// Ids of items by their parent and lower-case name.
pub(super) const NAMES: &str = "_names";
const CHANGE: &str = "_change";
const NAME_CHARACTERS_MAX: usize = 255;

/// What becomes of an item whose name is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    Fail,
    Replace,
    Rename,
}

impl Conflict {
    pub(super) fn read(value: &Value, otherwise: Self) -> Result<Self, Problem> {
        match value.as_str() {
            None => Ok(otherwise),
            Some("fail") => Ok(Self::Fail),
            Some("replace") => Ok(Self::Replace),
            Some("rename") => Ok(Self::Rename),
            Some(_) => Err(Problem::invalid("Invalid conflictBehavior.")),
        }
    }
}

/// Makes the root, once.
pub(super) fn furnish(world: &mut World) {
    if world.get(ITEMS, ROOT_ID).is_none() {
        let root = json!({"id": ROOT_ID, "name": "root", "root": {}, "folder": {}, "path": "", "version": 1});
        store(world, ROOT_ID, root);
    }
}

/// The child of a folder with this name; names differ by more than case.
pub(super) fn child(world: &World, folder: &str, name: &str) -> Option<String> {
    world.by_key(NAMES, &name_key(folder, name)).next().map(|(id, _)| id.to_owned())
}

fn name_key(folder: &str, name: &str) -> String {
    format!("{folder}/{}", name.to_lowercase())
}

/// The key of an entry of [`NAMES`].
pub(super) fn name_entry(_: &str, entry: &Value) -> Option<String> {
    Some(name_key(entry["folder"].as_str()?, entry["name"].as_str()?))
}

/// The children of a folder, by name.
pub(super) fn children(world: &World, folder: &str) -> Vec<String> {
    let mut found: Vec<(String, String)> = world
        .all(ITEMS)
        .filter(|(_, item)| item["parent"] == folder)
        .map(|(id, item)| (item["name"].as_str().unwrap_or_default().to_lowercase(), id.to_owned()))
        .collect();
    found.sort();
    found.into_iter().map(|(_, id)| id).collect()
}

/// Makes a folder; its id.
pub(super) fn make_folder(world: &mut World, parent: &str, name: &str) -> Result<String, Problem> {
    add(world, parent, name, json!({"folder": {}}))
}

fn add(world: &mut World, parent: &str, name: &str, mut item: Value) -> Result<String, Problem> {
    check_name(name)?;
    let above = world.get(ITEMS, parent).ok_or_else(Problem::not_found)?;
    if above.get("folder").is_none() {
        return Err(Problem::invalid("The parent is not a folder."));
    }
    let path = format!("{}/{name}", above["path"].as_str().unwrap_or_default());
    let number = world.next("_item");
    let unique = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{DRIVE_ID}/{number}").as_bytes());
    let id = format!("01{}", unique.simple().to_string().to_uppercase());
    let now = moment(world);
    item["id"] = json!(id);
    item["unique"] = json!(unique.to_string().to_uppercase());
    item["name"] = json!(name);
    item["parent"] = json!(parent);
    item["path"] = json!(path);
    item["createdDateTime"] = json!(now);
    item["version"] = json!(0);
    world.put(NAMES, &id, json!({"folder": parent, "name": name}));
    store(world, &id, item);
    Ok(id)
}

fn check_name(name: &str) -> Result<(), Problem> {
    let forbidden = |character: char| character.is_control() || "\"*:<>?/\\|".contains(character);
    let wrong = name.is_empty()
        || name.chars().count() > NAME_CHARACTERS_MAX
        || name.contains(forbidden)
        || name.ends_with(['.', ' '])
        || name.starts_with(' ');
    if wrong {
        Err(Problem::invalid("The provided name cannot be used for a file or folder."))
    } else {
        Ok(())
    }
}

fn moment(world: &World) -> String {
    world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes an item as its next version, and tells who listens.
fn store(world: &mut World, id: &str, mut item: Value) {
    item["version"] = json!(item["version"].as_u64().unwrap_or(0) + 1);
    item["change"] = json!(world.next(CHANGE));
    item["lastModifiedDateTime"] = json!(moment(world));
    world.put(ITEMS, id, item);
    subscriptions::notify(world);
}

/// Makes a folder under a name that may be taken; its id, and whether it is new.
pub(super) fn create_folder(
    world: &mut World,
    parent: &str,
    name: &str,
    conflict: Conflict,
) -> Result<(String, bool), Problem> {
    match (child(world, parent, name), conflict) {
        (None, _) => Ok((make_folder(world, parent, name)?, true)),
        (Some(_), Conflict::Fail) => Err(Problem::name_taken()),
        (Some(id), Conflict::Replace) => Ok((id, false)),
        (Some(_), Conflict::Rename) => {
            let free = free_name(world, parent, name);
            Ok((make_folder(world, parent, &free)?, true))
        }
    }
}

/// The name with the first number behind it that is free.
fn free_name(world: &World, parent: &str, name: &str) -> String {
    let (stem, extension) =
        name.rsplit_once('.').map_or((name, String::new()), |(stem, e)| (stem, format!(".{e}")));
    let numbered = (1_u32..).map(|number| format!("{stem} {number}{extension}"));
    numbered.into_iter().find(|free| child(world, parent, free).is_none()).unwrap_or_else(|| name.to_owned())
}

/// Puts content under a name; the item's id, and whether it is new.
pub(super) fn write_file(
    world: &mut World,
    parent: &str,
    name: &str,
    content: &[u8],
    conflict: Conflict,
    content_type: Option<&str>,
) -> Result<(String, bool), Problem> {
    let facet = file_facet(name, content, content_type);
    match (child(world, parent, name), conflict) {
        (Some(_), Conflict::Fail) => Err(Problem::name_taken()),
        (Some(id), Conflict::Replace) => replace(world, &id, content, content_type).map(|()| (id, false)),
        (taken, _) => {
            let name = if taken.is_some() { free_name(world, parent, name) } else { name.to_owned() };
            let id = add(world, parent, &name, json!({"file": facet, "size": content.len(), "content": 1}))?;
            world.put(CONTENT, &id, json!({"base64": STANDARD.encode(content)}));
            Ok((id, true))
        }
    }
}

/// Puts new content into a file.
pub(super) fn replace(
    world: &mut World,
    id: &str,
    content: &[u8],
    content_type: Option<&str>,
) -> Result<(), Problem> {
    let mut item = world.get(ITEMS, id).cloned().ok_or_else(Problem::not_found)?;
    if item.get("folder").is_some() {
        return Err(Problem::new(http::StatusCode::CONFLICT, "nameAlreadyExists", "A folder has this name."));
    }
    item["file"] = file_facet(item["name"].as_str().unwrap_or_default(), content, content_type);
    item["size"] = json!(content.len());
    item["content"] = json!(item["content"].as_u64().unwrap_or(0) + 1);
    world.put(CONTENT, id, json!({"base64": STANDARD.encode(content)}));
    store(world, id, item);
    Ok(())
}

fn file_facet(name: &str, content: &[u8], content_type: Option<&str>) -> Value {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    let known = match extension.as_str() {
        "pdf" => Some("application/pdf"),
        "txt" => Some("text/plain"),
        "docx" => Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        _ => None,
    };
    let mime = known.or(content_type).unwrap_or("application/octet-stream");
    json!({"mimeType": mime, "hashes": {"quickXorHash": STANDARD.encode(quick_xor::hash(content))}})
}

/// A file's content.
pub(super) fn content(world: &World, id: &str) -> Result<Vec<u8>, Problem> {
    let kept =
        world.get(CONTENT, id).and_then(|kept| kept["base64"].as_str()).ok_or_else(Problem::not_found)?;
    STANDARD.decode(kept).map_err(|_| Problem::not_found())
}

/// Renames and moves an item; what lies below moves with it.
pub(super) fn relocate(
    world: &mut World,
    id: &str,
    name: Option<&str>,
    parent: Option<&str>,
) -> Result<(), Problem> {
    let mut item = world.get(ITEMS, id).cloned().ok_or_else(Problem::not_found)?;
    let name = name.or(item["name"].as_str()).unwrap_or_default().to_owned();
    let parent = parent.or(item["parent"].as_str()).unwrap_or_default().to_owned();
    check_name(&name)?;
    let above = world.get(ITEMS, &parent).ok_or_else(Problem::not_found)?;
    let path = format!("{}/{name}", above["path"].as_str().unwrap_or_default());
    if format!("{path}/").starts_with(&format!("{}/", item["path"].as_str().unwrap_or_default()))
        && item["parent"] != parent.as_str()
    {
        return Err(Problem::invalid("A folder cannot be moved into itself."));
    }
    if child(world, &parent, &name).is_some_and(|taken| taken != id) {
        return Err(Problem::name_taken());
    }
    item["name"] = json!(name);
    item["parent"] = json!(parent);
    item["path"] = json!(path);
    world.put(NAMES, id, json!({"folder": parent, "name": name}));
    store(world, id, item);
    for below in children(world, id) {
        relocate(world, &below, None, None)?;
    }
    Ok(())
}

/// Deletes an item and what lies below.
pub(super) fn delete(world: &mut World, id: &str) -> Result<(), Problem> {
    let item = world.get(ITEMS, id).cloned().ok_or_else(Problem::not_found)?;
    if id == ROOT_ID {
        return Err(Problem::invalid("The root cannot be deleted."));
    }
    for below in children(world, id) {
        delete(world, &below)?;
    }
    let change = world.next(CHANGE);
    world.put(
        DELETED,
        id,
        json!({"id": id, "parent": item["parent"], "name": item["name"], "change": change}),
    );
    world.remove(NAMES, id);
    world.remove(CONTENT, id);
    world.remove(ITEMS, id);
    subscriptions::notify(world);
    Ok(())
}

/// The number of the drive's last change.
pub(super) fn last_change(world: &World) -> u64 {
    world.count(CHANGE)
}

/// An item's ETag: its own id and its version.
pub(super) fn etag(item: &Value) -> String {
    format!("\"{{{}}},{}\"", item["unique"].as_str().unwrap_or("ROOT"), item["version"])
}

/// Refuses a caller that holds another version.
pub(super) fn check_etag(item: &Value, if_match: Option<&str>) -> Result<(), Problem> {
    match if_match {
        None | Some("*") => Ok(()),
        Some(held) if held == etag(item) => Ok(()),
        Some(_) => Err(Problem::stale()),
    }
}
