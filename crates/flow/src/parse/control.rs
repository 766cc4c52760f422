//! Tasks that steer: `switch`, `for`, `fork`, `try`, `raise`.

use super::check::{At, Check};
use super::tasks::Siblings;
use crate::expression::Template;
use crate::source::Kind as NodeKind;
use crate::task::{Backoff, Case, ErrorFilter, For, Kind, Raised, Retry, Try};

impl Check<'_> {
    pub(super) fn switch(&mut self, body: &At<'_>, siblings: &Siblings) -> Option<Kind> {
        let entries = self.entries(body)?;
        if entries.is_empty() {
            return self.expected(body, "at least one case");
        }
        let mut cases = Vec::with_capacity(entries.len());
        for (_, at) in entries {
            self.object(&at, "a case", &["when", "then"])?;
            let when = at.get("when").map(|w| self.expression(&w));
            let then = self.required(&at, "a case", "then").map(|t| self.then(&t, siblings));
            if let (Some(when), Some(then)) = (when.map_or(Some(None), |w| w.map(Some)), then) {
                cases.push(Case { when, then });
            }
        }
        Some(Kind::Switch(cases))
    }

    pub(super) fn for_(&mut self, at: &At<'_>, body: &At<'_>) -> Option<Kind> {
        self.object(body, "`for`", &["each", "in", "at"])?;
        let items = self.required(body, "`for`", "in").and_then(|items| match items.node.kind {
            NodeKind::Text(_) => self.expression(&items).map(Template::Expression),
            NodeKind::List(_) => self.template(&items),
            _ => self.expected(&items, "an expression or a list"),
        });
        let each = self.variable(body.get("each"), "item");
        let index = self.variable(body.get("at"), "index");
        if each == index {
            self.problem(body, format!("item and index are both named `{each}`"));
        }
        let (while_, list) = self.with_locals(vec![each, index], |check| {
            let while_ = at.get("while").and_then(|w| check.expression(&w));
            let list = check.required(at, "a `for` task", "do").and_then(|d| check.list(&d));
            (while_, list)
        });
        Some(Kind::For(Box::new(For { items: items?, while_, body: list? })))
    }

    pub(super) fn fork(&mut self, body: &At<'_>) -> Option<Kind> {
        self.object(body, "`fork`", &["branches", "compete"])?;
        let branches = self.required(body, "`fork`", "branches").and_then(|b| self.branches(&b));
        let compete = body.get("compete").map(|c| self.boolean(&c)).unwrap_or(Some(false));
        Some(Kind::Fork { branches: branches?, compete: compete? })
    }

    pub(super) fn try_(&mut self, at: &At<'_>, body: &At<'_>, siblings: &Siblings) -> Option<Kind> {
        let tried = self.list(body);
        let catch = self.required(at, "a `try` task", "catch")?;
        self.object(&catch, "`catch`", &["errors", "as", "when", "exceptWhen", "retry", "do", "then"])?;
        let filter = catch.get("errors").map(|e| self.error_filter(&e)).unwrap_or_default();
        let error = self.variable(catch.get("as"), "error");
        let then = catch.get("then").map(|t| self.then(&t, siblings));
        self.with_locals(vec![error], |check| {
            let when = catch.get("when").and_then(|w| check.expression(&w));
            let except_when = catch.get("exceptWhen").and_then(|w| check.expression(&w));
            let retry = catch.get("retry").map(|r| check.retry(&r));
            let handler = catch.get("do").map(|d| check.list(&d));
            let retry = retry.map_or(Some(None), |r| r.map(Some))?;
            let handler = handler.map_or(Some(None), |h| h.map(Some))?;
            Some(Kind::Try(Box::new(Try { body: tried?, filter, when, except_when, retry, handler, then })))
        })
    }

    fn error_filter(&mut self, at: &At<'_>) -> ErrorFilter {
        let mut filter = ErrorFilter::default();
        if self.object(at, "`errors`", &["with"]).is_none() {
            return filter;
        }
        let Some(with) = at.get("with") else { return filter };
        let known = ["type", "status", "instance", "title", "detail"];
        if self.object(&with, "an error filter", &known).is_none() {
            return filter;
        }
        let mut text = |name: &str| with.get(name).and_then(|t| self.text(&t)).map(str::to_owned);
        filter.type_ = text("type");
        filter.title = text("title");
        filter.detail = text("detail");
        filter.instance = text("instance");
        filter.status = with.get("status").and_then(|s| self.whole(&s));
        filter
    }

    /// A policy, or the name of one in `use.retries`.
    fn retry(&mut self, at: &At<'_>) -> Option<Retry> {
        if let Some(name) = at.node.as_text() {
            let found = self.reusable(at, "retries", name)?;
            self.retries_used.insert(name.to_owned());
            return self.retry_policy(&found);
        }
        self.retry_policy(at)
    }

    pub(super) fn retry_policy(&mut self, at: &At<'_>) -> Option<Retry> {
        self.object(at, "a retry policy", &["when", "exceptWhen", "delay", "backoff", "limit", "jitter"])?;
        let mut retry = Retry {
            when: at.get("when").and_then(|w| self.expression(&w)),
            except_when: at.get("exceptWhen").and_then(|w| self.expression(&w)),
            delay: at.get("delay").and_then(|d| self.duration(&d)),
            ..Retry::default()
        };
        if let Some(backoff) = at.get("backoff") {
            self.object(&backoff, "`backoff`", &["constant", "linear", "exponential"])?;
            let mut given = backoff.members();
            retry.backoff = match (given.next().map(|(m, _)| m.key.as_str()), given.next()) {
                (Some("linear"), None) => Backoff::Linear,
                (Some("exponential"), None) => Backoff::Exponential,
                (Some("constant"), None) => Backoff::Constant,
                _ => return self.expected(&backoff, "one of constant, linear, exponential"),
            };
        }
        if let Some(limit) = at.get("limit") {
            self.object(&limit, "`limit`", &["attempt", "duration"])?;
            retry.total = limit.get("duration").and_then(|d| self.duration(&d));
            if let Some(attempt) = limit.get("attempt") {
                self.object(&attempt, "`limit.attempt`", &["count", "duration"])?;
                retry.count = attempt.get("count").and_then(|c| self.whole(&c));
                retry.attempt = attempt.get("duration").and_then(|d| self.duration(&d));
            }
        }
        if let Some(jitter) = at.get("jitter") {
            self.object(&jitter, "`jitter`", &["from", "to"])?;
            let from = self.required(&jitter, "`jitter`", "from").and_then(|d| self.duration(&d));
            let to = self.required(&jitter, "`jitter`", "to").and_then(|d| self.duration(&d));
            retry.jitter = Some((from?, to?));
        }
        Some(retry)
    }

    pub(super) fn raise(&mut self, body: &At<'_>) -> Option<Kind> {
        self.object(body, "`raise`", &["error"])?;
        let error = self.required(body, "`raise`", "error")?;
        let raised = match error.node.as_text() {
            Some(name) => {
                let found = self.reusable(&error, "errors", name)?;
                self.error(&found)
            }
            None => self.error(&error),
        };
        raised.map(|r| Kind::Raise(Box::new(r)))
    }

    pub(super) fn error(&mut self, at: &At<'_>) -> Option<Raised> {
        self.object(at, "an error", &["type", "status", "title", "detail", "instance"])?;
        let type_ = self.required(at, "an error", "type").and_then(|t| self.text_template(&t));
        let status = self.required(at, "an error", "status").and_then(|s| {
            let status = self.whole(&s)?;
            match u16::try_from(status) {
                Ok(status @ 100..=999) => Some(status),
                _ => self.expected(&s, "a status between 100 and 999"),
            }
        });
        let mut part = |name: &str| at.get(name).and_then(|t| self.text_template(&t));
        let (title, detail, instance) = (part("title"), part("detail"), part("instance"));
        Some(Raised { type_: type_?, status: status?, title, detail, instance })
    }
}
