//! Texts of `adapter.yaml` with places to fill: `{settings.tenant}`, `{credentials.clientId}`, alternatives as in
//! `{settings.loginUrl|settings.baseUrl}`. `{{` stands for a brace.

use serde::{Deserialize, Deserializer, de::Error as _};

/// A text with places to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The first name that has a value is taken.
    Place(Vec<String>),
}

/// The names a place may hold besides `settings.*` and `credentials.*`.
const NAMES: [&str; 4] = ["baseUrl", "tokenUrl", "tokenHost", "system"];

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// In words: a brace that is not closed, or a name nothing stands behind.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            plain.push_str(&rest[..open]);
            let after = &rest[open + 1..];
            if let Some(literal) = after.strip_prefix('{') {
                plain.push('{');
                rest = literal;
                continue;
            }
            let close = after.find('}').ok_or_else(|| format!("{text:?}: a brace is not closed"))?;
            let names: Vec<String> = after[..close].split('|').map(|n| n.trim().to_owned()).collect();
            if let Some(unknown) = names.iter().find(|n| !is_name(n)) {
                return Err(format!(
                    "{text:?}: nothing is named {unknown:?}; there are settings.NAME, credentials.NAME, {}",
                    NAMES.join(", ")
                ));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Place(names));
            rest = &after[close + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Fills it. `Err`: the names of a place that nothing fills.
    pub(crate) fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(names) => {
                    let found = names.iter().find_map(|name| value(name).filter(|v| !v.is_empty()));
                    filled.push_str(&found.ok_or_else(|| names.join(" or "))?);
                }
            }
        }
        Ok(filled)
    }

    /// Credentials it can't do without.
    pub(crate) fn credentials(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(names) if names.len() == 1 => names[0].strip_prefix("credentials."),
            _ => None,
        })
    }
}

fn is_name(name: &str) -> bool {
    let has_rest = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    NAMES.contains(&name) || has_rest("settings.") || has_rest("credentials.")
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_the_first_alternative_with_a_value_wins() {
        let value = |name: &str| match name {
            "settings.b" => Some("B".to_owned()),
            "settings.empty" => Some(String::new()),
            _ => None,
        };
        let check = |text: &str, want: Result<&str, &str>| {
            let got = Template::parse(text).unwrap().fill(&value);
            assert_eq!(got.as_deref().map_err(String::as_str), want);
        };
        check("plain", Ok("plain"));
        check("{settings.a|settings.b}/x", Ok("B/x"));
        check("{settings.empty | settings.b}", Ok("B"));
        check("{{settings.b}", Ok("{settings.b}"));
        check("x{settings.a}", Err("settings.a"));
    }

    #[test]
    fn what_nothing_stands_behind_is_refused() {
        let check =
            |text: &str, said: &str| assert!(Template::parse(text).unwrap_err().contains(said), "{text}");
        check("{settings.a", "not closed");
        check("{setings.a}", "nothing is named \"setings.a\"");
        check("{settings.}", "nothing is named");
        check("{}", "nothing is named");
    }
}
