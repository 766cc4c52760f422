//! What the org says of itself: versions, resources, objects and their fields.

use http::StatusCode;
use serde_json::{Value, json};

use super::schema::{Field, Kind, OBJECTS, Object};
use crate::exchange::Response;

/// The oldest and the newest version served.
pub(super) const VERSIONS: std::ops::RangeInclusive<u32> = 31..=64;

/// `GET /services/data`.
pub(super) fn versions() -> Response {
    let seasons = ["Winter", "Spring", "Summer"];
    let listed: Vec<Value> = VERSIONS
        .map(|number| {
            let (season, year) = (seasons[number as usize % 3], 14 + (number - 30) / 3);
            json!({"label": format!("{season} '{year}"), "url": format!("/services/data/v{number}.0"), "version": format!("{number}.0")})
        })
        .collect();
    Response::json(StatusCode::OK, &json!(listed))
}

/// `GET /services/data/vNN.0`.
pub(super) fn resources(version: &str) -> Response {
    let mut listed = json!({});
    for name in ["composite", "limits", "query", "sobjects"] {
        listed[name] = json!(format!("/services/data/{version}/{name}"));
    }
    Response::json(StatusCode::OK, &listed)
}

/// `GET /sobjects`.
pub(super) fn global(version: &str) -> Value {
    let objects: Vec<Value> = OBJECTS.iter().map(|of| summary(of, version)).collect();
    json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})
}

/// `GET /sobjects/{Object}`.
pub(super) fn basic(of: &Object, version: &str) -> Value {
    json!({"objectDescribe": summary(of, version), "recentItems": []})
}

fn summary(of: &Object, version: &str) -> Value {
    let url = format!("/services/data/{version}/sobjects/{}", of.name);
    json!({
        "activateable": false, "createable": true, "custom": false, "customSetting": false, "deepCloneable": false,
        "deletable": true, "deprecatedAndHidden": false, "feedEnabled": false, "hasSubtypes": false,
        "isInterface": false, "isSubtype": false, "keyPrefix": of.key_prefix, "label": of.name,
        "labelPlural": of.plural, "layoutable": true, "mergeable": of.name == "Account", "mruEnabled": true,
        "name": of.name, "queryable": true, "replicateable": true, "retrieveable": true, "searchable": true,
        "triggerable": true, "undeletable": true, "updateable": true,
        "urls": {"rowTemplate": format!("{url}/{{ID}}"), "describe": format!("{url}/describe"), "sobject": url},
    })
}

/// `GET /sobjects/{Object}/describe`.
pub(super) fn full(of: &Object, version: &str) -> Value {
    let mut out = summary(of, version);
    out["fields"] = of.fields().map(field).collect();
    let children = of.children.iter().map(|children| {
        json!({
            "cascadeDelete": children.object == "OpportunityLineItem", "childSObject": children.object,
            "deprecatedAndHidden": false, "field": children.field, "junctionIdListNames": [],
            "junctionReferenceTo": [], "relationshipName": children.name, "restrictedDelete": false,
        })
    });
    out["childRelationships"] = children.collect();
    out["recordTypeInfos"] = json!([]);
    out["supportedScopes"] = json!([{"label": format!("All {}", of.plural), "name": "everything"}]);
    out
}

fn field(field: &Field) -> Value {
    let (kind, soap, length, precision, scale) = match field.kind {
        Kind::Id => ("id", "tns:ID", 18, 0, 0),
        Kind::Text(length) => ("string", "xsd:string", length, 0, 0),
        Kind::LongText(length) => ("textarea", "xsd:string", length, 0, 0),
        Kind::Picklist(_) => ("picklist", "xsd:string", 255, 0, 0),
        Kind::Reference { .. } => ("reference", "tns:ID", 18, 0, 0),
        Kind::Currency => ("currency", "xsd:double", 0, 18, 2),
        Kind::Double => ("double", "xsd:double", 0, 18, 2),
        Kind::Percent => ("percent", "xsd:double", 0, 3, 0),
        Kind::Date => ("date", "xsd:date", 0, 0, 0),
        Kind::DateTime => ("datetime", "xsd:dateTime", 0, 0, 0),
        Kind::Boolean => ("boolean", "xsd:boolean", 0, 0, 0),
    };
    let values: Vec<Value> = match field.kind {
        Kind::Picklist(values) => values.iter().map(|value| picklist_value(value)).collect(),
        _ => Vec::new(),
    };
    let (refers_to, relationship) = match field.kind {
        Kind::Reference { to, name } => (json!([to]), json!(name)),
        _ => (json!([]), Value::Null),
    };
    json!({
        "aggregatable": true, "autoNumber": false, "byteLength": length * 3, "calculated": false,
        "createable": field.writable, "custom": field.is_custom(), "defaultedOnCreate": !field.writable,
        "deprecatedAndHidden": false, "digits": 0, "externalId": field.external_id,
        "filterable": !matches!(field.kind, Kind::LongText(_)), "idLookup": field.external_id || field.name == "Id",
        "label": field.name.trim_end_matches("__c").replace('_', " "), "length": length, "name": field.name,
        "nameField": field.name == "Name", "nillable": !field.required && field.writable, "picklistValues": values,
        "precision": precision, "referenceTo": refers_to, "relationshipName": relationship,
        "restrictedPicklist": false, "scale": scale, "soapType": soap, "sortable": true, "type": kind,
        "unique": field.external_id, "updateable": field.writable,
    })
}

fn picklist_value(value: &str) -> Value {
    json!({"active": true, "defaultValue": false, "label": value, "validFor": null, "value": value})
}
