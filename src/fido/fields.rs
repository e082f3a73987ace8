//! Reading the members of an answer's map, where a wrong type is an error and an unknown member is nothing.

use super::Error;
use super::cbor::Value;
use std::collections::BTreeMap;

pub(super) struct Fields<'a> {
    map: &'a Value,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// `what` is named in errors.
    pub(super) fn new(map: &'a Value, what: &'static str) -> Result<Self, Error> {
        map.as_map().map(|_| Self { map, what }).ok_or(Error::Malformed { what })
    }

    pub(super) fn malformed(&self) -> Error {
        Error::Malformed { what: self.what }
    }

    pub(super) fn get(&self, key: i64) -> Option<&'a Value> {
        self.map.get_int(key)
    }

    /// The member, read with `read`; `None` where it is absent.
    pub(super) fn read<T>(&self, key: i64, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>, Error> {
        self.get(key).map(|value| read(value).ok_or(self.malformed())).transpose()
    }

    pub(super) fn need<T>(&self, key: i64, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T, Error> {
        self.read(key, read)?.ok_or(self.malformed())
    }

    pub(super) fn uint(&self, key: i64) -> Result<Option<u64>, Error> {
        self.read(key, Value::as_uint)
    }

    pub(super) fn size(&self, key: i64) -> Result<Option<usize>, Error> {
        self.read(key, |value| usize::try_from(value.as_uint()?).ok())
    }

    pub(super) fn byte(&self, key: i64) -> Result<Option<u8>, Error> {
        self.read(key, |value| u8::try_from(value.as_uint()?).ok())
    }

    pub(super) fn truth(&self, key: i64) -> Result<Option<bool>, Error> {
        self.read(key, Value::as_bool)
    }

    pub(super) fn text(&self, key: i64) -> Result<Option<String>, Error> {
        self.read(key, |value| value.as_text().map(str::to_owned))
    }

    pub(super) fn bytes(&self, key: i64) -> Result<Option<&'a [u8]>, Error> {
        self.read(key, Value::as_bytes)
    }

    /// Empty where it is absent.
    pub(super) fn array(&self, key: i64) -> Result<&'a [Value], Error> {
        Ok(self.read(key, Value::as_array)?.unwrap_or_default())
    }

    pub(super) fn texts(&self, key: i64) -> Result<Vec<String>, Error> {
        self.array(key)?.iter().map(|item| item.as_text().map(str::to_owned).ok_or(self.malformed())).collect()
    }

    pub(super) fn uints(&self, key: i64) -> Result<Vec<u64>, Error> {
        self.array(key)?.iter().map(|item| item.as_uint().ok_or(self.malformed())).collect()
    }

    /// A map of names. Members of another type are passed over: makers put their own among them.
    pub(super) fn named<T>(&self, key: i64, read: fn(&Value) -> Option<T>) -> Result<BTreeMap<String, T>, Error> {
        let entries = self.read(key, Value::as_map)?.unwrap_or_default();
        Ok(entries.iter().filter_map(|(name, value)| Some((name.as_text()?.to_owned(), read(value)?))).collect())
    }
}
