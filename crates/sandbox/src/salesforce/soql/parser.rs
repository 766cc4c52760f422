//! From text to a [`Query`].

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::super::problem::Problem;
use super::super::value::instant;
use super::words::{Token, Word, split};
use super::{Condition, Item, Literal, Operator, Order, Path, Query};

/// The deepest nesting of parentheses that is read.
const DEPTH_MAX: usize = 30;

/// Reads a query; relative dates (`TODAY`) are reckoned from `now`.
pub(in super::super) fn parse(text: &str, now: Timestamp) -> Result<Query, Problem> {
    let mut reader = Reader { words: split(text)?, at: 0, now, depth: 0 };
    let query = reader.query()?;
    match reader.peek() {
        None => Ok(query),
        Some(_) => Err(reader.unexpected()),
    }
}

struct Reader {
    words: Vec<Word>,
    at: usize,
    now: Timestamp,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.words.get(self.at).map(|word| &word.token)
    }

    fn column(&self) -> usize {
        self.words.get(self.at).map_or(0, |word| word.column)
    }

    fn unexpected(&self) -> Problem {
        let shown = match self.peek() {
            None => "<EOF>".to_owned(),
            Some(Token::Word(word) | Token::Text(word)) => word.clone(),
            Some(Token::Sign(sign)) => (*sign).to_owned(),
        };
        Problem::bad("MALFORMED_QUERY", format!("unexpected token: '{shown}'"))
    }

    fn is(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let there = self.is(keyword);
        self.at += usize::from(there);
        there
    }

    fn sign(&mut self, sign: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, keyword: &str) -> Result<(), Problem> {
        if self.take(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Problem> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn word(&mut self) -> Result<String, Problem> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Problem::bad("MALFORMED_QUERY", "query is too complicated"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn query(&mut self) -> Result<Query, Problem> {
        self.expect("SELECT")?;
        let mut select = vec![self.item()?];
        while self.sign(",") {
            select.push(self.item()?);
        }
        self.expect("FROM")?;
        let from = self.word()?;
        let condition = if self.take("WHERE") { Some(self.condition()?) } else { None };
        let order = if self.take("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.take("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.take("OFFSET") { self.count()? } else { 0 };
        Ok(Query { select, from, condition, order, limit, offset })
    }

    fn item(&mut self) -> Result<Item, Problem> {
        if self.sign("(") {
            let children = self.deeper(Self::query)?;
            self.expect_sign(")")?;
            return Ok(Item::Children(Box::new(children)));
        }
        let path = self.path()?;
        if self.sign("(") {
            self.expect_sign(")")?;
            return match path.parts.as_slice() {
                [name] if name.eq_ignore_ascii_case("count") => Ok(Item::Count),
                _ => Err(self.unexpected()),
            };
        }
        Ok(Item::Path(path))
    }

    fn path(&mut self) -> Result<Path, Problem> {
        let column = self.column();
        let word = self.word()?;
        Ok(Path { parts: word.split('.').map(str::to_owned).collect(), column })
    }

    /// Conditions joined by AND or by OR; the two are not mixed without parentheses.
    fn condition(&mut self) -> Result<Condition, Problem> {
        let first = self.part()?;
        let joint = ["AND", "OR"].into_iter().find(|word| self.is(word));
        let Some(joint) = joint else { return Ok(first) };
        let mut parts = vec![first];
        while self.take(joint) {
            parts.push(self.part()?);
        }
        if self.is("AND") || self.is("OR") {
            return Err(self.unexpected());
        }
        Ok(if joint == "AND" { Condition::All(parts) } else { Condition::Any(parts) })
    }

    fn part(&mut self) -> Result<Condition, Problem> {
        if self.take("NOT") {
            return Ok(Condition::Not(Box::new(self.deeper(Self::part)?)));
        }
        if self.sign("(") {
            let inner = self.deeper(Self::condition)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        let path = self.path()?;
        let operator = self.operator()?;
        let literals = if matches!(operator, Operator::In | Operator::NotIn) {
            self.expect_sign("(")?;
            let mut literals = vec![self.literal()?];
            while self.sign(",") {
                literals.push(self.literal()?);
            }
            self.expect_sign(")")?;
            literals
        } else {
            vec![self.literal()?]
        };
        Ok(Condition::Test(path, operator, literals))
    }

    fn operator(&mut self) -> Result<Operator, Problem> {
        const SIGNS: [(&str, Operator); 7] = [
            ("=", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<>", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
            (">=", Operator::GreaterOrEqual),
            (">", Operator::Greater),
        ];
        for (sign, operator) in SIGNS {
            if self.sign(sign) {
                return Ok(operator);
            }
        }
        if self.take("LIKE") {
            return Ok(Operator::Like);
        }
        if self.take("IN") {
            return Ok(Operator::In);
        }
        self.expect("NOT")?;
        self.expect("IN")?;
        Ok(Operator::NotIn)
    }

    fn literal(&mut self) -> Result<Literal, Problem> {
        if let Some(Token::Text(text)) = self.peek() {
            let text = text.clone();
            self.at += 1;
            return Ok(Literal::Text(text));
        }
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let literal = self.bare(word).ok_or_else(|| self.unexpected())?;
        self.at += 1;
        Ok(literal)
    }

    fn bare(&self, word: &str) -> Option<Literal> {
        let upper = word.to_ascii_uppercase();
        let today = self.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = |prefix: &str| upper.strip_prefix(prefix)?.parse::<i64>().ok();
        match upper.as_str() {
            "NULL" => return Some(Literal::Null),
            "TRUE" => return Some(Literal::Boolean(true)),
            "FALSE" => return Some(Literal::Boolean(false)),
            "TODAY" => return Some(Literal::Date(today)),
            "YESTERDAY" => return today.yesterday().ok().map(Literal::Date),
            "TOMORROW" => return today.tomorrow().ok().map(Literal::Date),
            _ => {}
        }
        if let Some(back) = days("LAST_N_DAYS:") {
            return today.checked_sub(back.days()).ok().map(Literal::Date);
        }
        if let Some(on) = days("NEXT_N_DAYS:") {
            return today.checked_add(on.days()).ok().map(Literal::Date);
        }
        if word.len() > 10 && word.contains('T') {
            return instant(word).map(Literal::Moment);
        }
        if let Ok(date) = word.parse::<Date>() {
            return Some(Literal::Date(date));
        }
        word.parse().ok().filter(|number: &f64| number.is_finite()).map(Literal::Number)
    }

    fn order(&mut self) -> Result<Vec<Order>, Problem> {
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            let path = self.path()?;
            let descending = self.take("DESC");
            if !descending {
                self.take("ASC");
            }
            let nulls_last = self.take("NULLS") && {
                let last = self.take("LAST");
                if !last {
                    self.expect("FIRST")?;
                }
                last
            };
            order.push(Order { path, descending, nulls_last });
            if !self.sign(",") {
                return Ok(order);
            }
        }
    }

    fn count(&mut self) -> Result<usize, Problem> {
        let refused = self.unexpected();
        self.word()?.parse().map_err(|_| refused)
    }
}
