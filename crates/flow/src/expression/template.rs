//! Values with expressions in them.

use jaq_json::{Map, Val};

use super::{Bindings, Expression};
use crate::Error;

/// A value as written in a definition; the expressions in it are evaluated, those in data never are.
#[derive(Debug)]
pub(crate) enum Template {
    /// No expression in it.
    Fixed(Val),
    Expression(Expression),
    List(Vec<Template>),
    Object(Vec<(Val, Template)>),
}

impl Template {
    /// A list, fixed when all its items are.
    pub(crate) fn list(items: Vec<Template>) -> Self {
        let fixed: Option<Vec<Val>> = items.iter().map(Template::as_fixed).collect();
        fixed.map_or(Self::List(items), |items| Self::Fixed(items.into_iter().collect()))
    }

    /// An object, fixed when all its fields are.
    pub(crate) fn object(fields: Vec<(Val, Template)>) -> Self {
        let fixed: Option<Map> = fields.iter().map(|(k, v)| Some((k.clone(), v.as_fixed()?))).collect();
        fixed.map_or(Self::Object(fields), |fields| Self::Fixed(Val::obj(fields)))
    }

    /// The value, when there is no expression in it.
    pub(crate) fn as_fixed(&self) -> Option<Val> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// The value with its expressions evaluated on `input`.
    pub(crate) fn eval(&self, input: &Val, bindings: &dyn Bindings) -> Result<Val, Error> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Expression(expression) => expression.eval(input, bindings),
            Self::List(items) => items.iter().map(|t| t.eval(input, bindings)).collect(),
            Self::Object(fields) => {
                let mut map = Map::with_capacity_and_hasher(fields.len(), Default::default());
                for (key, value) in fields {
                    map.insert(key.clone(), value.eval(input, bindings)?);
                }
                Ok(Val::obj(map))
            }
        }
    }
}
