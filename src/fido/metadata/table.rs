//! The table that is built in: one issue of the metadata without what is not used here (icons, protocols, status
//! histories). JSON, one model a line, so that a change of it can be read.

use super::{Certification, Metadata, Model, Warning};
use crate::fido::auth_data::Aaguid;
use crate::fido::certificates;
use data_encoding::{BASE64, HEXLOWER};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Text that is not such a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a table of metadata")]
pub struct NotATable;

#[derive(Deserialize)]
struct Table {
    number: u64,
    next_update: String,
    models: BTreeMap<String, Row>,
    certificates: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    /// "" for certified without a level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certified: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Places in the list of certificates.
    roots: Vec<usize>,
}

/// The fingerprint is there for people who compare; it is checked as the table is read by the tests, not here.
#[derive(Serialize, Deserialize)]
struct Listed {
    sha256: String,
    der: String,
}

impl Metadata {
    pub(super) fn from_table(text: &str) -> Result<Self, NotATable> {
        let table: Table = serde_json::from_str(text).map_err(|_| NotATable)?;
        let next_update: Date = table.next_update.parse().map_err(|_| NotATable)?;
        let mut metadata = Self::new(table.number, next_update);
        for listed in table.certificates {
            metadata.certificates.push(BASE64.decode(listed.der.as_bytes()).map_err(|_| NotATable)?);
        }
        for (aaguid, row) in table.models {
            let aaguid: Aaguid = aaguid.parse().map_err(|_| NotATable)?;
            metadata.models.insert(aaguid, row.into());
        }
        Ok(metadata)
    }

    /// The table for [`Metadata::bundled`].
    #[must_use]
    pub fn to_table(&self) -> String {
        let models = self.models.iter().map(|(aaguid, model)| {
            let row = serde_json::to_string(&Row::from(model)).unwrap_or_default();
            format!("    \"{aaguid}\": {row}")
        });
        let certificates = self.certificates.iter().map(|der| {
            let listed = Listed { sha256: HEXLOWER.encode(&certificates::fingerprint(der)), der: BASE64.encode(der) };
            format!("    {}", serde_json::to_string(&listed).unwrap_or_default())
        });
        let mut out = String::new();
        let _ = write!(
            out,
            "{{\n  \"source\": \"FIDO Alliance Metadata Service, https://mds3.fidoalliance.org/\",\n  \
             \"number\": {},\n  \"next_update\": \"{}\",\n  \"models\": {{\n{}\n  }},\n  \"certificates\": [\n{}\n  ]\n}}\n",
            self.number,
            self.next_update,
            models.collect::<Vec<_>>().join(",\n"),
            certificates.collect::<Vec<_>>().join(",\n"),
        );
        out
    }
}

impl From<Row> for Model {
    fn from(row: Row) -> Self {
        let certification = match row.certified {
            None => Certification::None,
            Some(level) if level.is_empty() => Certification::Certified,
            Some(level) => Certification::Level(level),
        };
        let warnings = row.warnings.iter().filter_map(|status| Warning::from_status(status)).collect();
        Self { name: row.name, certification, warnings, certificates: row.roots }
    }
}

impl From<&Model> for Row {
    fn from(model: &Model) -> Self {
        let certified = match &model.certification {
            Certification::None => None,
            Certification::Certified => Some(String::new()),
            Certification::Level(level) => Some(level.clone()),
        };
        let warnings = model.warnings.iter().map(|warning| warning.status().to_owned()).collect();
        Self { name: model.name.clone(), certified, warnings, roots: model.certificates.clone() }
    }
}
