//! What the binary prints with `--json`, held to its JSON Schema. [`Run`](super::Run) does it for every run.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// WebAuthn's own JSON, for relying parties, which the W3C defines.
const OF_WEBAUTHN: &str = "public-key";

static VALIDATORS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
    let validator = |mut schema: Value| {
        close(&mut schema, false);
        let name = schema["title"].as_str().unwrap().to_owned();
        (name, jsonschema::draft202012::new(&schema).unwrap())
    };
    glasskey::schemas().into_iter().map(validator).collect()
});

/// Allows no member that the schema does not name. Whoever reads the output must expect more of them in later versions,
/// so that the published schemas allow them. `part`: of an object whose other members are named elsewhere.
fn close(schema: &mut Value, part: bool) {
    let Value::Object(schema) = schema else { return };
    let named = schema.contains_key("properties");
    if named && !part {
        schema.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    for (keyword, below) in schema {
        match (keyword.as_str(), below) {
            ("properties" | "$defs", Value::Object(all)) => all.values_mut().for_each(|one| close(one, false)),
            ("anyOf" | "oneOf" | "allOf", Value::Array(all)) => all.iter_mut().for_each(|one| close(one, named)),
            ("items" | "additionalProperties", one) => close(one, false),
            _ => {}
        }
    }
}

/// What is wrong with an output, `None` where it is as its schema says.
pub(crate) fn wrong(output: &Value) -> Option<String> {
    let kind = output["type"].as_str().unwrap_or_default();
    if kind == OF_WEBAUTHN {
        return None;
    }
    let Some(validator) = VALIDATORS.get(kind) else { return Some(format!("there is no schema of \"{kind}\"")) };
    let wrong: Vec<String> =
        validator.iter_errors(output).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!wrong.is_empty()).then(|| wrong.join("\n"))
}

/// Reads an output of `--json`, which is as its schema says.
#[track_caller]
pub(crate) fn read(stdout: &[u8]) -> Value {
    hold(std::str::from_utf8(stdout).unwrap());
    serde_json::from_slice(stdout).unwrap()
}

/// Holds each line that is an output of `--json` to its schema.
#[track_caller]
pub(crate) fn hold(stdout: &str) {
    let objects = stdout.lines().filter(|line| line.starts_with('{'));
    for output in objects.filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if output["type"].is_string()
            && let Some(wrong) = wrong(&output)
        {
            panic!("not as its schema says: {wrong}\n{output}");
        }
    }
}
