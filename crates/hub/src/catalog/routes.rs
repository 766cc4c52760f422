//! `routes.yaml`: which system answers for a capability, by tenant, region, legal entity and service line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The routes, first match wins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// In order.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// A capability (`erp.customer.put`) or all that begin with a prefix (`erp.*`).
    pub capability: String,
    /// Facts of the call that must hold; each a value or a list of values. Facts come from the task's `metadata.route`;
    /// `tenant` is the run's.
    #[serde(default)]
    pub when: BTreeMap<String, OneOrMany>,
    /// Name of a configured system.
    pub system: String,
}

/// A value or a list of values.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several, any of which will do.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    fn holds(&self, value: &str) -> bool {
        self.values().iter().any(|v| v == value)
    }
}

impl Route {
    /// Whether it is a route of this capability.
    pub fn takes(&self, capability: &str) -> bool {
        match self.capability.strip_suffix('*') {
            Some(prefix) => capability.starts_with(prefix),
            None => self.capability == capability,
        }
    }
}

impl Routes {
    /// The system for a call.
    ///
    /// # Errors
    /// In words, when no route takes it: which facts the call had and which routes were near.
    pub fn pick(&self, capability: &str, tenant: &str, facts: &Value) -> Result<&str, String> {
        let fact = |name: &str| match name {
            "tenant" => Some(tenant.to_owned()),
            _ => facts.get(name).and_then(|v| v.as_str().map(str::to_owned)),
        };
        let mut near = Vec::new();
        for route in self.routes.iter().filter(|r| r.takes(capability)) {
            let misses: Vec<_> = route
                .when
                .iter()
                .filter(|(k, v)| !fact(k).is_some_and(|f| v.holds(&f)))
                .map(|(k, _)| k.as_str())
                .collect();
            if misses.is_empty() {
                return Ok(&route.system);
            }
            near.push(format!("{} (differs in {})", route.system, misses.join(", ")));
        }
        let near = if near.is_empty() {
            "no route names it".to_owned()
        } else {
            format!("nearest: {}", near.join("; "))
        };
        Err(format!(
            "no route in routes.yaml takes {capability:?} with {facts} for tenant {tenant:?}; {near}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_route_whose_facts_hold_wins() {
        let routes: Routes = serde_saphyr::from_str(
            "routes:
  - {capability: 'erp.*', when: {legalEntity: [DE, UK]}, system: erp-emea}
  - {capability: 'erp.*', when: {legalEntity: US}, system: erp-amer}
  - {capability: psa.project.put, system: psa}
",
        )
        .unwrap();
        let check = |capability: &str, facts: Value, system: Result<&str, &str>| match (
            routes.pick(capability, "t", &facts),
            system,
        ) {
            (Ok(got), Ok(want)) => assert_eq!(got, want),
            (Err(got), Err(want)) => assert!(got.contains(want), "{got}"),
            (got, want) => panic!("{got:?} {want:?}"),
        };
        check("erp.customer.put", json!({"legalEntity": "UK"}), Ok("erp-emea"));
        check("erp.customer.put", json!({"legalEntity": "US"}), Ok("erp-amer"));
        check("erp.customer.put", json!({"legalEntity": "SG"}), Err("differs in legalEntity"));
        check("psa.project.put", Value::Null, Ok("psa"));
        check("docs.folder.put", Value::Null, Err("no route names it"));
    }
}
