//! Everything that serves a request, and the clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::ledger::Ledger;
use crate::ministack::Ministack;
use crate::models::Models;
use crate::service::Service;
use crate::world::World;

/// Everything that serves a request.
pub struct Backend {
    /// The state that the services share.
    pub world: Arc<World>,
    /// The services that the lab implements itself, in the order in which they are tried.
    pub services: Vec<Arc<dyn Service>>,
    /// Every call so far.
    pub ledger: Ledger,
    /// The MiniStack process.
    pub ministack: Ministack,
    /// The models of requests.
    pub models: Models,
    /// The front door's port.
    pub port: u16,
    /// Whether MiniStack enforces IAM and checks signatures, whose dates require the machine's clock.
    pub auth: bool,
}

/// Moves the lab's clock. MiniStack first, so that it is never behind the lab's visible time.
///
/// # Errors
/// If MiniStack checks signatures, or does not confirm.
pub async fn advance_by(house: &Backend, by: Duration) -> Result<Timestamp, (u16, String)> {
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    if house.auth {
        let why = "clock: with --auth, signatures are checked and bind the lab to the machine's clock";
        return Err((409, why.to_owned()));
    }
    let _turn = ONE_AT_A_TIME.lock().await;
    let ahead = house.world.clock.offset().saturating_add(by);
    house
        .ministack
        .set_clock_offset(ahead)
        .await
        .map_err(|error| (500, format!("{error:#}")))?;
    Ok(house.world.clock.advance(by))
}
