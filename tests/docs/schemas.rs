//! docs/schemas and the tables of docs/json.md, from the types that the binary prints.

use super::{entries, hold, read, root};
use crate::support::schemas::wrong;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Objects that are explained in one place: the schema's name of each, and of what it is explained.
const EXPLAINED: [(&str, &str); 6] = [
    ("AdvisoryReport", "fido_info"),
    ("Pin", "fido_keys"),
    ("Attestation", "fido_attested"),
    ("PreparedReport", "fido_prepared"),
    ("EnrolledDevice", "enrolled"),
    ("AccessKey", "access_key_rotated"),
];

fn schemas() -> BTreeMap<String, Value> {
    let all = glasskey::schemas().into_iter();
    all.map(|schema| (schema["title"].as_str().unwrap().to_owned(), schema)).collect()
}

#[test]
fn each_output_has_its_schema_in_a_file() {
    let folder = root().join("docs/schemas");
    let write = std::env::var_os("GLASSKEY_WRITE_DOCS").is_some();
    if write {
        std::fs::create_dir_all(&folder).unwrap();
        entries(&folder).iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.json"));
        let right = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if write {
            std::fs::write(&path, &right).unwrap();
        }
        assert_eq!(read(&path), right, "GLASSKEY_WRITE_DOCS=1 cargo test --test tests docs:: writes {name}");
    }
    let files: Vec<String> =
        entries(&folder).iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, schemas().into_keys().collect::<Vec<_>>());
}

#[test]
fn the_package_has_the_schemas() {
    let packaging = read(&root().join("scripts/package"));
    assert!(packaging.contains("cp -r docs/*.md docs/schemas docs/policies docs/runbooks \"$1/docs/\""));
    let cargo = read(&root().join("Cargo.toml"));
    assert!(cargo.lines().any(|line| line.starts_with("include = ") && line.contains("\"/docs\"")));
}

/// One row of a table.
#[derive(Default)]
struct Row {
    kind: String,
    about: String,
    values: Vec<String>,
}

struct Table<'s> {
    /// The types it is about.
    types: Vec<&'s str>,
    schema: &'s Value,
    rows: Vec<(String, Row)>,
}

impl Table<'_> {
    /// Adds the members of an object.
    fn members(&mut self, object: &Value, path: &str) {
        let properties = object["properties"].as_object();
        // In the order of the type, which this keeps and `properties` does not; optional ones last.
        let required: Vec<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let optional = properties.into_iter().flatten().map(|(name, _)| name.as_str());
        let optional: Vec<&str> = optional.filter(|name| !required.contains(name)).collect();
        for name in required.iter().chain(&optional) {
            if let Some(member) = object["properties"].get(name)
                && (path, *name) != ("", "type")
            {
                self.member(member, &object["description"], &format!("{path}{name}"), optional.contains(name));
            }
        }
        for part in ["oneOf", "anyOf"].into_iter().flat_map(|of| object[of].as_array().into_iter().flatten()) {
            self.members(part, path);
        }
    }

    fn member(&mut self, member: &Value, whole: &Value, path: &str, optional: bool) {
        let (target, name, nullable) = self.target(member);
        let (items, item_name, _) = self.target(&target["items"]);
        let is_list = target["type"] == "array";
        let (object, name, below) = if is_list { (items, item_name, "[].") } else { (target.clone(), name, ".") };
        let mut row = Row { kind: kind(&target, is_list.then_some(&object)), ..Row::default() };
        if nullable {
            row.kind.push_str(" or null");
        }
        if optional {
            row.kind.push_str(", optional");
        }
        row.about = member["description"].as_str().unwrap_or_default().to_owned();
        row.values = values(&object, whole);
        let elsewhere = name.as_deref().and_then(|name| EXPLAINED.iter().find(|(explained, _)| *explained == name));
        let elsewhere = elsewhere.filter(|(_, of)| !self.types.contains(of));
        if let Some((_, of)) = elsewhere {
            row.about.push_str(&format!(" As in `{of}`."));
        }
        match self.rows.iter_mut().find(|(there, _)| there == path) {
            Some((_, there)) => there.values.extend(row.values),
            None => self.rows.push((path.to_owned(), row)),
        }
        if elsewhere.is_none() {
            self.members(&object, &format!("{path}{below}"));
        }
    }

    /// What a schema refers to, under which name, and whether it may be null.
    fn target(&self, schema: &Value) -> (Value, Option<String>, bool) {
        let options = schema["anyOf"].as_array();
        let null = json!({ "type": "null" });
        if let Some([one, other]) = options.map(Vec::as_slice)
            && *other == null
        {
            let (target, name, _) = self.target(one);
            return (target, name, true);
        }
        if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            return (self.schema["$defs"][name].clone(), Some(name.to_owned()), false);
        }
        let kinds = schema["type"].as_array();
        if let Some([one, other]) = kinds.map(Vec::as_slice)
            && other == "null"
        {
            let mut target = schema.clone();
            target["type"] = one.clone();
            return (target, None, true);
        }
        (schema.clone(), None, false)
    }

    fn text(&self) -> String {
        let mut text = "| name | type | what |\n|---|---|---|\n".to_owned();
        for (path, row) in &self.rows {
            let values = match row.values.as_slice() {
                [] => String::new(),
                values => format!(" Values: {}.", values.join("; ")),
            };
            text.push_str(&format!("| `{path}` | {} | {}{values} |\n", row.kind, row.about));
        }
        if self.rows.is_empty() { String::new() } else { text }
    }
}

/// The kind of value; `items`: of a list.
fn kind(target: &Value, items: Option<&Value>) -> String {
    if let Some(items) = items {
        return format!("array of {}s", kind(items, None));
    }
    let values = &target["additionalProperties"];
    if values.is_object() {
        return format!("object of {}s", kind(values, None));
    }
    if let Some(kind) = target["type"].as_str() {
        return kind.to_owned();
    }
    // An enum with a description of each value, or an object in several forms.
    let part = ["oneOf", "anyOf"].into_iter().find_map(|of| target[of].as_array()?.first());
    part.map_or_else(|| "string".to_owned(), |part| kind(part, None))
}

/// The values of an enum, each with what it means where that is said.
fn values(schema: &Value, whole: &Value) -> Vec<String> {
    let said = |value: &Value, about: &Value| match about.as_str() {
        Some(about) => format!("`{}`: {}", value.as_str().unwrap(), plain(about)),
        None => format!("`{}`", value.as_str().unwrap()),
    };
    if schema["const"].is_string() {
        return vec![said(&schema["const"], whole)];
    }
    let plain_values = schema["enum"].as_array().into_iter().flatten().filter(|value| value.is_string());
    let mut values: Vec<String> = plain_values.map(|value| said(value, &Value::Null)).collect();
    for part in schema["oneOf"].as_array().into_iter().flatten().filter(|part| part["type"] == "string") {
        let several = part["enum"].as_array().into_iter().flatten();
        values.extend(
            several
                .chain(Some(&part["const"]).filter(|one| one.is_string()))
                .map(|value| said(value, &part["description"])),
        );
    }
    values
}

/// A sentence as a part of another.
fn plain(about: &str) -> String {
    let about = about.trim_end_matches('.');
    let mut letters = about.chars();
    let first = letters.next().unwrap_or_default();
    let next_is_small = letters.clone().next().is_none_or(|next| !next.is_uppercase());
    if next_is_small && !about.starts_with("AWS") {
        format!("{}{}", first.to_lowercase(), letters.as_str())
    } else {
        about.to_owned()
    }
}

#[test]
fn the_tables_say_what_the_types_are() {
    let schemas = schemas();
    let text = read(&root().join("docs/json.md"));
    let regions: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("<!-- schema ")?.strip_suffix(":begin -->")).collect();
    let documented: Vec<&str> = regions.iter().flat_map(|region| region.split(' ')).collect();
    let missing: Vec<&String> = schemas.keys().filter(|name| !documented.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "docs/json.md has no table of {missing:?}");
    for region in regions {
        let types: Vec<&str> = region.split(' ').collect();
        let mut all: Vec<(String, Row)> = Vec::new();
        let mut intro = String::new();
        for name in &types {
            let schema = &schemas[*name];
            intro.push_str(&format!(
                "- [`{name}`](schemas/{name}.json): {}\n",
                schema["description"].as_str().unwrap_or_default()
            ));
            let mut table = Table { types: types.clone(), schema, rows: Vec::new() };
            table.members(schema, "");
            for (path, row) in table.rows {
                if !all.iter().any(|(there, _)| *there == path) {
                    all.push((path, row));
                }
            }
        }
        let table = Table { types: types.clone(), schema: &Value::Null, rows: all };
        hold("docs/json.md", &format!("schema {region}"), &format!("{intro}\n{}", table.text()));
    }
}

#[test]
fn the_examples_are_as_their_schemas_say() {
    let text = read(&root().join("docs/json.md"));
    let examples: Vec<Value> =
        text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    for example in &examples {
        assert_eq!(wrong(example), None, "{example}");
    }
    for name in schemas().keys().filter(|name| !name.ends_with("_plan")) {
        assert!(examples.iter().any(|example| example["type"] == **name), "{name} has no example");
    }
}

/// The check that holds every run in these tests can fail.
#[test]
fn an_output_that_is_not_as_its_schema_says_is_found() {
    let right = json!({ "type": "oath_password", "key": 12_345_678, "password": true });
    assert_eq!(wrong(&right), None);
    let change = |change: fn(&mut Value)| {
        let mut output = right.clone();
        change(&mut output);
        wrong(&output)
    };
    let wrongs: [fn(&mut Value); 5] = [
        |output| output["more"] = json!(1),
        |output| output["password"] = json!("yes"),
        |output| output["key"] = Value::Null,
        |output| drop(output.as_object_mut().unwrap().remove("password")),
        |output| output["type"] = json!("no_such_type"),
    ];
    for one in wrongs {
        assert!(change(one).is_some());
    }
    // Within an object, in a list, and in one of several forms.
    let failed = json!({ "type": "roster_user", "line": 1, "user": "a", "device": "a", "outcome": "failed",
        "code": "x", "message": "y", "notes": [], "hints": [], "state": [], "exit": 3 });
    assert_eq!(wrong(&failed), None);
    for (name, value) in
        [("outcome", json!("done")), ("exit", json!(6)), ("arn", json!("arn")), ("notes", json!([1]))]
    {
        let mut output = failed.clone();
        output[name] = value;
        assert!(wrong(&output).is_some(), "{name}");
    }
    let fingers = json!({ "type": "fido_fingerprints", "key": null, "path": "/dev/hidraw0",
        "fingerprints": [{ "id": "0a", "name": null, "more": 1 }] });
    assert!(wrong(&fingers).is_some());
    let said = std::panic::catch_unwind(|| crate::support::schemas::hold("{\"type\":\"no_such_type\"}\n"));
    assert!(said.is_err());
}
