//! A store in front of another: it stops after the first bytes of an archive until the test has done something, or reports a full disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use holdfast_transfer::error::{Result, TransferError};
use holdfast_transfer::store::{ObjectState, Sink, Source, Store, StoredObject};
use tokio::sync::Semaphore;

/// What happens after the first bytes.
#[derive(Clone)]
pub enum After {
    /// A permit is added to the first, then one is taken from the second.
    Pause(Arc<Semaphore>, Arc<Semaphore>),
    Full,
}

pub struct Interrupted<S> {
    pub inner: S,
    pub after: After,
}

struct InterruptedSink {
    inner: Box<dyn Sink>,
    after: Option<After>,
}

#[async_trait]
impl<S: Store> Store for Interrupted<S> {
    fn address(&self) -> String {
        self.inner.address()
    }

    async fn create(&self, name: &str, metadata: &BTreeMap<String, String>, estimate: u64) -> Result<Box<dyn Sink>> {
        let archive = name.contains(".whole.") || name.contains(".data-");
        Ok(Box::new(InterruptedSink {
            inner: self.inner.create(name, metadata, estimate).await?,
            after: archive.then(|| self.after.clone()),
        }))
    }

    async fn open(&self, name: &str, version: Option<&str>) -> Result<Box<dyn Source>> {
        self.inner.open(name, version).await
    }

    async fn state(&self, name: &str, version: Option<&str>) -> Result<Option<ObjectState>> {
        self.inner.state(name, version).await
    }

    async fn tag(&self, object: &StoredObject, tags: &BTreeMap<String, String>) -> Result<()> {
        self.inner.tag(object, tags).await
    }

    async fn remove(&self, objects: &[StoredObject]) -> Result<()> {
        self.inner.remove(objects).await
    }

    async fn remove_others(&self, keep: &[&str]) -> Result<()> {
        self.inner.remove_others(keep).await
    }
}

#[async_trait]
impl Sink for InterruptedSink {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.inner.write(bytes).await?;
        match self.after.take() {
            Some(After::Pause(reached, resume)) => {
                reached.add_permits(1);
                let permit = resume.acquire().await;
                permit
                    .map_err(|error| TransferError::JobFailed(error.to_string()))?
                    .forget();
            }
            Some(After::Full) => {
                return Err(TransferError::JobFailed(
                    "writing: No space left on device (os error 28)".to_owned(),
                ));
            }
            None => {}
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<StoredObject> {
        self.inner.finish().await
    }

    async fn discard(self: Box<Self>) -> Result<()> {
        self.inner.discard().await
    }
}
