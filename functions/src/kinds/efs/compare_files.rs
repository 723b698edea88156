//! Compares the restored files with the sample: the count of each root, and each sampled file.

use super::Efs;
use super::checks::Checks;
use super::plan::FileSystemPlan;
use crate::access::unmounted;
use crate::domain::efs_access::roots::{ACCESS_POINT, DirectoriesInUse, WHOLE, below, in_copy, root_of};
use crate::domain::efs_access::{DifferingFile, TreeComparison};
use crate::domain::restore::verdict::Finding;
use crate::domain::set::{CountedRoot, Sample, SampledFile};
use crate::error::Result;

pub async fn files(
    efs: &Efs,
    plan: &FileSystemPlan<'_>,
    file_system: &str,
    directory: Option<&str>,
    at_rest: bool,
    checks: &mut Checks,
) -> Result<()> {
    let Some(counted) = SampledRoots::of(plan.item.sample.as_ref()) else {
        let detail = format!(
            "no file was sampled when file system {} was backed up: no function mounted it then",
            plan.source
        );
        checks.add("files", Finding::Unproven, detail);
        return Ok(());
    };
    unknown_uses(plan, &counted, checks);
    let Some(directory) = directory else {
        let detail = format!("the restored directory is not known. {}", unmounted(file_system));
        checks.add("files", Finding::Unproven, detail);
        return Ok(());
    };
    // The backup may or may not contain what the application wrote meanwhile.
    let moving = if at_rest { Finding::Different } else { Finding::Unproven };
    for root in &counted.roots {
        let place = in_copy(directory, &root.path);
        let sampled = counted.sampled_in(root);
        let Some(now) = efs.access.check(file_system, &place, &sampled).await? else {
            checks.add("files", Finding::Unproven, unmounted(file_system));
            return Ok(());
        };
        if !now.found {
            let detail = format!("directory {place} of file system {file_system} does not exist");
            checks.add(&counted.name("files", root), Finding::Different, detail);
            continue;
        }
        tree(&counted, root, &sampled, &now, moving, checks);
        let configuration = &plan.item.configuration;
        let told =
            DirectoriesInUse::captured(configuration).is_some_and(|in_use| !in_use.live(configuration).is_empty());
        if !told && now.restores > 0 {
            let detail = format!(
                "{} directories of earlier restores are in {place}, and were not compared: that the live files were not in one of \
                 them was not recorded when the set was captured. See what was mounted then, and compare it yourself; name it in \
                 the descriptor's `roots`, or in a switch, for the next set",
                now.restores
            );
            checks.add("directories of earlier restores", Finding::Unproven, detail);
        }
    }
    Ok(())
}

/// What the set does not record about the directories in use.
fn unknown_uses(plan: &FileSystemPlan<'_>, counted: &SampledRoots<'_>, checks: &mut Checks) {
    let Some(in_use) = DirectoriesInUse::captured(&plan.item.configuration) else {
        return;
    };
    for why in &in_use.unknown {
        let detail = format!(
            "what was in use could not be determined when file system {} was backed up: {why}",
            plan.source
        );
        checks.add("directories in use", Finding::Unproven, detail);
    }
    for path in counted.missing {
        // An access point creates its directory when it is first mounted.
        let by: Vec<String> = in_use
            .live(&plan.item.configuration)
            .into_iter()
            .filter(|live| live.path == *path)
            .flat_map(|live| live.by)
            .filter(|by| !by.starts_with(ACCESS_POINT))
            .collect();
        if !by.is_empty() {
            let detail = format!(
                "{path} was not there when file system {} was backed up, though used by {}",
                plan.source,
                by.join(", ")
            );
            checks.add("directories in use", Finding::Unproven, detail);
        }
    }
}

/// The sample, grouped by its roots.
struct SampledRoots<'a> {
    roots: Vec<CountedRoot>,
    sampled: &'a [SampledFile],
    missing: &'a [String],
}

impl<'a> SampledRoots<'a> {
    fn of(sample: Option<&'a Sample>) -> Option<Self> {
        let Some(Sample::Files {
            files,
            bytes,
            complete,
            sampled,
            roots,
            missing,
        }) = sample
        else {
            return None;
        };
        let whole = || CountedRoot {
            path: WHOLE.to_owned(),
            files: *files,
            bytes: *bytes,
            complete: *complete,
        };
        Some(Self {
            roots: if roots.is_empty() { vec![whole()] } else { roots.clone() },
            sampled,
            missing,
        })
    }

    /// Its files, with their paths relative to the root.
    fn sampled_in(&self, root: &CountedRoot) -> Vec<SampledFile> {
        let roots = || self.roots.iter().map(|root| root.path.as_str());
        let of_root = |file: &&SampledFile| root_of(roots(), &file.path) == Some(root.path.as_str());
        let from_root = |file: &SampledFile| SampledFile {
            path: format!("/{}", below(&root.path, &file.path).unwrap_or_default()),
            ..file.clone()
        };
        self.sampled.iter().filter(of_root).map(from_root).collect()
    }

    fn name(&self, what: &str, root: &CountedRoot) -> String {
        match self.roots.len() {
            1 => what.to_owned(),
            _ => format!("{what} in {}", root.path),
        }
    }
}

/// Compares one root with its sample.
fn tree(
    counted: &SampledRoots<'_>,
    root: &CountedRoot,
    sampled: &[SampledFile],
    now: &TreeComparison,
    moving: Finding,
    checks: &mut Checks,
) {
    let (finding, detail) = count(root, now, moving);
    checks.add(&counted.name("files", root), finding, detail);
    for one in &now.differing {
        let path = format!("{}{}", root.path.trim_end_matches('/'), one.was.path);
        checks.add(&format!("file {path}"), moving, words(one));
    }
    let contents = counted.name("contents", root);
    if sampled.is_empty() && root.files > 0 {
        checks.add(&contents, Finding::Unproven, "no file is small enough to be sampled");
    } else if now.differing.is_empty() && !sampled.is_empty() {
        let detail = format!("{} sampled files are as they were, byte for byte", sampled.len());
        checks.add(&contents, Finding::Same, detail);
    }
}

fn count(root: &CountedRoot, now: &TreeComparison, moving: Finding) -> (Finding, String) {
    let whole = root.complete && now.complete;
    let (finding, note) = match (root.files, now.files) {
        (0, 0) => (Finding::Unproven, ": nothing says that there were any"),
        (0, _) if !root.complete => (Finding::Unproven, ": they could not be counted in time"),
        (0, _) | (_, 0) => (Finding::Different, ""),
        _ if !whole => (Finding::Unproven, ": there are too many to count"),
        _ if (root.files, root.bytes) == (now.files, now.bytes) => (Finding::Same, ""),
        _ => (moving, ""),
    };
    let detail = format!(
        "were {} of {} bytes, are {} of {} bytes{note}",
        root.files, root.bytes, now.files, now.bytes
    );
    (finding, detail)
}

fn words(one: &DifferingFile) -> String {
    let SampledFile { bytes, sha256, .. } = &one.was;
    match &one.is {
        None => format!("had {bytes} bytes, is missing"),
        Some(is) if is.bytes != *bytes => format!("had {bytes} bytes, has {}", is.bytes),
        Some(is) => format!("had SHA-256 {sha256}, has {}", is.sha256),
    }
}
