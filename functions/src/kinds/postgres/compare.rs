//! Compares a restored database with the description that was captured.

use super::{Postgres, planned};
use crate::domain::kinds::postgres::{differences, other_tables};
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::verdict::{Check, Finding};
use crate::error::{Error, Result};
use crate::kinds::copy;

/// Compares the copy.
pub async fn compare(postgres: &Postgres, item: &RestoreItem) -> Result<Vec<Check>> {
    planned(item)?;
    let name = &item.planned.resource.name;
    let missing = |detail: String| vec![Check::new(format!("{name}: database"), Finding::Different, detail)];
    let Some(copy) = copy(item) else {
        return Ok(missing("it was not created".to_owned()));
    };
    let found = match postgres.describe(&copy).await {
        Ok(found) => serde_json::to_value(found).unwrap_or_default(),
        Err(Error::NotFound(reason)) => return Ok(missing(reason)),
        Err(error) => return Err(error),
    };
    let whole = format!("{name}: configuration");
    if !item.configuration.is_object() {
        let detail = "no description was captured of its source, so there is nothing to compare the copy's with";
        return Ok(vec![Check::new(whole, Finding::Unproven, detail)]);
    }
    let differences = differences(&item.configuration, &found);
    let tables = other_tables(&item.configuration, &found);
    if differences.is_empty() && tables.is_none() {
        return Ok(vec![Check::new(whole, Finding::Same, "as captured")]);
    }
    let check = |(what, detail)| Check::new(format!("{name}: {what}"), Finding::Different, detail);
    let tables = tables.map(|detail| Check::new(format!("{name}: number of tables"), Finding::Unproven, detail));
    Ok(differences.into_iter().map(check).chain(tables).collect())
}
