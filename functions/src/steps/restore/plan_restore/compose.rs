//! Composes the plan of a restore from the results of each part of the planning.

use super::context::Planning;
use super::dependents::Lookups;
use super::origins::{self, Origins};
use super::preflight::{self, PreflightReport};
use super::switches::{self, CutOverPlan};
use super::{dependents, directories_in_use, drafts, safety_backup};
use crate::domain::descriptor::Hook;
use crate::domain::kinds;
use crate::domain::names;
use crate::domain::resource::Resource;
use crate::domain::restore::history;
use crate::domain::restore::item::RestoreItem;
use crate::domain::restore::matching::{self, Matching};
use crate::domain::restore::naming::{Naming, Overrides};
use crate::domain::restore::plan::{CutOverMode, Plan};
use crate::domain::restore::remark::Remark;
use crate::error::{Error, Fault, Result};

/// The advice for a restore that is too large for one execution.
pub const IN_PARTS: &str = "restore the deployment in several executions, each with a part of it in \"only\"";

impl Planning<'_> {
    /// The plan, and the restore item of each resource.
    ///
    /// # Errors
    /// `InvalidInput` with every fault found.
    pub async fn plan(&self) -> Result<(Plan, Vec<RestoreItem>)> {
        let mut faults = self.request.check_times(self.now);
        let origins = origins::find(self).await;
        let origins = match origins {
            Ok(origins) => origins,
            // Without a known source, nothing else can be checked.
            Err(Error::InvalidInput(more)) => {
                faults.extend(more);
                return Err(Error::InvalidInput(faults));
            }
            Err(error) => return Err(error),
        };
        faults.extend(origins.faults.iter().cloned());
        let mut items = self.items(&origins).await?;
        let preflight = preflight::check(&self.needs.kinds, self.run, &mut items).await?;
        let cut_over = switches::plan_cut_over(self.descriptor, self.request.cut_over, &items);
        faults.extend(preflight.faults.iter().cloned());
        faults.extend(switches::without_entries(
            self.descriptor,
            self.request.cut_over,
            &items,
        ));
        faults.extend(switches::obstacles(&cut_over.switches, &items));
        faults.extend(
            self.needs
                .switches
                .preflight(self.run, &cut_over.switches, &items)
                .await?,
        );
        let dependents_found = {
            let lookups = Lookups {
                kinds: &self.needs.kinds,
                regional: self.needs.dependents.as_ref(),
            };
            dependents::find(&lookups, self.run, &cut_over, &items).await?
        };
        faults.extend(dependents_found.faults);
        faults.extend(self.too_long(&items));
        if self.request.safety_backup {
            faults.extend(safety_backup::faults(&self.needs.kinds, self.descriptor).await?);
        }
        let mut remarks: Vec<Remark> = Vec::new();
        if self.request.safety_backup || cut_over.mode != CutOverMode::No {
            let is_restored = |hook: &Hook| {
                let place = hook.place.as_ref();
                place.is_some_and(|place| items.iter().any(|item| item.planned.resource.name == place.resource))
            };
            match self.needs.hooks.check_all(&self.descriptor.hooks, is_restored).await {
                Ok(unknown) => remarks.extend(
                    unknown
                        .into_iter()
                        .map(|unknown| format!("{}: {}", unknown.subject, unknown.message).into()),
                ),
                Err(Error::InvalidInput(missing)) => faults.extend(missing),
                Err(error) => return Err(error),
            }
        }
        if !faults.is_empty() {
            return Err(Error::InvalidInput(without_repeats(faults)));
        }
        let mut preflight = preflight;
        preflight
            .remarks
            .extend(directories_in_use::remarks(self, &items).await?);
        preflight
            .remarks
            .extend(self.needs.switches.remarks(&cut_over.switches, &items).await?);
        let mut plan = self.compose(origins, preflight, cut_over, &items);
        plan.remarks.extend(remarks);
        plan.remarks.extend(dependents_found.remarks);
        Ok((plan, items))
    }

    async fn items(&self, origins: &Origins) -> Result<Vec<RestoreItem>> {
        let suffix = self.request.suffix.clone();
        let suffix = suffix.unwrap_or_else(|| names::suffix(self.run));
        let request = origins.request.as_ref().unwrap_or(self.request);
        let mut items = Vec::with_capacity(origins.drafts.len());
        for draft in origins.drafts.iter().cloned() {
            let name = &draft.resource.name;
            let naming = Naming {
                suffix: &suffix,
                given: request.names.get(name).map(String::as_str),
                into: request.into.get(name).copied(),
            };
            let overrides = Overrides::of(request, name);
            items.push(drafts::item(self, draft, &naming, &overrides).await?);
        }
        Ok(items)
    }

    /// The fault of a restore that would exceed the history limit of its execution.
    fn too_long(&self, items: &[RestoreItem]) -> Option<Fault> {
        let planned: Vec<_> = items.iter().map(|item| item.planned.clone()).collect();
        let events = history::events(&planned, self.descriptor.probes.len());
        (events > history::MOST_EVENTS).then(|| Fault {
            path: "only".to_owned(),
            value: format!(
                "{} resources, whose restore takes about {events} events of the execution's history,",
                items.len()
            ),
            allowed: format!(
                "resources that take at most {} events: {IN_PARTS}",
                history::MOST_EVENTS
            ),
        })
    }

    /// How the set's side of the restore matches today's.
    fn matching(&self, origins: &Origins, cut_over: &CutOverPlan, items: &[RestoreItem]) -> Matching {
        let mut found = Matching::default();
        if let Some(sides) = origins.sides(self) {
            found.gaps = sides.gaps();
            let (pairs, gaps) = matching::probes(&sides, &origins.counted);
            found.probes = pairs;
            found.gaps.extend(gaps);
            // With no cut-over requested, only gaps in the data matter.
            if self.request.cut_over != Some(CutOverMode::No) {
                found.gaps.extend(matching::switches(&sides));
            }
        }
        if cut_over.mode != CutOverMode::No {
            found.live = switches::live(self.descriptor, &cut_over.switches, items);
            let is_abandoned = |name: &str| origins.matched.iter().any(|of| of.abandoned && of.name == name);
            found.live.retain(|name| !is_abandoned(name));
            let left_out = origins.sides(self).map(|sides| sides.left_out()).unwrap_or_default();
            for name in left_out {
                let whole = name.split('.').next().unwrap_or(&name);
                if !found.live.iter().any(|live| *live == name || live == whole) {
                    found.live.push(name);
                }
            }
        }
        found
    }

    fn compose(
        &self,
        origins: Origins,
        preflight: PreflightReport,
        cut_over: CutOverPlan,
        items: &[RestoreItem],
    ) -> Plan {
        let matching = self.matching(&origins, &cut_over, items);
        let mut remarks = origins.remarks;
        let request = origins.request.as_ref().unwrap_or(self.request);
        for item in items {
            let Resource { name, target, .. } = &item.planned.resource;
            let of_kind = kinds::stateful(target)
                .map(|kind| kind.override_remarks(&item.configuration, &Overrides::of(request, name)));
            remarks.extend(of_kind.into_iter().flatten().map(|text| Remark::of(name, text)));
        }
        remarks.extend(preflight.remarks);
        remarks.extend(cut_over.remarks.into_iter().map(Remark::from));
        Plan {
            set: origins.set,
            at: origins.at,
            at_rest: origins.at_rest,
            made_at: self.now,
            resources: items.iter().map(|item| item.planned.clone()).collect(),
            not_covered: origins.not_covered,
            remarks,
            cut_over: cut_over.mode,
            approval: self.request.approval,
            safety_backup: self.request.safety_backup,
            dry_run: self.request.dry_run,
            on_failure: self.request.on_failure,
            switches: cut_over.words,
            matching,
            security_groups: preflight.security_groups,
            options: self.request.options(),
            naming: self.request.naming(),
            expected_seconds: items.iter().filter_map(|item| item.planned.usual_seconds).max(),
        }
    }
}

/// Removes repeated faults, keeping the order.
fn without_repeats(faults: Vec<Fault>) -> Vec<Fault> {
    let mut unique: Vec<Fault> = Vec::with_capacity(faults.len());
    for fault in faults {
        if !unique.contains(&fault) {
            unique.push(fault);
        }
    }
    unique
}
