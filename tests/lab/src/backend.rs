//! All that answers a request, and its clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::ledger::Ledger;
use crate::ministack::Ministack;
use crate::models::Models;
use crate::service::Service;
use crate::world::World;

/// All that answers a request.
pub struct Backend {
    /// What the services share.
    pub world: Arc<World>,
    /// The services that the lab answers itself, in the order in which they are asked.
    pub services: Vec<Arc<dyn Service>>,
    /// Every call so far.
    pub ledger: Ledger,
    /// The MiniStack behind.
    pub ministack: Ministack,
    /// What requests may say.
    pub models: Models,
    /// The front door's port.
    pub port: u16,
    /// Whether MiniStack enforces IAM and checks signatures, whose dates bind it to the machine's clock.
    pub auth: bool,
}

/// Moves the lab's clock. MiniStack first: nobody can see the lab's new time and find MiniStack behind it.
///
/// # Errors
/// When MiniStack checks signatures, or does not follow.
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
