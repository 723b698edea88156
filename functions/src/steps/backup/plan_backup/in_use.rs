//! What is backed up is what is in use: the switches that a cut-over would change tell what the application uses now.

use crate::domain::descriptor::Descriptor;
use crate::domain::reference::{self, Reference};
use crate::domain::set::Reason;
use crate::error::{Class, Error, Fault, Result};
use crate::switches::Switches;

/// Asks every switch whether it leads to the resource that it belongs to. Answers what could not be told, one a switch.
///
/// # Errors
/// `InvalidInput` where a switch leads to another resource: the backup would hold what nobody uses.
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
                    "whether it leads to {} {}, which is backed up, cannot be told: {why}",
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
