//! Words, quoted text, numbers and signs of a filter language.

use serde_json::{Number, Value};

/// One piece of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name, keyword, date or anything else written without quotes.
    Word(String),
    /// Text in quotes, without them.
    Quoted(String),
    Number(Number),
    /// `(`, `)`, `,`, `[`, `]`, `*` or a comparison such as `<=`.
    Sign(String),
}

/// The pieces of a filter, read from the front.
#[derive(Debug)]
pub(crate) struct Tokens {
    rest: std::collections::VecDeque<Token>,
}

impl Tokens {
    /// Cuts `text` into pieces; the error is what could not be read.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut rest = std::collections::VecDeque::new();
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        while let Some(&first) = characters.get(at) {
            let (token, next) = match first {
                first if first.is_whitespace() => {
                    at += 1;
                    continue;
                }
                '\'' | '"' => quoted(&characters, at)?,
                '(' | ')' | ',' | '[' | ']' | '*' | ';' => (Token::Sign(first.into()), at + 1),
                '<' | '>' | '=' | '!' => sign(&characters, at),
                _ => word(&characters, at),
            };
            rest.push_back(token);
            at = next;
        }
        Ok(Self { rest })
    }

    /// Takes the next piece.
    pub(crate) fn next(&mut self) -> Option<Token> {
        self.rest.pop_front()
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next piece when it is the word, in any case.
    pub(crate) fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.rest.front(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        if found {
            self.rest.pop_front();
        }
        found
    }

    /// Takes the next piece when it is the sign.
    pub(crate) fn take_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.rest.front(), Some(Token::Sign(sign)) if sign == wanted);
        if found {
            self.rest.pop_front();
        }
        found
    }

    /// Takes the next piece, which must be a word.
    pub(crate) fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(format!("a name was expected, found {}", shown(other.as_ref()))),
        }
    }

    /// Takes the next piece, which must be the sign.
    pub(crate) fn sign(&mut self, wanted: &str) -> Result<(), String> {
        if self.take_sign(wanted) {
            return Ok(());
        }
        Err(format!("'{wanted}' was expected, found {}", shown(self.rest.front())))
    }

    /// Takes the next piece as a value: quoted text, a number, true, false, null or a bare word.
    pub(crate) fn value(&mut self) -> Result<Value, String> {
        match self.next() {
            Some(Token::Quoted(text)) => Ok(Value::String(text)),
            Some(Token::Number(number)) => Ok(Value::Number(number)),
            Some(Token::Word(word)) => Ok(match word.to_ascii_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            }),
            other => Err(format!("a value was expected, found {}", shown(other.as_ref()))),
        }
    }
}

fn shown(token: Option<&Token>) -> String {
    match token {
        None => "the end".to_owned(),
        Some(Token::Word(text) | Token::Sign(text)) => format!("'{text}'"),
        Some(Token::Quoted(text)) => format!("text '{text}'"),
        Some(Token::Number(number)) => format!("number {number}"),
    }
}

/// Quoted text; the quote doubled, or after a backslash, stands for itself.
fn quoted(characters: &[char], start: usize) -> Result<(Token, usize), String> {
    let quote = characters[start];
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(&letter) = characters.get(at) {
        let following = characters.get(at + 1).copied();
        if letter == quote && following == Some(quote) || letter == '\\' && following == Some(quote) {
            text.push(quote);
            at += 2;
        } else if letter == quote {
            return Ok((Token::Quoted(text), at + 1));
        } else {
            text.push(letter);
            at += 1;
        }
    }
    Err(format!("the quote opened at character {} is not closed", start + 1))
}

fn sign(characters: &[char], start: usize) -> (Token, usize) {
    let pair: String = characters[start..].iter().take(2).collect();
    if ["<=", ">=", "<>", "!="].contains(&pair.as_str()) {
        (Token::Sign(pair), start + 2)
    } else {
        (Token::Sign(characters[start].into()), start + 1)
    }
}

fn word(characters: &[char], start: usize) -> (Token, usize) {
    let ends = |letter: &char| letter.is_whitespace() || "()[],'\"<>=!*;".contains(*letter);
    let length = characters[start..].iter().position(ends).unwrap_or(characters.len() - start);
    let text: String = characters[start..start + length].iter().collect();
    let digits = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let token = match text.parse::<Number>() {
        Ok(number) if digits => Token::Number(number),
        _ => Token::Word(text),
    };
    (token, start + length.max(1))
}
