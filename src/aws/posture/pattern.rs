//! CloudWatch Logs filter patterns for JSON events, decided by what they match and not by how they are spelled.
//!
//! A pattern counts root's use when it matches every event of a root user (`userIdentity.type` is `Root`, no service
//! acted for it, and it is no `AwsServiceEvent`): [`super::model`] tries them all. One that must match and does not is
//! the proof that a pattern is wrong, and is shown.

use super::model::{Event, Example, Observed, Own, Trial, Trials, like};
use std::fmt;

/// A pattern, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `a && b`
    And(Vec<Pattern>),
    /// `a || b`
    Or(Vec<Pattern>),
    /// One comparison.
    Test(Test),
}

/// One comparison of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The field, without `$.`: `userIdentity.type`.
    pub field: String,
    /// What is asked of it.
    pub is: Condition,
}

/// What may be asked of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `= text`, where `*` stands for anything.
    Equals(String),
    /// `!= text`
    Differs(String),
    /// `EXISTS`
    Exists,
    /// `NOT EXISTS`
    Missing,
    /// `IS NULL`
    Null,
    /// `IS TRUE`, `IS FALSE`
    Is(bool),
    /// `<`, `<=`, `>`, `>=`, with the number as it is written.
    Ordered(Order, String),
}

/// A numeric comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why a pattern cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJudged {
    /// It is none of the JSON pattern language, from this byte on.
    #[error("the pattern cannot be read from character {0} on")]
    Syntax(usize),
    /// It uses what is not modelled here: regular expressions, names with a dot or a bracket in them.
    #[error("the pattern uses what is not modelled here")]
    Unmodelled,
    /// The filter takes only events of which its selection criteria hold.
    #[error("the filter has selection criteria")]
    Selection,
    /// The filter looks at what the log group's transformer has made of the events.
    #[error("the filter looks at transformed events")]
    Transformed,
    /// It compares too many fields to try everything.
    #[error("the pattern compares too many fields")]
    TooManyFields,
}

/// What a pattern does with root's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// It matches all of them, and nothing of anybody else. `assumed`: those of AssumeRoot sessions too.
    Root {
        /// Sessions of AssumeRoot are counted as well.
        assumed: bool,
    },
    /// It matches all of them, and events that are not root's: the fields of one.
    Noisy(Example),
    /// It misses some: the fields of one.
    Misses(Example),
}

/// Nesting at most.
const MAX_DEPTH: usize = 32;

impl Pattern {
    /// Reads a pattern: `{ … }`.
    pub fn parse(text: &str) -> Result<Self, NotJudged> {
        let mut parser = Parser { text, at: 0 };
        parser.expect("{")?;
        let pattern = parser.or(0)?;
        parser.expect("}")?;
        parser.space();
        if parser.at == text.len() { Ok(pattern) } else { Err(NotJudged::Syntax(parser.at)) }
    }

    /// What it does with the events of this account's root user.
    pub fn coverage(&self, own: &Own) -> Result<Coverage, NotJudged> {
        // How Logs compares a field that is not there with `!=` is not documented: a pattern must be right either way.
        let (strict, lenient) = (self.coverage_with(own, false)?, self.coverage_with(own, true)?);
        Ok(if rank(&strict) >= rank(&lenient) { strict } else { lenient })
    }

    fn coverage_with(&self, own: &Own, differs_when_missing: bool) -> Result<Coverage, NotJudged> {
        let mut trials = Trials::of(own);
        self.each(&mut |test| trials.constants(&test.field, constants(&test.is)));
        let seen = trials.each(|event| self.matches(event, differs_when_missing), |seen| seen.misses.is_some())?;
        Ok(match seen {
            Observed { misses: Some(event), .. } => Coverage::Misses(event),
            Observed { noisy: Some(event), .. } => Coverage::Noisy(event),
            Observed { assumed, .. } => Coverage::Root { assumed },
        })
    }

    fn each(&self, visit: &mut impl FnMut(&Test)) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|pattern| pattern.each(visit)),
            Self::Test(test) => visit(test),
        }
    }

    fn matches(&self, event: &Event<'_>, differs_when_missing: bool) -> bool {
        match self {
            Self::And(all) => all.iter().all(|pattern| pattern.matches(event, differs_when_missing)),
            Self::Or(all) => all.iter().any(|pattern| pattern.matches(event, differs_when_missing)),
            Self::Test(test) => {
                let value = event.get(test.field.as_str()).copied().unwrap_or(&Trial::Missing);
                holds(&test.is, value, differs_when_missing)
            }
        }
    }
}

fn rank(coverage: &Coverage) -> u8 {
    match coverage {
        Coverage::Root { assumed: true } => 0,
        Coverage::Root { assumed: false } => 1,
        Coverage::Noisy(_) => 2,
        Coverage::Misses(_) => 3,
    }
}

/// The values that a comparison makes a difference between.
fn constants(is: &Condition) -> Vec<String> {
    match is {
        Condition::Equals(text) | Condition::Differs(text) => vec![text.clone()],
        Condition::Ordered(_, number) => {
            let beside =
                number.parse::<f64>().ok().map(|number| [number - 1.0, number + 1.0].map(|one| one.to_string()));
            std::iter::once(number.clone()).chain(beside.into_iter().flatten()).collect()
        }
        Condition::Exists | Condition::Missing | Condition::Null | Condition::Is(_) => Vec::new(),
    }
}

fn holds(condition: &Condition, value: &Trial, differs_when_missing: bool) -> bool {
    let as_text = match value {
        Trial::Text(text) => Some(text.clone()),
        Trial::Bool(value) => Some(value.to_string()),
        Trial::Missing | Trial::Null => None,
    };
    match condition {
        Condition::Equals(pattern) => as_text.is_some_and(|text| like(pattern, &text)),
        Condition::Differs(pattern) => as_text.map_or(differs_when_missing, |text| !like(pattern, &text)),
        Condition::Exists => *value != Trial::Missing,
        Condition::Missing => *value == Trial::Missing,
        Condition::Null => *value == Trial::Null,
        Condition::Is(wanted) => *value == Trial::Bool(*wanted) || as_text.as_deref() == Some(&wanted.to_string()),
        Condition::Ordered(order, bound) => {
            let numbers = as_text.and_then(|text| Some((text.parse::<f64>().ok()?, bound.parse::<f64>().ok()?)));
            numbers.is_some_and(|(value, bound)| match order {
                Order::Less => value < bound,
                Order::LessOrEqual => value <= bound,
                Order::Greater => value > bound,
                Order::GreaterOrEqual => value >= bound,
            })
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eats(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// A word of the language, in any case, that ends where words end.
    fn eats_word(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !rest.get(word.len()..).is_some_and(|after| after.starts_with(|c: char| c.is_alphanumeric()));
        if found {
            self.at += word.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), NotJudged> {
        if self.eats(token) { Ok(()) } else { Err(NotJudged::Syntax(self.at)) }
    }

    fn or(&mut self, depth: usize) -> Result<Pattern, NotJudged> {
        let mut all = vec![self.and(depth)?];
        while self.eats("||") {
            all.push(self.and(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Pattern::Or(all) })
    }

    fn and(&mut self, depth: usize) -> Result<Pattern, NotJudged> {
        let mut all = vec![self.term(depth)?];
        while self.eats("&&") {
            all.push(self.term(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Pattern::And(all) })
    }

    fn term(&mut self, depth: usize) -> Result<Pattern, NotJudged> {
        if depth > MAX_DEPTH {
            return Err(NotJudged::TooManyFields);
        }
        if self.eats("(") {
            let inner = self.or(depth + 1)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let field = self.field()?;
        Ok(Pattern::Test(Test { field, is: self.condition()? }))
    }

    /// `$.a.b`, `$.a[0].b`, `$['a']['b']`: as `a.b`.
    fn field(&mut self) -> Result<String, NotJudged> {
        self.expect("$")?;
        let mut field = String::new();
        loop {
            if self.rest().starts_with("['") || self.rest().starts_with("[\"") {
                let quote = self.rest().chars().nth(1).unwrap_or_default();
                self.at += 2;
                let name = self.until(quote)?;
                self.expect("]")?;
                // `$['userIdentity.type']` is one name with a dot in it, which no event of CloudTrail's has.
                if name.contains(['.', '[']) {
                    return Err(NotJudged::Unmodelled);
                }
                push(&mut field, &name);
            } else if self.rest().starts_with('[') {
                self.at += 1;
                let start = self.at;
                let index = self.until(']')?;
                let index = index.trim();
                if index != "*" && (index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit())) {
                    return Err(NotJudged::Syntax(start));
                }
                field.push_str(&format!("[{index}]"));
            } else if self.rest().starts_with('.') {
                self.at += 1;
                let name = self.bare(|c| c.is_alphanumeric() || "_-:@/".contains(c));
                if name.is_empty() && !self.rest().starts_with('[') {
                    return Err(NotJudged::Syntax(self.at));
                }
                if !name.is_empty() {
                    push(&mut field, &name);
                }
            } else {
                break;
            }
        }
        if field.is_empty() { Err(NotJudged::Syntax(self.at)) } else { Ok(field) }
    }

    fn condition(&mut self) -> Result<Condition, NotJudged> {
        if self.eats_word("NOT") {
            return if self.eats_word("EXISTS") { Ok(Condition::Missing) } else { Err(NotJudged::Syntax(self.at)) };
        }
        if self.eats_word("EXISTS") {
            return Ok(Condition::Exists);
        }
        if self.eats_word("IS") {
            let known = [("NULL", Condition::Null), ("TRUE", Condition::Is(true)), ("FALSE", Condition::Is(false))];
            for (word, condition) in known {
                if self.eats_word(word) {
                    return Ok(condition);
                }
            }
            return Err(NotJudged::Syntax(self.at));
        }
        for (token, order) in
            [("<=", Order::LessOrEqual), (">=", Order::GreaterOrEqual), ("<", Order::Less), (">", Order::Greater)]
        {
            if self.eats(token) {
                return Ok(Condition::Ordered(order, self.value()?));
            }
        }
        if self.eats("!=") {
            return Ok(Condition::Differs(self.value()?));
        }
        self.expect("=")?;
        Ok(Condition::Equals(self.value()?))
    }

    fn value(&mut self) -> Result<String, NotJudged> {
        self.space();
        if self.eats("\"") {
            return self.until('"');
        }
        if self.rest().starts_with('%') {
            return Err(NotJudged::Unmodelled);
        }
        let value = self.bare(|c| c.is_alphanumeric() || "_-.:*/@+#".contains(c));
        if value.is_empty() { Err(NotJudged::Syntax(self.at)) } else { Ok(value) }
    }

    fn bare(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest().find(|c| !belongs(c)).unwrap_or(self.rest().len());
        let text = self.rest().get(..end).unwrap_or_default().to_owned();
        self.at += end;
        text
    }

    /// Up to and past `end`, with `\` before what is meant literally.
    fn until(&mut self, end: char) -> Result<String, NotJudged> {
        let mut text = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => text.extend(letters.next().map(|(_, next)| next)),
                letter if letter == end => {
                    self.at += at + letter.len_utf8();
                    return Ok(text);
                }
                letter => text.push(letter),
            }
        }
        Err(NotJudged::Syntax(self.text.len()))
    }
}

fn push(field: &mut String, name: &str) {
    if !field.is_empty() {
        field.push('.');
    }
    field.push_str(name);
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ {} }}", Inner(self))
    }
}

struct Inner<'p>(&'p Pattern);

impl fmt::Display for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Pattern::And(all) => join(f, all, " && "),
            Pattern::Or(all) => join(f, all, " || "),
            Pattern::Test(Test { field, is }) => {
                // Every name in brackets: nothing in it can be mistaken.
                write!(f, "$")?;
                for part in field.split('.') {
                    match part.find('[') {
                        Some(at) => {
                            let (name, index) = part.split_at(at);
                            write!(f, "['{}']{index}", escape(name, '\''))?;
                        }
                        None => write!(f, "['{}']", escape(part, '\''))?,
                    }
                }
                let quoted = |text: &str| format!("\"{}\"", escape(text, '"'));
                match is {
                    Condition::Equals(text) => write!(f, " = {}", quoted(text)),
                    Condition::Differs(text) => write!(f, " != {}", quoted(text)),
                    Condition::Exists => write!(f, " EXISTS"),
                    Condition::Missing => write!(f, " NOT EXISTS"),
                    Condition::Null => write!(f, " IS NULL"),
                    Condition::Is(true) => write!(f, " IS TRUE"),
                    Condition::Is(false) => write!(f, " IS FALSE"),
                    Condition::Ordered(order, bound) => {
                        let token = match order {
                            Order::Less => "<",
                            Order::LessOrEqual => "<=",
                            Order::Greater => ">",
                            Order::GreaterOrEqual => ">=",
                        };
                        write!(f, " {token} {}", quoted(bound))
                    }
                }
            }
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, all: &[Pattern], with: &str) -> fmt::Result {
    for (nth, pattern) in all.iter().enumerate() {
        if nth > 0 {
            f.write_str(with)?;
        }
        match pattern {
            Pattern::Test(_) => write!(f, "{}", Inner(pattern))?,
            _ => write!(f, "({})", Inner(pattern))?,
        }
    }
    Ok(())
}

fn escape(text: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == quote || letter == '\\' {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
