//! Clients that are created on first use. A step has clients of many services and calls few of them; an unused client would still
//! slow down every cold start.

use std::ops::Deref;
use std::sync::LazyLock;

use aws_types::SdkConfig;

/// A client of a service, which dereferences to the client itself.
pub struct Lazy<C>(LazyLock<C, Box<dyn FnOnce() -> C + Send>>);

impl<C> Lazy<C> {
    /// `make` creates the client, for example `Client::new`.
    pub fn new(aws: &SdkConfig, make: impl FnOnce(&SdkConfig) -> C + Send + 'static) -> Self {
        let aws = aws.clone();
        Self(LazyLock::new(Box::new(move || make(&aws))))
    }
}

impl<C> Deref for Lazy<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_client_is_made_once_and_not_before_it_is_used() {
        let made = Arc::new(AtomicU32::new(0));
        let counting = Arc::clone(&made);
        let client = Lazy::new(&SdkConfig::builder().build(), move |_| {
            counting.fetch_add(1, Ordering::Relaxed)
        });
        assert_eq!(made.load(Ordering::Relaxed), 0);
        assert_eq!((*client, *client), (0, 0));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
