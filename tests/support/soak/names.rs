//! The names that the model and the steps use for the parts of a deployment.

/// Number of the step of a sequence that made a set or a restore.
pub type Label = usize;

/// What the application needs: each has a resource in the descriptor, and a switch that refers the application to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Rows of an Aurora cluster, found by a secret.
    Rows,
    /// Items of a table, found by a parameter.
    Items,
    /// Items of a second table, found by another parameter.
    Notes,
    /// Files of a file system, mounted by a service.
    Files,
}

impl Need {
    pub const ALL: [Need; 4] = [Need::Rows, Need::Items, Need::Notes, Need::Files];

    /// The resource's name in the first descriptor.
    pub fn first_name(self) -> &'static str {
        match self {
            Need::Rows => "database",
            Need::Items => "rooms",
            Need::Notes => "notes",
            Need::Files => "storage",
        }
    }

    pub fn switch(self) -> &'static str {
        match self {
            Need::Rows => "the secret",
            Need::Items => "the parameter of the items",
            Need::Notes => "the parameter of the notes",
            Need::Files => "the service",
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Need::Rows => "rows",
            Need::Items => "items",
            Need::Notes => "notes",
            Need::Files => "files",
        })
    }
}

/// Something with data: a cluster, a table, a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The original one.
    First(Need),
    /// A copy that a restore created.
    Copy(Need, Label),
}

impl Place {
    pub fn need(self) -> Need {
        match self {
            Place::First(need) | Place::Copy(need, _) => need,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::First(need) => write!(f, "the first {need}"),
            Place::Copy(need, restore) => write!(f, "the {need} that restore {restore} made"),
        }
    }
}
