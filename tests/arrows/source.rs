//! Rust text as a list of words and signs, without comments, literals and lifetimes. Knows just enough of the language
//! to see which paths and macros are named.

/// One word or sign, and its line counted from 1.
struct Token {
    text: String,
    line: usize,
}

/// A file's words and signs.
pub(super) struct Source(Vec<Token>);

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader { rest: text, line: 1, tokens: Vec::new() };
        while !reader.rest.is_empty() {
            reader.step();
        }
        Self(reader.tokens)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.0[at].line
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |token| &token.text)
    }

    pub(super) fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |before| self.word(before))
    }

    pub(super) fn after(&self, at: usize) -> &str {
        self.word(at + 1)
    }

    /// Whether a path begins here with the crate of this name: `name::…`, `::name::…`, `use name;`, and not
    /// `something::name::…`.
    pub(super) fn is_crate(&self, at: usize, name: &str) -> bool {
        let within_a_path = self.before(at) == "::" && at >= 2 && is_word(self.word(at - 2));
        let path = self.after(at) == "::" || self.before(at) == "use";
        self.word(at) == name && path && !within_a_path
    }

    /// The rooms this file names, by `crate::room` or by enough `super::` for its depth, each with its line.
    pub(super) fn rooms(&self, depth: usize, is_room: impl Fn(&str) -> bool) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for at in 0..self.len() {
            let (supers, next) = match self.word(at) {
                "crate" if self.after(at) == "::" => (depth, at + 2),
                "super" if self.before(at) != "::" => {
                    let count = (0..).take_while(|n| self.word(at + 2 * n) == "super").count();
                    (count, at + 2 * count)
                }
                _ => continue,
            };
            if supers >= depth {
                found.extend(self.heads(next).filter(|at| is_room(self.word(*at))));
            }
        }
        found.into_iter().map(|at| (self.word(at).to_owned(), self.line(at))).collect()
    }

    /// Every path of two names or more that is named, in `use` or elsewhere, one for each leaf of a group, without what it
    /// is called here; and whether it is passed on by `pub use`.
    pub(super) fn paths(&self) -> Vec<(Vec<String>, bool)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.len() {
            let word = self.word(at);
            if word == "use" && self.before(at) != "::" {
                let public = self.before(at) == "pub" || self.before(at) == ")";
                let end = (at..self.len()).find(|at| self.word(*at) == ";").unwrap_or(self.len());
                self.leaves(at + 1, end, &[], &mut |path| found.push((path, public)));
                at = end;
            } else if ["crate", "super", "self"].contains(&word) && self.before(at) != "::" && self.after(at) == "::"
            {
                let mut path = vec![word.to_owned()];
                while self.after(at) == "::" && is_word(self.word(at + 2)) {
                    at += 2;
                    path.push(self.word(at).to_owned());
                }
                found.push((path, false));
            }
            at += 1;
        }
        found
    }

    /// Every function that has a body: its name, the line of its `fn`, and its lines from there to its last brace.
    pub(super) fn functions(&self) -> Vec<(String, usize, usize)> {
        let is_named = |at: &usize| self.word(*at) == "fn" && is_word(self.after(*at));
        let named = (0..self.len()).filter(is_named);
        named
            .filter_map(|at| {
                let body = self.outside_groups(at, |sign| sign == "{" || sign == ";")?;
                let end = (self.word(body) == "{").then(|| self.outside_groups(body + 1, |sign| sign == "}"))??;
                Some((self.after(at).to_owned(), self.line(at), self.line(end) - self.line(at) + 1))
            })
            .collect()
    }

    /// The first such sign from here that is in no brackets which open after here.
    fn outside_groups(&self, from: usize, is: impl Fn(&str) -> bool) -> Option<usize> {
        let mut depth = 0usize;
        (from..self.len()).find(|at| {
            let sign = self.word(*at);
            if depth == 0 && is(sign) {
                return true;
            }
            match sign {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            false
        })
    }

    /// The leaves of a tree of `use` between two places, each with what stands before it.
    fn leaves(&self, from: usize, end: usize, before: &[String], found: &mut dyn FnMut(Vec<String>)) {
        let (mut path, mut at) = (before.to_vec(), from);
        while at < end {
            match self.word(at) {
                "{" => {
                    let (mut depth, mut begins) = (0, at + 1);
                    for place in at..end {
                        match self.word(place) {
                            "{" => depth += 1,
                            "}" => depth -= 1,
                            _ => {}
                        }
                        let ends = depth == 0 || (depth == 1 && self.word(place) == ",");
                        if ends && place > begins {
                            self.leaves(begins, place, &path, found);
                        }
                        if ends {
                            begins = place + 1;
                        }
                        if depth == 0 {
                            return;
                        }
                    }
                    return;
                }
                "as" | "*" => break,
                "::" => {}
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        found(path);
    }

    /// The first words of a path or of each path in a group: `a::b` gives a; `{a::b, c, d::{e}}` gives a, c and d.
    fn heads(&self, at: usize) -> impl Iterator<Item = usize> {
        let mut heads = Vec::new();
        if self.word(at) != "{" {
            heads.push(at);
            return heads.into_iter();
        }
        let mut depth = 0;
        for place in at..self.len() {
            match self.word(place) {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ if depth == 1 && ["{", ","].contains(&self.before(place)) => heads.push(place),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        heads.into_iter()
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    /// Takes one comment, literal, word or sign.
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            return self.skip(rest.find('\n').unwrap_or(rest.len()));
        }
        if rest.starts_with("/*") {
            return self.skip(comment(rest));
        }
        if let Some(length) = raw_string(rest).or_else(|| string(rest)).or_else(|| character(rest)) {
            return self.skip(length);
        }
        let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if word > 0 {
            return self.keep(word);
        }
        if rest.starts_with("::") {
            return self.keep(2);
        }
        let sign = rest.chars().next().map_or(0, char::len_utf8);
        if rest.starts_with(char::is_whitespace) { self.skip(sign) } else { self.keep(sign) }
    }

    fn keep(&mut self, length: usize) {
        self.tokens.push(Token { text: self.rest[..length].to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

/// The length of a block comment; they nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// `r"…"`, `br#"…"#` and so on.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let inner = after.trim_start_matches('#');
    let hashes = after.len() - inner.len();
    let begins = text.len() - inner.len() + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    inner.strip_prefix('"')?.find(&end).map(|at| begins + at + end.len())
}

/// `"…"`, `b"…"`, `c"…"`.
fn string(text: &str) -> Option<usize> {
    let quote = text.strip_prefix(['b', 'c']).unwrap_or(text).strip_prefix('"')?;
    let begins = text.len() - quote.len();
    let mut escaped = false;
    for (at, byte) in quote.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(begins + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// `'x'`, `'\''`, `b'x'`; or a lifetime, which is left out just the same.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('b').unwrap_or(text).strip_prefix('\'')?;
    let begins = text.len() - inner.len();
    if let Some(escape) = inner.strip_prefix('\\') {
        return Some(begins + 1 + 1 + escape.get(1..)?.find('\'')? + 1);
    }
    let first = inner.chars().next()?.len_utf8();
    if inner[first..].starts_with('\'') {
        return Some(begins + first + 1);
    }
    let lifetime = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
    (begins == 1).then_some(begins + lifetime)
}
