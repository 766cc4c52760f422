//! Microsoft Dynamics 365 Business Central: API v2.0 and an extension's API for project tasks and planning lines.
//!
//! Behaves as the vendor documents, in particular where that surprises
//! - There is no external id and no upsert: a number is unique, and posting it again is refused.
//! - A change needs If-Match, and a stale one is refused.
//! - API v2.0 knows four fields of a project and nothing below it; without the extension its path answers 404.
//! - A subscriber that answers anything but success, 408, 429 or 5xx loses its subscription.
//!
//! Deliberately absent: `$batch`, dimensions, items and accounts, taxes, `$metadata`.

mod collection;
mod entity;
mod filter;
mod furniture;
mod pages;
mod problem;
mod subscriptions;
mod writing;

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::courier::{Delivery, Outcome};
use crate::exchange::{Request, Response};
use crate::faults::Refusal;
use crate::oauth::{entra, tokens};
use crate::simulator::{Collection, Handshake, Simulator};
use crate::world::{REQUESTS, World};
use pages::{Api, Page};
use problem::Problem;

const ENVIRONMENT: &str = "Production";
const REGISTRATION: entra::Registration = entra::Registration {
    tenant: "6f1d3a52-8b0e-4c55-9d27-0c5f3d1e7a90",
    client_id: "throughline-sandbox-business-central",
    client_secret: "throughline-sandbox-business-central-secret",
    resource: "https://api.businesscentral.dynamics.com",
};

/// Requests of a user at work or queued.
const IN_FLIGHT_MAX: usize = 100;
/// Requests of a user in a window.
const REQUESTS_PER_WINDOW_MAX: u64 = 6_000;
const WINDOW_S: i64 = 300;

/// The simulator.
#[derive(Debug, Clone, Copy)]
pub struct BusinessCentral {
    delivery_extension: bool,
}

impl Default for BusinessCentral {
    fn default() -> Self {
        Self { delivery_extension: true }
    }
}

impl BusinessCentral {
    /// An environment where the extension with the delivery API is not installed.
    #[must_use]
    pub fn without_delivery_extension() -> Self {
        Self { delivery_extension: false }
    }
}

fn page_key(set: &str, entity: &Value) -> Option<String> {
    let page = pages::PAGES.iter().find(|page| page.set == set)?;
    Some(entity::key(page, entity))
}

/// A planning line's number is unique anyway; what must be there once is the foreign line that it stands for.
fn planning_line_key(_: &str, line: &Value) -> Option<String> {
    match line["throughlineId"].as_str().filter(|foreign| !foreign.is_empty()) {
        Some(foreign) => Some(format!("{}/{foreign}", line[entity::COMPANY].as_str().unwrap_or_default())),
        None => page_key("jobPlanningLines", line),
    }
}

const COLLECTIONS: &[Collection] = &[
    Collection { name: "companies", key: |_, company| company["name"].as_str().map(str::to_owned) },
    Collection { name: "customers", key: |_, entity| page_key("customers", entity) },
    Collection { name: "projects", key: |_, entity| page_key("projects", entity) },
    Collection { name: "salesInvoices", key: |_, entity| page_key("salesInvoices", entity) },
    Collection { name: "salesInvoiceLines", key: |_, entity| page_key("salesInvoiceLines", entity) },
    Collection { name: "jobTasks", key: |_, entity| page_key("jobTasks", entity) },
    Collection { name: "jobPlanningLines", key: planning_line_key },
    Collection { name: subscriptions::SUBSCRIPTIONS, key: |_, _| None },
];

impl Simulator for BusinessCentral {
    fn product(&self) -> &'static str {
        "business-central"
    }

    fn name(&self) -> &'static str {
        "erp-emea"
    }

    fn settings(&self) -> Value {
        json!({
            "tenant": REGISTRATION.tenant, "environment": ENVIRONMENT, "companies": furniture::company_ids(),
            "planningLinesApi": "throughline/delivery/v1.0",
        })
    }

    fn credentials(&self) -> BTreeMap<String, String> {
        [("clientId", REGISTRATION.client_id), ("clientSecret", REGISTRATION.client_secret)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn collections(&self) -> &'static [Collection] {
        COLLECTIONS
    }

    fn furnish(&self, world: &mut World) {
        furniture::furnish(world);
    }

    fn handshake(&self, world: &World, request: &Request) -> Option<Handshake> {
        let authorised = matches!(tokens::check(world, request), tokens::Standing::Valid(_));
        match self.place(request).ok()? {
            Place::Subscriptions(id) if authorised => subscriptions::handshake(world, request, id.as_deref()),
            _ => None,
        }
    }

    fn handle(&self, world: &mut World, request: &Request) -> Response {
        if let Some(token) = REGISTRATION.token(world, request) {
            return token;
        }
        if !matches!(tokens::check(world, request), tokens::Standing::Valid(_)) {
            return unauthorized();
        }
        if request.in_flight > IN_FLIGHT_MAX || is_too_fast(world) {
            return Problem::throttled().response();
        }
        self.place(request).and_then(|place| answer(world, request, place)).unwrap_or_else(Response::from)
    }

    fn refuse(&self, world: &mut World, request: &Request, refusal: Refusal) -> Option<Response> {
        match refusal {
            Refusal::Throttled { retry_after_s } => {
                let response = Problem::throttled().response();
                Some(match retry_after_s {
                    Some(seconds) => response.with("retry-after", &seconds.to_string()),
                    None => response,
                })
            }
            Refusal::Unavailable { status } => Some(Problem::unavailable(status).response()),
            Refusal::TokenExpired => tokens::invalidate(world, request).then(unauthorized),
            Refusal::StaleEtag => {
                let conditional = request.if_match().is_some_and(|held| held != "*");
                conditional.then(|| Problem::changed().response())
            }
        }
    }

    fn delivered(&self, world: &mut World, delivery: &Delivery, outcome: Outcome) -> Option<Duration> {
        subscriptions::delivered(world, delivery, outcome)
    }
}

/// The service root of an API, as notifications name it.
fn service_of(api: Api) -> &'static str {
    match api {
        Api::Standard => "api/v2.0",
        Api::Delivery => "api/throughline/delivery/v1.0",
    }
}

fn unauthorized() -> Response {
    let challenge = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/""#;
    Problem::credentials().response().with("www-authenticate", challenge)
}

/// Whether the user has used up this window's requests.
fn is_too_fast(world: &mut World) -> bool {
    let window = world.now().as_second() / WINDOW_S;
    let total = world.count(REQUESTS);
    let from = match world.get("_window", "user").filter(|known| known["window"] == window) {
        Some(known) => known["from"].as_u64().unwrap_or(0),
        None => {
            world.put("_window", "user", json!({"window": window, "from": total}));
            total
        }
    };
    total.saturating_sub(from) > REQUESTS_PER_WINDOW_MAX
}

/// What a path names.
#[derive(Debug)]
enum Place {
    Companies(Option<String>),
    Subscriptions(Option<String>),
    Entities { page: &'static Page, company: String, id: Option<String>, rest: Option<String> },
}

impl BusinessCentral {
    /// `/v2.0/{tenant}/{environment}/api/...`
    fn place(&self, request: &Request) -> Result<Place, Problem> {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["v2.0", tenant, environment, "api", rest @ ..] = segments.as_slice() else {
            return Err(Problem::no_segment(segments.first().copied().unwrap_or_default()));
        };
        if *tenant != REGISTRATION.tenant || !environment.eq_ignore_ascii_case(ENVIRONMENT) {
            let message = format!("The environment {environment} of tenant {tenant} does not exist.");
            return Err(Problem::new(StatusCode::NOT_FOUND, "Internal_TenantNotFound", message));
        }
        let (api, rest) = match rest {
            ["v2.0", rest @ ..] => (Api::Standard, rest),
            ["throughline", "delivery", "v1.0", rest @ ..] if self.delivery_extension => {
                (Api::Delivery, rest)
            }
            [first, ..] => return Err(Problem::no_segment(first)),
            [] => return Err(Problem::no_segment("api")),
        };
        let Some((first, rest)) = rest.split_first() else { return Err(Problem::no_segment("$metadata")) };
        let (name, id) = keyed(first);
        match (name, id, rest) {
            ("subscriptions", id, []) => {
                Ok(Place::Subscriptions(id.map(|id| id.trim_matches('\'').to_owned())))
            }
            ("companies", id, []) => Ok(Place::Companies(id.map(str::to_owned))),
            ("companies", Some(company), [second, rest @ ..]) => {
                let (set, id) = keyed(second);
                let page = Page::named(api, set).ok_or_else(|| Problem::no_segment(set))?;
                let rest = match rest {
                    [] => None,
                    [action] => Some((*action).to_owned()),
                    [_, more, ..] => return Err(Problem::no_segment(more)),
                };
                Ok(Place::Entities { page, company: company.to_lowercase(), id: id.map(str::to_owned), rest })
            }
            _ => Err(Problem::no_segment(name)),
        }
    }
}

/// A segment's name and the key in brackets behind it.
fn keyed(segment: &str) -> (&str, Option<&str>) {
    match segment.split_once('(') {
        Some((name, key)) => (name, key.strip_suffix(')')),
        None => (segment, None),
    }
}

fn answer(world: &mut World, request: &Request, place: Place) -> Result<Response, Problem> {
    match place {
        Place::Subscriptions(id) => subscriptions::serve(world, request, id.as_deref()),
        Place::Companies(id) => companies(world, request, id.as_deref()),
        Place::Entities { page, company, id, rest } => {
            world.get("companies", &company).ok_or_else(Problem::no_company)?;
            entities(world, request, page, &company, id.as_deref(), rest.as_deref())
        }
    }
}

fn companies(world: &World, request: &Request, id: Option<&str>) -> Result<Response, Problem> {
    let context = |suffix: &str| {
        let service = request.path.split("/companies").next().unwrap_or_default();
        format!("{}{service}/$metadata#companies{suffix}", request.base_url)
    };
    if request.method != Method::GET {
        return Err(not_allowed(request, "companies"));
    }
    match id {
        None => {
            let value: Vec<&Value> = world.all("companies").map(|(_, company)| company).collect();
            Ok(collection::odata(StatusCode::OK, &json!({"@odata.context": context(""), "value": value})))
        }
        Some(id) => {
            let mut company =
                world.get("companies", &id.to_lowercase()).cloned().ok_or_else(Problem::no_company)?;
            company["@odata.context"] = context("/$entity").into();
            Ok(collection::odata(StatusCode::OK, &company))
        }
    }
}

fn entities(
    world: &mut World,
    request: &Request,
    page: &'static Page,
    company: &str,
    id: Option<&str>,
    rest: Option<&str>,
) -> Result<Response, Problem> {
    match (&request.method, id, rest) {
        (&Method::GET, None, None) => collection::list(world, request, page, company, None),
        (&Method::POST, None, None) => writing::create(world, request, page, company, None),
        (&Method::GET, Some(id), None) => {
            let entity = writing::existing(world, page, company, id)?;
            Ok(collection::single(world, request, page, company, StatusCode::OK, entity))
        }
        (&Method::PATCH, Some(id), None) => writing::change(world, request, page, company, id),
        (&Method::DELETE, Some(id), None) => writing::delete(world, request, page, company, id),
        (&Method::POST, Some(id), Some("Microsoft.NAV.post")) if page.set == "salesInvoices" => {
            writing::post_invoice(world, page, company, id)
        }
        (method, Some(id), Some("salesInvoiceLines")) if page.set == "salesInvoices" => {
            let id =
                writing::existing(world, page, company, id)?["id"].as_str().unwrap_or_default().to_owned();
            let lines = Page::named(Api::Standard, "salesInvoiceLines")
                .ok_or_else(|| Problem::no_segment("salesInvoiceLines"))?;
            let within = Some(("documentId", id.as_str()));
            match *method {
                Method::GET => collection::list(world, request, lines, company, within),
                Method::POST => writing::create(world, request, lines, company, within),
                _ => Err(not_allowed(request, lines.set)),
            }
        }
        (_, _, Some(segment)) => Err(Problem::no_segment(segment)),
        _ => Err(not_allowed(request, page.set)),
    }
}

fn not_allowed(request: &Request, set: &str) -> Problem {
    let message = format!("'{}' requests for '{set}' of EdmType 'Entity' are not allowed.", request.method);
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BadRequest_MethodNotAllowed", message)
}
