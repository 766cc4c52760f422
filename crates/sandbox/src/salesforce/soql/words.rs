//! The words of a query.

use super::super::problem::Problem;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, keyword, number or date.
    Word(String),
    Text(String),
    Sign(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) token: Token,
    /// Counted from one, as messages do.
    pub(super) column: usize,
}

const SIGNS: [&str; 11] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ";"];

pub(super) fn split(text: &str) -> Result<Vec<Word>, Problem> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let column = text.len() - rest.len() + 1;
        if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if first == '\'' {
            let (literal, after) = quoted(&rest[1..])?;
            words.push(Word { token: Token::Text(literal), column });
            rest = after;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            words.push(Word { token: Token::Sign(sign), column });
            rest = &rest[sign.len()..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "'<>=!(),;".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(Problem::bad(
                    "MALFORMED_QUERY",
                    format!("line 1:{} no viable alternative at character '{first}'", column - 1),
                ));
            }
            words.push(Word { token: Token::Word(rest[..end].to_owned()), column });
            rest = &rest[end..];
        }
    }
    Ok(words)
}

/// The text up to the closing quote, escapes resolved, and what follows.
fn quoted(text: &str) -> Result<(String, &str), Problem> {
    let mut literal = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Ok((literal, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => literal.push('\n'),
                Some((_, 'r')) => literal.push('\r'),
                Some((_, 't')) => literal.push('\t'),
                // LIKE reads these itself.
                Some((_, wildcard @ ('%' | '_'))) => literal.extend(['\\', wildcard]),
                Some((_, other)) => literal.push(other),
                None => break,
            },
            other => literal.push(other),
        }
    }
    Err(Problem::bad("MALFORMED_QUERY", "unterminated string literal"))
}
