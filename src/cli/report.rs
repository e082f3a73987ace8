//! The JSON Schemas of what `--json` prints, from the types that are printed.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, RestrictFormats};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The schema (JSON Schema, draft 2020-12) of a report, whose `type` is its title.
pub(in crate::cli) fn schema<Report: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        // Sizes of integers are Rust's, and no formats of JSON Schema.
        .with_transform(RestrictFormats::default())
        .with_transform(RecursiveTransform(unwrap_lines));
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    // Serde's tag, which schemars leaves out of a struct's schema.
    let name = schema.get("title").cloned().unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("type".to_owned(), json!({ "const": name }));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.insert(0, "type".into());
    }
    schema
}

/// A description's lines are those of the source.
fn unwrap_lines(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}
