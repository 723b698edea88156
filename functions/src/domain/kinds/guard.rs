//! What guards have in common: their versions are recorded, and their values are never read.

use crate::domain::message::words::count;
use crate::domain::resource::RecoveryPoint;
use crate::domain::restore::plan::Source;

pub fn source(point: &RecoveryPoint) -> Option<Source> {
    let RecoveryPoint::Versions { versions, .. } = point else {
        return None;
    };
    let versions = versions.clone();
    Some(Source::Versions { versions })
}

pub fn point_words(point: &RecoveryPoint) -> String {
    let RecoveryPoint::Versions { versions, .. } = point else {
        return format!("{point:?}");
    };
    count(versions.len(), "version")
}

pub fn source_words(source: &Source, noun: &str) -> String {
    let Source::Versions { versions } = source else {
        return format!("{source:?}");
    };
    format!("nothing; the versions of {} are compared", count(versions.len(), noun))
}
