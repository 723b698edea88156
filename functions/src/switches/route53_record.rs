//! `route53_record`: a CNAME record of Route 53, whose value becomes an endpoint of the copy of a cluster. The switch is done when
//! all of Route 53's name servers have the change and the record's TTL has passed since: before, resolvers may still return the
//! previous value.

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fact_texts::FactTexts;
use super::facts;
use super::references::ReferenceReader;
use super::switch::{SwitchDriver, fault, wrong_action};
use crate::domain::descriptor::{Fact, Switch, SwitchAction};
use crate::domain::duration;
use crate::domain::job::Run;
use crate::domain::reference::Reference;
use crate::domain::resource::Target;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::switch_progress::{DEADLINE, DEADLINE_SECONDS, SwitchProgress};
use crate::error::{Error, Fault, Result};

#[cfg(test)]
mod tests;
mod zone;

use self::zone::{Change, Found, Record, Zones};

/// The longest TTL that a cut-over waits out, in seconds.
const MOST_TTL: u64 = 3600;
/// How long to wait where a change's id is not known. Changes generally reach all name servers within 60 seconds:
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-editing.html>.
const PROPAGATION: SignedDuration = SignedDuration::from_mins(5);

pub struct Route53Record {
    zones: Zones,
    texts: FactTexts,
    places: ReferenceReader,
}

/// What a switch names.
#[derive(Clone, Copy)]
struct Named<'a> {
    zone: &'a str,
    record: &'a str,
    fact: Fact,
}

impl Named<'_> {
    fn words(&self) -> String {
        format!("record {} of hosted zone {}", self.record, self.zone)
    }
}

/// The record from one value to another.
struct Move<'a> {
    from: &'a str,
    to: &'a str,
    /// Seconds for which resolvers keep what it was before.
    ttl: u64,
    /// At the beginning of an error's sentence.
    doing: String,
    /// What a person does where somebody else has changed the record.
    next: &'a str,
}

impl Route53Record {
    pub fn from_config(aws: &SdkConfig) -> Self {
        Self {
            zones: Zones::from_config(aws),
            texts: FactTexts::from_config(aws),
            places: ReferenceReader::from_config(aws),
        }
    }

    /// The record, and AWS's present time.
    async fn current(&self, named: Named<'_>) -> Result<(Record, Option<Timestamp>)> {
        let missing = |what: &str| {
            Error::NotFound(format!(
                "reading {}: there is no such {what}. Create it again, or take the switch out of the descriptor",
                named.words()
            ))
        };
        let (found, at) = self.zones.find(named.zone, named.record).await?;
        match found {
            Found::Record(record) => Ok((record, at)),
            Found::NoZone => Err(missing("hosted zone")),
            Found::NoRecord => Err(missing("record")),
            Found::Other(what) => Err(Error::Conflict(format!(
                "reading {}: somebody has made it {what}, which is not switched. It stays as it is: make it a CNAME record with one \
                 value again, or take the switch out of the descriptor",
                named.words()
            ))),
        }
    }

    /// Moves the record, or looks how far that is. `noted` first says that a request is about to be sent: if its response is lost,
    /// the next call finds the new value there, and sends the same again, which gives it a change to wait for.
    async fn bring(&self, named: Named<'_>, moving: &Move<'_>, noted: &Value) -> Result<SwitchProgress> {
        let (found, now) = self.current(named).await?;
        let (is_old, is_new) = (found.leads_to(moving.from), found.leads_to(moving.to));
        let foreign = || {
            Err(Error::Conflict(format!(
                "{}: somebody has changed it to {}. It stays as it is: {}",
                moving.doing, found.value, moving.next
            )))
        };
        if !is_old && !is_new {
            return foreign();
        }
        if is_old && is_new {
            return Ok(done(moving));
        }
        // Whoever changed the TTL meanwhile: resolvers may have kept the old value with the longer one.
        let ttl = moving.ttl.max(found.ttl);
        let underway = |phase: String, noted: Value| Ok(SwitchProgress::Underway { phase, noted });
        let propagating = format!("all name servers of Route 53 to have {}", named.words());
        let in_sync_at = noted["in_sync_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        match (in_sync_at, noted["change"].as_str()) {
            (None, None) if noted["sending"] != true => underway(
                format!("{} is about to change", named.words()),
                json!({ "value": moving.to, "sending": true }),
            ),
            (None, None) => match (self.send(named, moving, &found).await?, now) {
                (Some(change), _) => underway(propagating, json!({ "value": moving.to, "change": change })),
                (None, now) => underway(propagating, {
                    let in_sync_at = now.and_then(|now| now.checked_add(PROPAGATION).ok());
                    json!({ "value": moving.to, "sending": true, "in_sync_at": in_sync_at.map(|at| at.to_string()) })
                }),
            },
            _ if !is_new => foreign(),
            (None, Some(change)) => match (self.zones.is_in_sync(change, named.record).await?, now) {
                (true, Some(now)) if ttl > 0 => underway(
                    expiring(named, ttl),
                    json!({ "value": moving.to, "change": change, "in_sync_at": now.to_string() }),
                ),
                (true, Some(_)) => Ok(done(moving)),
                // Without a time, the TTL cannot be waited out: the next response may have one.
                (false, _) | (true, None) => underway(propagating, noted.clone()),
            },
            (Some(in_sync_at), _) => {
                let passed = now.map_or(0, |now| now.duration_since(in_sync_at).as_secs());
                let left = i64::try_from(ttl).unwrap_or(i64::MAX).saturating_sub(passed);
                match u64::try_from(left) {
                    Ok(left) if left > 0 => underway(expiring(named, left), noted.clone()),
                    _ => Ok(done(moving)),
                }
            }
        }
    }

    /// Sends the change; returns its id. `None` if the record has its new value already, and Route 53 does not accept the same again.
    async fn send(&self, named: Named<'_>, moving: &Move<'_>, found: &Record) -> Result<Option<String>> {
        let wanted = Record {
            value: moving.to.to_owned(),
            ..found.clone()
        };
        let said = match self.zones.replace(named.zone, found, &wanted).await? {
            Change::Accepted(id) if !id.is_empty() => return Ok(Some(id)),
            Change::Accepted(_) => {
                return Err(Error::Unavailable(format!(
                    "{}: Route 53's response names no change; it is looked for again",
                    moving.doing
                )));
            }
            Change::Refused(said) => said,
        };
        let (present, _) = self.current(named).await?;
        match present == *found {
            true if found.leads_to(moving.to) => Ok(None),
            true => Err(Error::JobFailed(format!(
                "{}: Route 53 does not accept the change: {said}. Trying again changes nothing: see the record in the Route 53 console",
                moving.doing
            ))),
            false => Err(Error::Conflict(format!(
                "{}: somebody changed it at the same time, to {}. It stays as it is: {}",
                moving.doing, present.value, moving.next
            ))),
        }
    }
}

fn expiring(named: Named<'_>, seconds: u64) -> String {
    format!(
        "resolvers may return the previous value of {} for {} more",
        named.words(),
        duration::friendly(seconds)
    )
}

fn done(moving: &Move<'_>) -> SwitchProgress {
    SwitchProgress::Done(json!({ "value": moving.to }))
}

/// Value and TTL as observed.
fn observed<'a>(named: Named<'_>, before: &'a Value) -> Result<(&'a str, u64)> {
    let known = before["value"].as_str().zip(before["ttl"].as_u64());
    known.ok_or_else(|| {
        Error::VerificationFailed(format!(
            "switching {}: its previous value was not recorded. Switch it by hand",
            named.words()
        ))
    })
}

#[async_trait]
impl SwitchDriver for Route53Record {
    async fn preflight(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<Vec<Fault>> {
        let named = of(switch)?;
        let mut faults: Vec<Fault> = facts::check(switch, "value", named.fact, item).into_iter().collect();
        let simple = "a CNAME record with one value, and without a routing policy or a health check";
        let (field, value, allowed) = match self.zones.find(named.zone, named.record).await?.0 {
            Found::Record(record) if record.ttl <= MOST_TTL => return Ok(faults),
            Found::Record(record) => (
                "record",
                format!("{}, whose TTL is {} s,", named.record, record.ttl),
                format!(
                    "a record whose TTL is at most {MOST_TTL} s, which a cut-over waits out. Lower it, and wait until the present TTL \
                     has passed, before you restore"
                ),
            ),
            Found::NoZone => (
                "hosted_zone",
                named.zone.to_owned(),
                "a hosted zone of this account".to_owned(),
            ),
            Found::NoRecord => (
                "record",
                named.record.to_owned(),
                format!("{simple}, which exists in hosted zone {}", named.zone),
            ),
            Found::Other(what) => (
                "record",
                format!("{}, which is {what},", named.record),
                simple.to_owned(),
            ),
        };
        faults.push(fault(switch, field, value, allowed));
        Ok(faults)
    }

    async fn remarks(&self, switch: &Switch, _: &RestoreItem) -> Result<Vec<String>> {
        let named = of(switch)?;
        let (Found::Record(record), _) = self.zones.find(named.zone, named.record).await? else {
            return Ok(Vec::new());
        };
        let waits = format!(
            "switch {}: after {} is changed, the cut-over waits until its TTL has passed ({}), and as long again after switching back. \
             An application with hooks stays at rest meanwhile: a shorter TTL, set before, is a shorter wait. Applications that keep \
             connections, or addresses for longer, have to be restarted",
            switch.name,
            named.words(),
            duration::friendly(record.ttl)
        );
        Ok(vec![waits])
    }

    async fn reference(&self, switch: &Switch, target: &Target) -> Result<Reference> {
        let named = of(switch)?;
        match self.zones.find(named.zone, named.record).await?.0 {
            Found::Record(record) => {
                let host = record.value.trim_end_matches('.');
                self.places.reference(named.fact, host, target).await
            }
            Found::NoZone => Ok(Reference::Unknown(format!("there is no hosted zone {}", named.zone))),
            Found::NoRecord => Ok(Reference::Unknown(format!("there is no {}", named.words()))),
            Found::Other(what) => Ok(Reference::Unknown(format!("{} is {what}", named.words()))),
        }
    }

    async fn ready(&self, _: &Run, switch: &Switch, item: &RestoreItem) -> Result<()> {
        let named = of(switch)?;
        self.current(named).await?;
        self.texts.new_value(switch, named.fact, item, "").await.map(drop)
    }

    async fn observe(&self, _: &Run, switch: &Switch, _: &RestoreItem) -> Result<Value> {
        let (record, _) = self.current(of(switch)?).await?;
        let deadline = DEADLINE_SECONDS.saturating_add(record.ttl);
        Ok(json!({ "value": record.value, "ttl": record.ttl, DEADLINE: deadline }))
    }

    async fn apply(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let (old, ttl) = observed(named, before)?;
        let wanted = self.texts.new_value(switch, named.fact, item, "").await?;
        let moving = Move {
            from: old,
            to: &wanted,
            ttl,
            doing: format!("switching {}", named.words()),
            next: "see who changes it, then cut over again with a new restore, or set it by hand",
        };
        self.bring(named, &moving, noted).await
    }

    async fn revert(
        &self,
        _: &Run,
        switch: &Switch,
        item: &RestoreItem,
        before: &Value,
        after: &Value,
        noted: &Value,
    ) -> Result<SwitchProgress> {
        let named = of(switch)?;
        let (old, ttl) = observed(named, before)?;
        // Without a note, no request was ever sent. With one, an undo before this may have sent the old value, and not waited.
        if noted.is_null() && after.is_null() && self.current(named).await?.0.leads_to(old) {
            return Ok(SwitchProgress::Done(json!({ "value": old })));
        }
        let ours = match after["value"].as_str() {
            Some(ours) => ours.to_owned(),
            None => self.texts.new_value(switch, named.fact, item, "").await?,
        };
        let next = format!(
            "if a later restore wrote it, switch that one back first; else set what it should be (it was {old} before)"
        );
        let moving = Move {
            from: &ours,
            to: old,
            ttl,
            doing: format!("switching {} back", named.words()),
            next: &next,
        };
        self.bring(named, &moving, noted).await
    }
}

fn of(switch: &Switch) -> Result<Named<'_>> {
    match &switch.action {
        SwitchAction::Route53Record {
            hosted_zone,
            record,
            value,
        } => Ok(Named {
            zone: hosted_zone,
            record,
            fact: *value,
        }),
        _ => Err(wrong_action("route53_record", switch)),
    }
}
