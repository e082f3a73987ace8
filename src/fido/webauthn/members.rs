//! Members of the options' JSON, each read as what it must be, or named as what is wrong.

use super::options::{Error, Requirement};
use crate::fido::types::Descriptor;
use serde_json::{Map, Value};
use std::time::Duration;

/// base64url without padding; padding is let pass, as servers in the field add it.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    data_encoding::BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

/// An object of the options, and where it stands in them.
pub(super) struct Members<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) path: String,
}

impl<'a> Members<'a> {
    fn name(&self, member: &str) -> String {
        // Names come from the relying party where they are credential ids: kept short.
        let member: String = member.chars().take(80).collect();
        if self.path.is_empty() { member } else { format!("{}.{member}", self.path) }
    }

    pub(super) fn wrong(&self, member: &str, expected: &'static str) -> Error {
        Error::Wrong { member: self.name(member), expected }
    }

    pub(super) fn missing(&self, member: &str) -> Error {
        Error::Missing { member: self.name(member) }
    }

    /// `null` is as good as absent: servers write it for what they do not set.
    pub(super) fn get(&self, member: &str) -> Option<&'a Value> {
        self.object.get(member).filter(|value| !value.is_null())
    }

    pub(super) fn optional_object(&self, member: &str) -> Result<Option<Self>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        let object = value.as_object().ok_or_else(|| self.wrong(member, "an object"))?;
        Ok(Some(Self { object, path: self.name(member) }))
    }

    pub(super) fn object(&self, member: &str) -> Result<Self, Error> {
        self.optional_object(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn optional_text(&self, member: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| self.wrong(member, "text"))
    }

    pub(super) fn text(&self, member: &str) -> Result<String, Error> {
        self.optional_text(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn optional_bytes(&self, member: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(text) = self.optional_text(member)? else { return Ok(None) };
        decode(&text).map(Some).ok_or_else(|| self.wrong(member, "base64url"))
    }

    pub(super) fn bytes(&self, member: &str) -> Result<Vec<u8>, Error> {
        self.optional_bytes(member)?.ok_or_else(|| self.missing(member))
    }

    pub(super) fn boolean(&self, member: &str) -> Result<bool, Error> {
        let Some(value) = self.get(member) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong(member, "true or false"))
    }

    pub(super) fn array(&self, member: &str) -> Result<Option<&'a [Value]>, Error> {
        let Some(value) = self.get(member) else { return Ok(None) };
        value.as_array().map(|items| Some(items.as_slice())).ok_or_else(|| self.wrong(member, "a list"))
    }

    /// §2.1.1: unknown values are treated as if the member were not there.
    pub(super) fn requirement(&self, member: &str) -> Result<Option<Requirement>, Error> {
        Ok(match self.optional_text(member)?.as_deref() {
            Some("required") => Some(Requirement::Required),
            Some("preferred") => Some(Requirement::Preferred),
            Some("discouraged") => Some(Requirement::Discouraged),
            _ => None,
        })
    }

    pub(super) fn timeout(&self) -> Result<Option<Duration>, Error> {
        let Some(value) = self.get("timeout") else { return Ok(None) };
        let ms = value.as_u64().ok_or_else(|| self.wrong("timeout", "a number of milliseconds"))?;
        Ok(Some(Duration::from_millis(ms)))
    }

    /// Descriptors of types other than "public-key" are left out, as §5.8.3 says.
    pub(super) fn descriptors(&self, member: &str) -> Result<Vec<Descriptor>, Error> {
        let mut descriptors = Vec::new();
        for (nth, item) in self.array(member)?.unwrap_or_default().iter().enumerate() {
            let object = item.as_object().ok_or_else(|| self.wrong(member, "a list of objects"))?;
            let at = Self { object, path: self.name(&format!("{member}[{nth}]")) };
            if at.text("type")? != "public-key" {
                continue;
            }
            let id = at.bytes("id")?;
            if id.is_empty() || id.len() > crate::fido::auth_data::MAX_CREDENTIAL_ID {
                return Err(at.wrong("id", "1 to 1023 bytes in base64url"));
            }
            let transports = at.array("transports")?.unwrap_or_default();
            let transports = transports.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            descriptors.push(Descriptor { id, transports });
        }
        Ok(descriptors)
    }
}
