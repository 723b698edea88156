//! botocore's models of requests: every call is validated against its service's model before it is processed, and refused as by
//! that service.

mod check;
mod request;
mod shape;
mod wording;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::service::{Answer, Call};
use shape::Model;

/// The script that writes the models.
const PROGRAM: &str = include_str!("../../python/models.py");

/// The models, each read at the first call of its service.
pub struct Models {
    directory: PathBuf,
    read: Mutex<HashMap<String, Option<Arc<Model>>>>,
}

impl Models {
    /// Writes the models of this Python's botocore, if no earlier lab did.
    ///
    /// # Errors
    /// If Python can't be run, or has no botocore.
    pub async fn prepare(python: &Path, dir: &Path) -> anyhow::Result<Self> {
        let program = dir.join("models.py");
        std::fs::write(&program, PROGRAM).with_context(|| format!("writing {}", program.display()))?;
        let wrote = Command::new(python)
            .arg("-I")
            .arg(&program)
            .arg(dir.join("models"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("starting {}", python.display()))?;
        let said = String::from_utf8_lossy(&wrote.stderr);
        ensure!(wrote.status.success(), "botocore's models can't be read: {said}");
        Ok(Self {
            directory: PathBuf::from(String::from_utf8_lossy(&wrote.stdout).trim()),
            read: Mutex::default(),
        })
    }

    /// The service's error for a call that its model does not allow.
    #[must_use]
    pub fn refuse(&self, call: &Call) -> Option<Answer> {
        let model = self.model(&call.service)?;
        let input = model.input(&call.action)?;
        let wrong = match request::read(call, &model, input) {
            Ok(said) => check::input(&model, input, &said),
            Err(unreadable) => vec![unreadable],
        };
        (!wrong.is_empty()).then(|| wording::refusal(call, &wrong))
    }

    fn model(&self, service: &str) -> Option<Arc<Model>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = read.get(service) {
            return model.clone();
        }
        let known = service.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let file = self.directory.join(format!("{service}.json"));
        let text = known.then(|| std::fs::read(&file).ok()).flatten();
        let model = text.and_then(|text| match serde_json::from_slice(&text) {
            Ok(model) => Some(Arc::new(model)),
            Err(error) => {
                tracing::error!(%error, file = %file.display(), "a model that can't be read");
                None
            }
        });
        read.insert(service.to_owned(), model.clone());
        model
    }
}

#[cfg(test)]
mod tests;
