//! One backup, restore or copy job at a time per resource, in the order in which they were started; and waiting that ends when
//! a job must stop.

use jiff::Timestamp;

use super::state::{Inner, State};
use crate::backup::job::JobCourse;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitEnd {
    /// The awaited condition holds.
    Through,
    /// The job must stop.
    Stopped,
    /// The given time came first.
    TooLate,
}

impl Inner {
    /// Puts a job at the end of its resource's queue.
    pub(super) fn enqueue(state: &mut State, resource: &str, job: &str) {
        state
            .queues
            .entry(resource.to_owned())
            .or_default()
            .push(job.to_owned());
    }

    /// Removes a job from its resource's queue and wakes the next one.
    pub(super) fn leave_queue(&self, resource: &str, job: &str) {
        if let Some(queue) = self.state().queues.get_mut(resource) {
            queue.retain(|other| other != job);
        }
        self.moved.send_replace(());
    }

    /// Waits until the job is the first of its resource's queue.
    pub(super) async fn wait_for_turn(&self, resource: &str, job: &str, latest: Timestamp) -> WaitEnd {
        let first = |state: &State| {
            state
                .queues
                .get(resource)
                .and_then(|queue| queue.first())
                .is_some_and(|first| first == job)
        };
        self.wait(job, latest, first).await
    }

    /// Waits until a time; `Stopped` if the job must stop before.
    pub(super) async fn wait_until(&self, job: &str, time: Timestamp) -> WaitEnd {
        match self.wait(job, time, |_| false).await {
            WaitEnd::TooLate => WaitEnd::Through,
            other => other,
        }
    }

    /// The steps of a running job.
    async fn wait(&self, job: &str, latest: Timestamp, come: impl Fn(&State) -> bool) -> WaitEnd {
        let mut moved = self.moved.subscribe();
        loop {
            moved.mark_unchanged();
            {
                let state = self.state();
                if state.course(job).is_none_or(|course| course.stopping) {
                    return WaitEnd::Stopped;
                }
                if come(&state) {
                    return WaitEnd::Through;
                }
            }
            let _waiting = self.world.work.wait(latest);
            tokio::select! {
                _ = moved.changed() => {}
                () = self.world.clock.sleep_until(latest) => return WaitEnd::TooLate,
            }
        }
    }
}

impl State {
    /// The progress of a job of any kind.
    pub(super) fn course(&self, job: &str) -> Option<&JobCourse> {
        let backup = self.backup_jobs.iter().map(|job| &job.course);
        let restore = self.restore_jobs.iter().map(|job| &job.course);
        let copy = self.copy_jobs.iter().map(|job| &job.course);
        backup.chain(restore).chain(copy).find(|course| course.id == job)
    }
}
