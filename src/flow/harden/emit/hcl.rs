//! Terraform's language, as far as it is written here, laid out as `terraform fmt` would.

use serde_json::Value;
use std::fmt::Write;

/// What comes after `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow::harden) enum Expression {
    Text(String),
    /// A number, `true`, `false`, or the address of another resource.
    Plain(String),
    List(Vec<Expression>),
    /// `jsonencode(…)`: a policy or a pattern.
    Json(Value),
    /// An object, as it is.
    Object(Value),
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Expression {
    fn from(on: bool) -> Self {
        Self::Plain(on.to_string())
    }
}

impl From<u32> for Expression {
    fn from(number: u32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<Value> for Expression {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

/// The address of another resource's attribute, or of the resource.
pub(in crate::flow::harden) fn address(of: &str) -> Expression {
    Expression::Plain(of.to_owned())
}

/// What is between braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::flow::harden) struct Body(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Argument(&'static str, Expression),
    Block(&'static str, Body),
}

impl Body {
    pub(in crate::flow::harden) fn with(mut self, name: &'static str, value: impl Into<Expression>) -> Self {
        self.0.push(Entry::Argument(name, value.into()));
        self
    }

    pub(in crate::flow::harden) fn with_block(mut self, name: &'static str, body: Self) -> Self {
        self.0.push(Entry::Block(name, body));
        self
    }
}

/// A resource of the provider `hashicorp/aws`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::flow::harden) struct Resource {
    pub(in crate::flow::harden) kind: &'static str,
    pub(in crate::flow::harden) name: &'static str,
    pub(in crate::flow::harden) body: Body,
}

impl Resource {
    pub(super) fn write(&self, text: &mut String) {
        let _ = writeln!(text, "resource \"{}\" \"{}\" {{", self.kind, self.name);
        write_body(&self.body, 1, text);
        text.push_str("}\n");
    }
}

fn write_body(body: &Body, depth: usize, text: &mut String) {
    let mut rows = Vec::new();
    for (nth, entry) in body.0.iter().enumerate() {
        match entry {
            Entry::Argument(name, value) => rows.push(((*name).to_owned(), written(value, depth))),
            Entry::Block(name, inside) => {
                write_rows(&std::mem::take(&mut rows), depth, text);
                let gap = if nth == 0 { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{}{name} {{", indent(depth));
                write_body(inside, depth.saturating_add(1), text);
                let _ = writeln!(text, "{}}}", indent(depth));
            }
        }
    }
    write_rows(&rows, depth, text);
}

/// Neighbours of one line each have their `=` below each other.
fn write_rows(rows: &[(String, String)], depth: usize, text: &mut String) {
    let is_one_line = |row: &(String, String)| !row.1.contains('\n');
    for group in rows.chunk_by(|one, next| is_one_line(one) && is_one_line(next)) {
        let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            let _ = writeln!(text, "{}{name:width$} = {value}", indent(depth));
        }
    }
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// `depth`: of the line on which it begins.
fn written(value: &Expression, depth: usize) -> String {
    match value {
        Expression::Text(of) => quoted(of),
        Expression::Plain(of) => of.clone(),
        Expression::List(all) => {
            let all: Vec<String> = all.iter().map(|one| written(one, depth)).collect();
            format!("[{}]", all.join(", "))
        }
        Expression::Json(value) => format!("jsonencode({})", object(value, depth)),
        Expression::Object(value) => object(value, depth),
    }
}

fn object(value: &Value, depth: usize) -> String {
    match value {
        Value::Object(members) => {
            let inside = depth.saturating_add(1);
            let rows: Vec<_> = members.iter().map(|(name, of)| (key(name), object(of, inside))).collect();
            let mut text = "{\n".to_owned();
            write_rows(&rows, inside, &mut text);
            text.push_str(&indent(depth));
            text.push('}');
            text
        }
        Value::Array(all) if all.iter().all(|one| !one.is_object() && !one.is_array()) => {
            let all: Vec<String> = all.iter().map(|one| object(one, depth)).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Array(all) => {
            let inside = depth.saturating_add(1);
            let all: String = all.iter().map(|one| format!("{}{},\n", indent(inside), object(one, inside))).collect();
            format!("[\n{all}{}]", indent(depth))
        }
        Value::String(of) => quoted(of),
        plain => plain.to_string(),
    }
}

fn key(name: &str) -> String {
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// `${` and `%{` would begin a template.
fn quoted(text: &str) -> String {
    let text = Value::from(text).to_string();
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_resource_is_laid_out_as_terraform_fmt_does() {
        let inside = Body::default().with("sse_algorithm", "AES256");
        let policy = json!({ "Statement": [{ "Effect": "Deny", "a:b": ["x", "y"] }], "Version": "2012-10-17" });
        let body = Body::default()
            .with("bucket", "name")
            .with("enable_x", true)
            .with("policy", policy)
            .with("a", "${b} \"c\"")
            .with_block("rule", Body::default().with_block("by_default", inside));
        let mut text = String::new();
        Resource { kind: "aws_x", name: "y", body }.write(&mut text);
        let right = r#"resource "aws_x" "y" {
  bucket   = "name"
  enable_x = true
  policy = jsonencode({
    Statement = [
      {
        Effect = "Deny"
        "a:b"  = ["x", "y"]
      },
    ]
    Version = "2012-10-17"
  })
  a = "$${b} \"c\""

  rule {
    by_default {
      sse_algorithm = "AES256"
    }
  }
}
"#;
        assert_eq!(text, right);
    }
}
