//! The last resort against processes left behind: a small process that outlives the lab by a moment and
//! ends what the lab started, if the lab is killed before it can do so itself.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// The environment variable that identifies every process of a lab.
pub const MARK: &str = "HOLDFAST_LAB_RUN";

const PROGRAM: &str = include_str!("../python/reaper.py");

/// The handle of the process that waits for the lab's end.
pub struct Reaper {
    mark: String,
    child: Mutex<Option<Child>>,
}

impl Reaper {
    /// Starts the process with the given Python interpreter.
    ///
    /// # Errors
    /// If the interpreter can't be started.
    pub fn start(python: &Path) -> std::io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let mark = crate::ids::uuid();
        let child = Command::new(python)
            .args(["-S", "-c", PROGRAM, MARK, &mark])
            .stdin(Stdio::piped())
            .process_group(0) // Ctrl-C is for the lab, which then requests what to end
            .spawn()?;
        Ok(Self {
            mark,
            child: Mutex::new(Some(child)),
        })
    }

    /// Name and value of the environment variable for a child of the lab, so that it and its
    /// children are found even after they have lost their parent.
    #[must_use]
    pub fn mark(&self) -> (&'static str, &str) {
        (MARK, &self.mark)
    }

    /// Ends this process and its descendants when the lab dies; for programs that overwrite their environment.
    pub fn watch(&self, pid: u32) {
        self.say(&format!("watch {pid}"));
    }

    /// Reverts [`Reaper::watch`], after the process has ended.
    pub fn forget(&self, pid: u32) {
        self.say(&format!("forget {pid}"));
    }

    /// Removes this directory at the lab's end, after all processes; for data kept outside the lab's own directory.
    pub fn remove_at_end(&self, dir: &Path) {
        self.say(&format!("remove {}", dir.display()));
    }

    /// Ends everything now and waits until it is done. Later calls do nothing.
    pub fn finish(&self) {
        let child = self.child.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(mut child) = child {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }

    fn say(&self, line: &str) {
        let mut child = self.child.lock().unwrap_or_else(|e| e.into_inner());
        let stdin = child.as_mut().and_then(|child| child.stdin.as_mut());
        if let Some(stdin) = stdin
            && let Err(error) = writeln!(stdin, "{line}").and_then(|()| stdin.flush())
        {
            tracing::warn!(%error, line, "the lab's reaper has ended: processes may be left after a crash");
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.finish();
    }
}
