//! The directories that AWS Backup creates at the root of a file system when it restores. They are identified by their names,
//! which cannot be predicted: some have milliseconds (`aws-backup-restore_2022-01-17T08-53-32-695Z`), others nanoseconds
//! (`aws-backup-restore_2025-03-28T14-13-02-250589632Z`).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a directory holds (EFS User Guide, "Using AWS Backup with Amazon EFS").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryKind {
    /// A restore: `aws-backup-restore_…`.
    Restore,
    /// The remains of a failed restore: `aws-backup-failed-restore_…`.
    FailedRestore,
    /// What a restore could not place: `aws-backup-lost+found_…`.
    LostAndFound,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDirectory {
    /// Without the leading slash.
    pub name: String,
    pub of: DirectoryKind,
    /// When AWS Backup created it, from its name.
    pub made_at: Timestamp,
    /// Number of files that were counted.
    pub files: u64,
    pub bytes: u64,
    /// Whether all files were counted.
    pub complete: bool,
}

const PREFIXES: [(&str, DirectoryKind); 3] = [
    ("aws-backup-restore_", DirectoryKind::Restore),
    ("aws-backup-failed-restore_", DirectoryKind::FailedRestore),
    ("aws-backup-lost+found_", DirectoryKind::LostAndFound),
];

/// What a directory of this name at the root holds, and when it was created; `None` for any other name.
pub fn read(name: &str) -> Option<(DirectoryKind, Timestamp)> {
    let (of, time) = PREFIXES
        .iter()
        .find_map(|(prefix, of)| Some((*of, name.strip_prefix(prefix)?)))?;
    // yyyy-mm-ddThh-mm-ss-fffZ
    let (date, time) = time.strip_suffix('Z')?.split_once('T')?;
    let parts: Vec<_> = date.split('-').chain(time.split('-')).collect();
    let [year, month, day, hour, minute, second, fraction] = parts[..] else {
        return None;
    };
    let fits = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let whole = [month, day, hour, minute, second].iter().all(|part| fits(part, 2..=2));
    if !whole || !fits(year, 4..=4) || !fits(fraction, 3..=9) {
        return None;
    }
    let at = format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z").parse();
    Some((of, at.ok()?))
}

/// The times of a job are rounded to milliseconds, and those in a name may be truncated.
const ROUNDING: SignedDuration = SignedDuration::from_millis(5);

/// Tolerated difference between the clocks behind the job's times and the directory's, if no directory matches exactly.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(1);

/// When a restore job ran: from its creation to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobWindow {
    pub from: Timestamp,
    /// `None`: it has not ended.
    pub to: Option<Timestamp>,
}

impl JobWindow {
    /// Whether a directory created at this time may be this job's, within `slack`.
    fn contains(&self, at: Timestamp, slack: SignedDuration) -> bool {
        let from = self.from.saturating_sub(slack).unwrap_or(Timestamp::MIN);
        let to = self.to.and_then(|to| to.saturating_add(slack).ok());
        from <= at && to.is_none_or(|to| at <= to)
    }
}

/// Which of the listed directories a job created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryOrigin<'a> {
    None,
    /// At most one of each kind.
    These(Vec<&'a ListedDirectory>),
    /// Two of one kind, or one that another job may have created.
    Unclear(Vec<&'a ListedDirectory>),
}

/// Finds the directories that a job created, by when it ran; `others` are the other jobs that restored into the file system.
pub fn find_directories_of<'a>(
    job: JobWindow,
    others: &[JobWindow],
    listed: &'a [ListedDirectory],
    of: &[DirectoryKind],
) -> DirectoryOrigin<'a> {
    let within = |slack| -> Vec<&ListedDirectory> {
        let fits = |directory: &&ListedDirectory| of.contains(&directory.of) && job.contains(directory.made_at, slack);
        listed.iter().filter(fits).collect()
    };
    let mut found = within(ROUNDING);
    if found.is_empty() {
        found = within(CLOCK_SKEW);
    }
    let twice = of
        .iter()
        .any(|of| found.iter().filter(|directory| directory.of == *of).count() > 1);
    let of_another =
        |directory: &&ListedDirectory| others.iter().any(|other| other.contains(directory.made_at, ROUNDING));
    match found {
        found if found.is_empty() => DirectoryOrigin::None,
        found if twice || found.iter().any(of_another) => DirectoryOrigin::Unclear(found),
        found => DirectoryOrigin::These(found),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn listed(name: &str) -> ListedDirectory {
        let (of, made_at) = read(name).unwrap();
        ListedDirectory {
            name: name.into(),
            of,
            made_at,
            files: 0,
            bytes: 0,
            complete: true,
        }
    }

    #[test]
    fn only_the_names_that_aws_backup_gives_are_read() {
        for (name, of, time) in [
            (
                "aws-backup-restore_2022-01-17T08-53-32-695Z",
                DirectoryKind::Restore,
                "2022-01-17T08:53:32.695Z",
            ),
            (
                "aws-backup-restore_2025-03-28T14-13-02-250589632Z",
                DirectoryKind::Restore,
                "2025-03-28T14:13:02.250589632Z",
            ),
            (
                "aws-backup-failed-restore_2025-03-28T14-13-02-250Z",
                DirectoryKind::FailedRestore,
                "2025-03-28T14:13:02.25Z",
            ),
            (
                "aws-backup-lost+found_2025-03-28T14-13-02-250Z",
                DirectoryKind::LostAndFound,
                "2025-03-28T14:13:02.25Z",
            ),
        ] {
            assert_eq!(read(name), Some((of, at(time))), "{name}");
        }
        for name in [
            "",
            "data",
            "aws-backup-restore_",
            "aws-backup-restore_2025-03-28T14-13-02-25Z",
            "aws-backup-restore_2025-03-28T14-13-02-2505896321Z",
            "aws-backup-restore_2025-13-28T14-13-02-250Z",
            "aws-backup-restore_2025-03-28T14-13-02-250",
            "aws-backup-restore_2025-03-28T14-13-02-250Z.old",
            "aws-backup-restore_2025-03-28T14-13-02-250Z/..",
            "aws-backup-restore_2025-03-28T14-13-+2-250Z",
            "/aws-backup-restore_2025-03-28T14-13-02-250Z",
            "old-aws-backup-restore_2025-03-28T14-13-02-250Z",
            "../aws-backup-restore_2025-03-28T14-13-02-250Z",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn a_directory_is_the_jobs_that_ran_when_it_was_made() {
        let window = |from: &str, to: Option<&str>| JobWindow {
            from: at(from),
            to: to.map(at),
        };
        let job = window("2026-11-20T02:15:00Z", Some("2026-11-20T02:20:00Z"));
        let earlier = listed("aws-backup-restore_2026-11-20T02-10-00-000Z");
        let ours = listed("aws-backup-restore_2026-11-20T02-15-01-123Z");
        let second = listed("aws-backup-restore_2026-11-20T02-16-01-123Z");
        let lost = listed("aws-backup-lost+found_2026-11-20T02-19-01-123Z");
        let later = listed("aws-backup-restore_2026-11-20T02-21-01-123Z");
        let all = [earlier.clone(), ours.clone(), lost.clone(), later];
        assert_eq!(
            find_directories_of(job, &[], &all, &[DirectoryKind::Restore]),
            DirectoryOrigin::These(vec![&ours])
        );
        assert_eq!(
            find_directories_of(job, &[], &all, &[DirectoryKind::Restore, DirectoryKind::LostAndFound]),
            DirectoryOrigin::These(vec![&ours, &lost])
        );
        assert_eq!(
            find_directories_of(job, &[], &[earlier], &[DirectoryKind::Restore]),
            DirectoryOrigin::None
        );
        // The directory of a restore that ended within the second before is not attributed to this job.
        let just_before = listed("aws-backup-restore_2026-11-20T02-14-59-600Z");
        let both = [just_before.clone(), ours.clone()];
        assert_eq!(
            find_directories_of(job, &[], &both, &[DirectoryKind::Restore]),
            DirectoryOrigin::These(vec![&ours])
        );
        let alone = [just_before.clone()];
        assert_eq!(
            find_directories_of(job, &[], &alone, &[DirectoryKind::Restore]),
            DirectoryOrigin::These(vec![&just_before])
        );
        let its_own = window("2026-11-20T02:14:59.5Z", Some("2026-11-20T02:14:59.8Z"));
        assert_eq!(
            find_directories_of(job, &[its_own], &alone, &[DirectoryKind::Restore]),
            DirectoryOrigin::Unclear(vec![&just_before])
        );
        let two = [ours.clone(), second.clone()];
        assert_eq!(
            find_directories_of(job, &[], &two, &[DirectoryKind::Restore]),
            DirectoryOrigin::Unclear(vec![&ours, &second])
        );
        let other = window("2026-11-20T02:14:00Z", None);
        assert_eq!(
            find_directories_of(job, &[other], &all, &[DirectoryKind::Restore]),
            DirectoryOrigin::Unclear(vec![&ours])
        );
        let before = window("2026-11-20T02:00:00Z", Some("2026-11-20T02:14:00Z"));
        assert_eq!(
            find_directories_of(job, &[before], &all, &[DirectoryKind::Restore]),
            DirectoryOrigin::These(vec![&ours])
        );
    }
}
