//! Checks that the application uses what is backed up: the switches that a cut-over would change show what it uses now.

use crate::domain::descriptor::Descriptor;
use crate::domain::reference::{self, Reference};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Fault, Result};
use crate::switches::Switches;

/// Checks whether each switch refers to its resource. Returns a reason for each switch for which that is unknown.
///
/// # Errors
/// `InvalidInput` where a switch refers to another resource: the backup would contain data that nothing uses.
pub async fn check_in_use(switches: &Switches, descriptor: &Descriptor) -> Result<Vec<Reason>> {
    let (mut faults, mut unknown) = (Vec::new(), Vec::new());
    for switch in &descriptor.cut_over {
        let Some(target) = reference::resource_of(descriptor, switch) else {
            continue;
        };
        let reference = match switches.of(&switch.action).reference(switch, &target).await {
            Ok(reference) => reference,
            Err(error) if error.class() == Class::Final => Reference::Unknown(error.to_string()),
            Err(error) => return Err(error),
        };
        match reference {
            Reference::Matches | Reference::Unrelated => {}
            Reference::Elsewhere(other) => faults.push(Fault {
                path: match &switch.table {
                    Some(_) => format!("cut_over.{}.table", switch.name),
                    None => format!("resources.{}.{}", switch.resource, target.field()),
                },
                value: format!(
                    "{}, while the application uses {other}, to which switch {} leads,",
                    target.identifier(),
                    switch.name
                ),
                allowed: "what the application uses, so that this is what is backed up. Correct the descriptor and \
                          `holdfast apply FILE`; or, if the switch leads to the wrong place, lead it back"
                    .to_owned(),
            }),
            Reference::Unknown(why) => unknown.push(Reason {
                subject: format!("switch {}", switch.name),
                error: "VerificationFailed".to_owned(),
                message: format!(
                    "whether it refers to {} {}, which is backed up, is unknown: {why}",
                    target.kind(),
                    target.identifier()
                ),
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(unknown),
        false => Err(Error::InvalidInput(faults)),
    }
}
