//! Policies of resources, into which statements are put by their `Sid` and out of which they are taken. What else is in a
//! policy stays as it is.

use serde_json::{Value, json};

/// A policy that statements cannot be put into: what it means would not be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy that is there cannot be read: {0}")]
pub struct NotMergeable(&'static str);

/// The policy with these statements, each in the place of the one with its `Sid`. `None`: it says all of it already, under
/// whatever `Sid`.
///
/// # Errors
/// The policy is no JSON object with statements in it.
pub fn merged(existing: Option<&str>, statements: &[Value]) -> Result<Option<String>, NotMergeable> {
    let mut policy = read(existing)?;
    let mut changed = false;
    let all = all_of(&mut policy)?;
    for wanted in statements {
        if all.iter().any(|there| says(there, wanted)) {
            continue;
        }
        changed = true;
        match all.iter_mut().find(|there| sid(there).is_some() && sid(there) == sid(wanted)) {
            Some(there) => *there = wanted.clone(),
            None => all.push(wanted.clone()),
        }
    }
    Ok(changed.then(|| policy.to_string()))
}

/// The policy without the statements of these `Sid`s. `None`: nothing is left of it.
///
/// # Errors
/// As [`merged`].
pub fn without(existing: &str, sids: &[&str]) -> Result<Option<String>, NotMergeable> {
    let mut policy = read(Some(existing))?;
    let all = all_of(&mut policy)?;
    all.retain(|there| !sid(there).is_some_and(|sid| sids.contains(&sid)));
    let some = !all.is_empty();
    Ok(some.then(|| policy.to_string()))
}

fn read(existing: Option<&str>) -> Result<Value, NotMergeable> {
    let Some(text) = existing else { return Ok(json!({ "Version": "2012-10-17", "Statement": [] })) };
    match serde_json::from_str(text) {
        Ok(Value::Object(policy)) => Ok(Value::Object(policy)),
        Ok(_) => Err(NotMergeable("it is no object")),
        Err(_) => Err(NotMergeable("it is no JSON")),
    }
}

/// The statements; one alone may stand without a list.
fn all_of(policy: &mut Value) -> Result<&mut Vec<Value>, NotMergeable> {
    let statements = policy.get_mut("Statement").ok_or(NotMergeable("it has no statements"))?;
    if statements.is_object() {
        *statements = Value::Array(vec![statements.take()]);
    }
    statements.as_array_mut().ok_or(NotMergeable("its statements are no list"))
}

fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str)
}

/// Whether a statement says what another one says, apart from its name.
fn says(there: &Value, wanted: &Value) -> bool {
    let nameless = |statement: &Value| {
        let mut statement = statement.clone();
        statement.as_object_mut().map(|members| members.remove("Sid"));
        statement
    };
    nameless(there) == nameless(wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used)]
    use super::*;

    fn statement(sid: &str, action: &str) -> Value {
        json!({ "Sid": sid, "Effect": "Allow", "Action": action })
    }

    fn policy(statements: &[Value]) -> String {
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }

    fn statements(text: &str) -> Value {
        serde_json::from_str::<Value>(text).unwrap()["Statement"].take()
    }

    #[test]
    fn what_is_there_stays_and_what_has_the_name_is_replaced() {
        let (theirs, old, new) = (statement("Theirs", "a"), statement("Ours", "b"), statement("Ours", "c"));
        assert_eq!(merged(None, std::slice::from_ref(&new)).unwrap().unwrap(), policy(std::slice::from_ref(&new)));
        let text = merged(Some(&policy(&[theirs.clone(), old])), std::slice::from_ref(&new)).unwrap().unwrap();
        assert_eq!(statements(&text), json!([theirs, new]));
        let single = json!({ "Version": "2008-10-17", "Id": "x", "Statement": theirs }).to_string();
        let text = merged(Some(&single), std::slice::from_ref(&new)).unwrap().unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&read["Version"], &read["Id"]), (&json!("2008-10-17"), &json!("x")));
        assert_eq!(read["Statement"], json!([theirs, new]));
    }

    #[test]
    fn what_says_the_same_under_any_name_is_enough() {
        let there = policy(&[statement("AWSCloudTrailWrite20150319", "s3:PutObject")]);
        assert_eq!(merged(Some(&there), &[statement("Ours", "s3:PutObject")]), Ok(None));
        let again = merged(Some(&there), &[statement("Ours", "other")]).unwrap().unwrap();
        assert_eq!(merged(Some(&again), &[statement("Ours", "other")]), Ok(None));
    }

    #[test]
    fn statements_without_a_name_are_nobodys_to_replace() {
        let nameless = json!({ "Effect": "Deny", "Action": "x" });
        let added = json!({ "Effect": "Allow", "Action": "y" });
        let text = merged(Some(&policy(std::slice::from_ref(&nameless))), std::slice::from_ref(&added)).unwrap();
        assert_eq!(statements(&text.unwrap()), json!([nameless, added]));
    }

    #[test]
    fn what_was_put_in_is_taken_out_again() {
        let (theirs, ours) = (statement("Theirs", "a"), statement("Ours", "b"));
        let both = policy(&[theirs.clone(), ours.clone()]);
        assert_eq!(statements(&without(&both, &["Ours"]).unwrap().unwrap()), json!([theirs]));
        assert_eq!(without(&policy(&[ours]), &["Ours"]), Ok(None));
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for text in ["", "[]", "{}", "{", r#"{"Statement":"x"}"#, "\"x\"", r#"{"Statement":null}"#] {
            assert!(merged(Some(text), &[statement("Ours", "a")]).is_err(), "{text}");
            assert!(without(text, &["Ours"]).is_err(), "{text}");
        }
    }
}
