//! Shared by backup, restore and copy jobs: states, and progress that grows with the lab's clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    Created,
    Running,
    Aborting,
    Aborted,
    Completed,
    Failed,
    Expired,
    Partial,
}

impl JobState {
    /// As backup and copy jobs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Aborting => "ABORTING",
            Self::Aborted => "ABORTED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
            Self::Partial => "PARTIAL",
        }
    }

    /// As restore jobs spell it: they have fewer states.
    pub fn restore_name(self) -> &'static str {
        match self {
            Self::Created => "PENDING",
            Self::Running | Self::Aborting => "RUNNING",
            Self::Aborted | Self::Expired => "ABORTED",
            Self::Completed => "COMPLETED",
            Self::Failed | Self::Partial => "FAILED",
        }
    }

    /// Whether it is final.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Created | Self::Running | Self::Aborting)
    }
}

/// The progress of a job.
#[derive(Clone, Debug)]
pub(super) struct JobCourse {
    pub id: String,
    pub state: JobState,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// How long it runs, without obstacles.
    pub lasts: Duration,
    pub message: Option<String>,
    pub category: Option<&'static str>,
    pub size: u64,
    /// Whether a stop was requested.
    pub stopping: bool,
    /// Whether it never gets further than 42 %.
    pub stuck: bool,
}

impl JobCourse {
    pub fn new(now: Timestamp, lasts: Duration) -> Self {
        Self {
            id: crate::ids::uuid(),
            state: JobState::Created,
            created_at: now,
            started_at: None,
            ended_at: None,
            lasts,
            message: None,
            category: None,
            size: 0,
            stopping: false,
            stuck: false,
        }
    }

    pub fn start(&mut self, now: Timestamp) {
        self.state = JobState::Running;
        self.started_at = Some(now);
    }

    pub fn end(&mut self, now: Timestamp, state: JobState, message: Option<String>, category: Option<&'static str>) {
        self.state = state;
        self.ended_at = Some(now);
        self.message = message;
        self.category = category;
    }

    /// When it ends, without interruption.
    pub fn due(&self) -> Timestamp {
        let from = self.started_at.unwrap_or(self.created_at);
        let lasts = SignedDuration::try_from(self.lasts).unwrap_or(SignedDuration::MAX);
        from.checked_add(lasts).unwrap_or(Timestamp::MAX)
    }

    /// Its percentage, from 0 to 100; 100 only when it is completed.
    pub fn percent(&self, now: Timestamp) -> f64 {
        if self.state == JobState::Completed {
            return 100.0;
        }
        let Some(started_at) = self.started_at else {
            return 0.0;
        };
        let until = self.ended_at.unwrap_or(now);
        let elapsed = until.duration_since(started_at).as_secs_f64();
        let share = elapsed / self.lasts.as_secs_f64().max(0.001);
        let most = if self.stuck { 42.0 } else { 99.0 };
        (share * 100.0).clamp(0.0, most)
    }

    /// The percentage as AWS Backup writes it: a string with one decimal.
    pub fn percent_text(&self, now: Timestamp) -> String {
        format!("{:.1}", self.percent(now))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn progress_grows_and_reaches_the_end_only_when_completed() {
        let start: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let mut course = JobCourse::new(start, Duration::from_secs(10));
        assert_eq!(course.percent_text(at(5)), "0.0");
        course.start(at(5));
        assert_eq!(course.due(), at(15));
        assert_eq!(course.percent_text(at(10)), "50.0");
        assert_eq!(course.percent_text(at(60)), "99.0");
        course.end(at(61), JobState::Completed, None, Some("SUCCESS"));
        assert_eq!(course.percent_text(at(62)), "100.0");
    }

    #[test]
    fn a_job_that_failed_keeps_how_far_it_came() {
        let start: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let mut course = JobCourse::new(start, Duration::from_secs(10));
        course.start(start);
        course.end(start + SignedDuration::from_secs(3), JobState::Failed, None, None);
        assert_eq!(course.percent_text(start + SignedDuration::from_hours(1)), "30.0");
        course.stuck = true;
        course.ended_at = None;
        assert_eq!(course.percent_text(start + SignedDuration::from_hours(1)), "42.0");
    }
}
