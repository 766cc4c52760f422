//! Changing entities: insert, modify, delete, and posting an invoice.

use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::entity::{self, COMPANY};
use super::pages::{Api, Page};
use super::problem::Problem;
use super::{collection, furniture, subscriptions};
use crate::exchange::{Request, Response};
use crate::world::World;

fn body(request: &Request) -> Result<Map<String, Value>, Problem> {
    match request.json() {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Problem::bad("Invalid Request Body")),
    }
}

/// POST on a collection; `given` is what the path already says, as the invoice of a line.
pub(super) fn create(
    world: &mut World,
    request: &Request,
    page: &Page,
    company: &str,
    given: Option<(&str, &str)>,
) -> Result<Response, Problem> {
    let mut body = body(request)?;
    if let Some((name, value)) = given {
        body.insert(name.to_owned(), value.into());
    }
    let entity = world.all_or_nothing(|world| insert(world, page, company, body))?;
    Ok(collection::single(world, request, page, company, StatusCode::CREATED, &entity))
}

fn insert(
    world: &mut World,
    page: &Page,
    company: &str,
    mut body: Map<String, Value>,
) -> Result<Value, Problem> {
    let lines = body.remove("salesInvoiceLines").filter(|_| page.set == "salesInvoices");
    let mut entity = Map::new();
    entity::apply(page, &mut entity, &body)?;
    entity.insert(COMPANY.to_owned(), company.into());
    complete(world, page, company, &mut entity)?;
    unique(world, page, &entity, None)?;
    let id = Uuid::new_v4().to_string();
    let mut entity = entity::store(world, page, company, &id, entity);
    for line in lines.iter().filter_map(Value::as_array).flatten() {
        let mut line = line.as_object().cloned().ok_or_else(|| Problem::bad("Invalid Request Body"))?;
        line.insert("documentId".to_owned(), id.as_str().into());
        let lines = Page::named(Api::Standard, "salesInvoiceLines")
            .ok_or_else(|| Problem::no_segment("salesInvoiceLines"))?;
        insert(world, lines, company, line)?;
        entity = world.get(page.set, &id).cloned().unwrap_or(entity);
    }
    if page.set == "salesInvoiceLines" {
        total(world, company, entity["documentId"].as_str().unwrap_or_default());
    }
    subscriptions::notify(world, page, &entity, "created");
    Ok(entity)
}

/// Refuses a key that another entity of the company holds.
fn unique(
    world: &World,
    page: &Page,
    entity: &Map<String, Value>,
    own_id: Option<&str>,
) -> Result<(), Problem> {
    let entity = Value::Object(entity.clone());
    let taken = entity::holder(world, page, &entity).is_some_and(|id| Some(id.as_str()) != own_id);
    if !taken {
        return Ok(());
    }
    let values: Vec<String> =
        page.key.iter().map(|(name, _)| crate::condition::as_text(&entity[*name])).collect();
    Err(Problem::same_key(page, &values))
}

/// Numbers, defaults and relations of a new or changed entity.
fn complete(
    world: &mut World,
    page: &Page,
    company: &str,
    entity: &mut Map<String, Value>,
) -> Result<(), Problem> {
    let currency = entity.get("currencyCode").and_then(Value::as_str).unwrap_or("");
    if !furniture::is_currency(currency) {
        return Err(no_relation(page, "Currency Code", currency, "Currency"));
    }
    match page.set {
        "customers" => numbered(world, entity, "C"),
        "projects" => numbered(world, entity, "PR"),
        "salesInvoices" => invoice(world, company, entity)?,
        "salesInvoiceLines" => line(world, entity)?,
        "jobTasks" => {
            project(world, page, company, entity)?;
            required(entity, "jobTaskNumber", "Job Task No.")?;
        }
        "jobPlanningLines" => {
            project(world, page, company, entity)?;
            task(world, page, company, entity)?;
            planning_line(world, company, entity);
        }
        _ => {}
    }
    Ok(())
}

fn numbered(world: &mut World, entity: &mut Map<String, Value>, series: &str) {
    if entity.get("number").and_then(Value::as_str).unwrap_or("").is_empty() {
        let number = format!("{series}{:05}", 10 * world.next(&format!("series {series}")));
        entity.insert("number".to_owned(), number.into());
    }
}

fn required(entity: &Map<String, Value>, name: &str, caption: &str) -> Result<(), Problem> {
    if entity.get(name).and_then(Value::as_str).unwrap_or("").is_empty() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "Application_FieldValidationException",
            format!("{caption} must have a value. It cannot be zero or empty."),
        ));
    }
    Ok(())
}

fn no_relation(page: &Page, caption: &str, value: &str, related: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "Internal_InvalidTableRelation",
        format!(
            "The field {caption} of table {} contains a value ({value}) that cannot be found in the related table \
             ({related}).",
            page.table
        ),
    )
}

fn invoice(world: &mut World, company: &str, entity: &mut Map<String, Value>) -> Result<(), Problem> {
    let text = |name: &str| entity.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    let found = match (text("customerId"), text("customerNumber")) {
        (id, _) if !id.is_empty() => world.get("customers", &id).filter(|one| one[COMPANY] == company),
        (_, number) if !number.is_empty() => {
            world.by_key("customers", &format!("{company}/{number}")).next().map(|(_, one)| one)
        }
        _ => return Err(Problem::dialog("A customerNumber or a customerID must be provided.")),
    };
    let Some(customer) = found.cloned() else {
        return Err(Problem::dialog("The customer does not exist."));
    };
    for (name, of_customer) in
        [("customerId", "id"), ("customerNumber", "number"), ("customerName", "displayName")]
    {
        entity.insert(name.to_owned(), customer[of_customer].clone());
    }
    if !entity.contains_key("currencyCode") {
        entity.insert("currencyCode".to_owned(), customer["currencyCode"].clone());
    }
    let today = world.now().strftime("%Y-%m-%d").to_string();
    for name in ["invoiceDate", "postingDate", "dueDate"] {
        entity.entry(name).or_insert_with(|| today.as_str().into());
    }
    if !entity.contains_key("number") {
        entity
            .insert("number".to_owned(), format!("S-INV{:06}", 102_000 + world.next("series S-INV")).into());
    }
    Ok(())
}

/// Amounts of an invoice line; tax is left at nothing.
fn line(world: &World, entity: &mut Map<String, Value>) -> Result<(), Problem> {
    let document = entity.get("documentId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(invoice) = world.get("salesInvoices", &document) else {
        return Err(Problem::dialog("You must specify a document id to get the lines."));
    };
    draft(invoice)?;
    let number = |name: &str| entity.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let amount = round(number("quantity") * number("unitPrice") - number("discountAmount"));
    for name in ["amountExcludingTax", "amountIncludingTax", "netAmount"] {
        entity.insert(name.to_owned(), json!(amount));
    }
    if !entity.contains_key("sequence") {
        let lines =
            world.all("salesInvoiceLines").filter(|(_, line)| line["documentId"] == document.as_str());
        let last = lines.filter_map(|(_, line)| line["sequence"].as_i64()).max().unwrap_or(0);
        entity.insert("sequence".to_owned(), (last + 10_000).into());
    }
    Ok(())
}

fn round(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// Works out an invoice's totals from its lines.
fn total(world: &mut World, company: &str, invoice_id: &str) {
    let Some(page) = Page::named(Api::Standard, "salesInvoices") else { return };
    let Some(mut invoice) = world.get(page.set, invoice_id).and_then(Value::as_object).cloned() else {
        return;
    };
    let lines = world.all("salesInvoiceLines").filter(|(_, line)| line["documentId"] == invoice_id);
    let total = round(lines.filter_map(|(_, line)| line["amountIncludingTax"].as_f64()).sum());
    for name in ["totalAmountExcludingTax", "totalAmountIncludingTax", "remainingAmount"] {
        invoice.insert(name.to_owned(), json!(total));
    }
    entity::store(world, page, company, invoice_id, invoice);
}

fn draft(invoice: &Value) -> Result<(), Problem> {
    if invoice["status"] == "Draft" {
        return Ok(());
    }
    Err(Problem::dialog("The invoice has been posted and can no longer be changed."))
}

fn project(world: &World, page: &Page, company: &str, entity: &Map<String, Value>) -> Result<(), Problem> {
    required(entity, "jobNumber", "Job No.")?;
    let number = entity["jobNumber"].as_str().unwrap_or_default();
    match world.by_key("projects", &format!("{company}/{number}")).next() {
        Some(_) => Ok(()),
        None => Err(no_relation(page, "Job No.", number, "Job")),
    }
}

fn task(world: &World, page: &Page, company: &str, entity: &Map<String, Value>) -> Result<(), Problem> {
    required(entity, "jobTaskNumber", "Job Task No.")?;
    let part = |name: &str| entity[name].as_str().unwrap_or_default();
    let key = format!("{company}/{}/{}", part("jobNumber"), part("jobTaskNumber"));
    match world.by_key("jobTasks", &key).next() {
        Some(_) => Ok(()),
        None => Err(no_relation(page, "Job Task No.", part("jobTaskNumber"), "Job Task")),
    }
}

fn planning_line(world: &World, company: &str, entity: &mut Map<String, Value>) {
    if !entity.contains_key("lineNumber") {
        let same = |line: &&Value| {
            line[COMPANY] == company
                && line["jobNumber"] == entity["jobNumber"]
                && line["jobTaskNumber"] == entity["jobTaskNumber"]
        };
        let lines = world.all("jobPlanningLines").map(|(_, line)| line).filter(same);
        let last = lines.filter_map(|line| line["lineNumber"].as_i64()).max().unwrap_or(0);
        entity.insert("lineNumber".to_owned(), (last + 10_000).into());
    }
    if !entity.contains_key("lineAmount") {
        let number = |name: &str| entity.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        let amount = round(number("quantity") * number("unitPrice"));
        entity.insert("lineAmount".to_owned(), json!(amount));
    }
}

/// The entity of an id in a company.
pub(super) fn existing<'a>(
    world: &'a World,
    page: &Page,
    company: &str,
    id: &str,
) -> Result<&'a Value, Problem> {
    let found = world.get(page.set, &id.to_lowercase()).filter(|entity| entity[COMPANY] == company);
    found.ok_or_else(|| Problem::no_record(page, id))
}

/// PATCH on an entity.
pub(super) fn change(
    world: &mut World,
    request: &Request,
    page: &Page,
    company: &str,
    id: &str,
) -> Result<Response, Problem> {
    let present = existing(world, page, company, id)?;
    entity::check_etag(present, request.if_match())?;
    if page.set == "salesInvoices" {
        draft(present)?;
    }
    let id = present["id"].as_str().unwrap_or_default().to_owned();
    let mut entity = present.as_object().cloned().unwrap_or_default();
    let body = body(request)?;
    entity::apply(page, &mut entity, &body)?;
    if page.set == "salesInvoices" && body.contains_key("customerNumber") && !body.contains_key("customerId")
    {
        entity.remove("customerId");
    }
    if page.set == "jobPlanningLines"
        && !body.contains_key("lineAmount")
        && (body.contains_key("quantity") || body.contains_key("unitPrice"))
    {
        entity.remove("lineAmount");
    }
    complete(world, page, company, &mut entity)?;
    unique(world, page, &entity, Some(&id))?;
    let entity = entity::store(world, page, company, &id, entity);
    if page.set == "salesInvoiceLines" {
        total(world, company, entity["documentId"].as_str().unwrap_or_default());
    }
    subscriptions::notify(world, page, &entity, "updated");
    Ok(collection::single(world, request, page, company, StatusCode::OK, &entity))
}

/// DELETE on an entity. An ETag is heeded where one is sent.
pub(super) fn delete(
    world: &mut World,
    request: &Request,
    page: &Page,
    company: &str,
    id: &str,
) -> Result<Response, Problem> {
    let present = existing(world, page, company, id)?.clone();
    if request.if_match().is_some() {
        entity::check_etag(&present, request.if_match())?;
    }
    let dependent = |set: &str, field: &str, value: &Value| {
        world.all(set).any(|(_, one)| one[COMPANY] == company && one[field] == *value)
    };
    let in_use = match page.set {
        "customers" => dependent("salesInvoices", "customerId", &present["id"]),
        "projects" => dependent("jobPlanningLines", "jobNumber", &present["number"]),
        _ => false,
    };
    if in_use {
        let message = format!(
            "You cannot delete {} {} because there are entries for it.",
            page.table, present["number"]
        );
        return Err(Problem::dialog(message));
    }
    if page.set == "salesInvoices" {
        draft(&present)?;
    }
    entity::release(world, page, &present);
    world.remove(page.set, present["id"].as_str().unwrap_or_default());
    subscriptions::notify(world, page, &present, "deleted");
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

/// The bound action `Microsoft.NAV.post` of an invoice.
pub(super) fn post_invoice(
    world: &mut World,
    page: &Page,
    company: &str,
    id: &str,
) -> Result<Response, Problem> {
    let invoice = existing(world, page, company, id)?.clone();
    draft(&invoice)?;
    let id = invoice["id"].as_str().unwrap_or_default().to_owned();
    if !world.all("salesInvoiceLines").any(|(_, line)| line["documentId"] == id.as_str()) {
        return Err(Problem::dialog("There is nothing to post."));
    }
    let mut posted = invoice.as_object().cloned().unwrap_or_default();
    // A posted invoice gets a number of another series and keeps its id.
    let number = format!("PS-INV{}", 103_000 + world.next("series PS-INV"));
    posted.insert("number".to_owned(), number.into());
    posted.insert("status".to_owned(), "Open".into());
    let posted = entity::store(world, page, company, &id, posted);
    subscriptions::notify(world, page, &posted, "updated");
    Ok(Response::empty(StatusCode::NO_CONTENT))
}
