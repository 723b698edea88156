//! One permission.

/// One permission.
pub struct Need {
    pub action: String,
    pub resource: String,
}

pub const HERE: &str = "us-east-1:000000000000";

pub fn need(action: &str, resource: String) -> Need {
    Need {
        action: action.to_owned(),
        resource,
    }
}
