//! Which item a path means: by id, by path from the root, by path from an item.

use super::problem::Problem;
use super::{DRIVE_ID, items};
use crate::world::World;

/// An item, or the place where one would be, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    base: Base,
    /// Names from the base downwards, decoded.
    names: Vec<String>,
    /// `children`, `content`, `createUploadSession`, `delta`, or nothing.
    pub(super) asked: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    Root,
    Id(String),
}

impl Address {
    /// Reads the part of a path behind `/v1.0/drives/{id}/`, still encoded.
    pub(super) fn read(rest: &str) -> Option<Self> {
        let (head, tail) = rest.split_once(":/").map_or((rest, None), |(head, tail)| (head, Some(tail)));
        let mut steps = head.split('/').filter(|step| !step.is_empty());
        let base = match steps.next()? {
            "root" => Base::Root,
            "items" => match decoded(steps.next()?) {
                id if id == "root" => Base::Root,
                id => Base::Id(id),
            },
            _ => return None,
        };
        let asked: Vec<&str> = steps.collect();
        let Some(tail) = tail else { return Some(Self { base, names: Vec::new(), asked: asked.join("/") }) };
        if !asked.is_empty() {
            return None;
        }
        let (path, asked) = tail.split_once(':').unwrap_or((tail, ""));
        let names = path.split('/').filter(|name| !name.is_empty()).map(decoded).collect();
        Some(Self { base, names, asked: asked.trim_start_matches('/').to_owned() })
    }

    fn base<'w>(&self, world: &'w World) -> Result<&'w str, Problem> {
        let id = match &self.base {
            Base::Root => items::ROOT_ID,
            Base::Id(id) => id,
        };
        world.get(items::ITEMS, id).and_then(|item| item["id"].as_str()).ok_or_else(Problem::not_found)
    }

    /// The item's id.
    pub(super) fn item(&self, world: &World) -> Result<String, Problem> {
        let mut at = self.base(world)?.to_owned();
        for name in &self.names {
            at = items::child(world, &at, name).ok_or_else(Problem::not_found)?;
        }
        Ok(at)
    }

    /// The folder's id and the name in it, for an item that may not be there yet. Missing folders above are made.
    pub(super) fn place(&self, world: &mut World) -> Result<(String, String), Problem> {
        let mut at = self.base(world)?.to_owned();
        let (name, above) =
            self.names.split_last().ok_or_else(|| Problem::invalid("A file name is missing."))?;
        for folder in above {
            at = match items::child(world, &at, folder) {
                Some(id) => id,
                None => items::make_folder(world, &at, folder)?,
            };
        }
        Ok((at, name.clone()))
    }

    /// Whether it names an item by path.
    pub(super) fn is_path(&self) -> bool {
        !self.names.is_empty()
    }
}

fn decoded(segment: &str) -> String {
    let kept = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(kept.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// The part of a path behind the drive, when it is this drive's.
pub(super) fn in_drive(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1.0/drives/")?;
    let (drive, rest) = rest.split_once('/').unwrap_or((rest, ""));
    (decoded(drive) == DRIVE_ID).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read() {
        for (path, base, names, asked) in [
            ("root", "root", vec![], ""),
            ("root/children", "root", vec![], "children"),
            ("root/delta", "root", vec![], "delta"),
            ("root:/Contracts/CT-1%20A%2BB", "root", vec!["Contracts", "CT-1 A+B"], ""),
            ("root:/Contracts:/children", "root", vec!["Contracts"], "children"),
            ("items/01A", "01A", vec![], ""),
            ("items/01A/content", "01A", vec![], "content"),
            ("items/01A:/a%3Db&c.txt:/content", "01A", vec!["a=b&c.txt"], "content"),
            ("root:/x.txt:/createUploadSession", "root", vec!["x.txt"], "createUploadSession"),
        ] {
            let base = if base == "root" { Base::Root } else { Base::Id(base.to_owned()) };
            let names = names.into_iter().map(str::to_owned).collect();
            let expected = Address { base, names, asked: asked.to_owned() };
            assert_eq!(Address::read(path), Some(expected), "{path}");
        }
        assert_eq!(Address::read("list"), None);
    }
}
