//! The list of kinds, one line each.

use std::sync::Arc;

use aws_config::SdkConfig;

use super::{Defaults, Kind};
use crate::domain::resource::Target;

/// One line per kind: its name, which is also its folder's, its targets, and how it is built.
macro_rules! kinds {
    (($aws:ident, $defaults:ident) $($name:ident: $target:pat => $kind:ident::$made:ident($($given:ident),+),)*) => {
        /// All kinds.
        #[derive(Clone)]
        pub struct Kinds {
            $($name: Arc<dyn Kind>,)*
        }

        impl Kinds {
            /// The number of kinds.
            #[cfg(test)]
            pub const COUNT: usize = [$(stringify!($name)),*].len();

            /// All kinds, with clients of one configuration, and what the stack has for them.
            pub fn from_config($aws: &SdkConfig, $defaults: &Defaults) -> Self {
                Self {
                    $($name: Arc::new(super::$name::$kind::$made($($given),+)),)*
                }
            }

            /// The same kind in every place.
            pub fn all(kind: &Arc<dyn Kind>) -> Self {
                Self {
                    $($name: Arc::clone(kind),)*
                }
            }

            /// The kind of a target.
            pub fn of(&self, target: &Target) -> &dyn Kind {
                match target {
                    $($target => &*self.$name,)*
                }
            }

            /// Iterates over the kinds.
            pub fn each(&self) -> impl Iterator<Item = &dyn Kind> {
                [$(&*self.$name),*].into_iter()
            }
        }

        /// Runs the suite for each kind with the responses that its tests list.
        #[cfg(test)]
        mod conformance {
            use crate::testing::conformance::Example;

            /// One example of each kind.
            fn examples() -> Vec<Example> {
                vec![$({
                    use crate::kinds::$name::tests::conformance::{backup, restore};

                    Example::of(backup(), restore())
                }),*]
            }

            $(
                mod $name {
                    use super::examples;
                    use crate::kinds::$name::tests::conformance;
                    use crate::testing::conformance::{run_backup, run_planning, run_recovery, run_restore};

                    #[tokio::test]
                    async fn backup() {
                        run_backup(conformance::backup(), &examples()).await;
                    }

                    #[tokio::test]
                    async fn recovery() {
                        run_recovery(conformance::recovery(), &examples()).await;
                    }

                    #[tokio::test]
                    async fn planning() {
                        run_planning(conformance::planning(), &examples()).await;
                    }

                    #[tokio::test]
                    async fn restore() {
                        run_restore(conformance::restore(), &examples()).await;
                    }
                }
            )*
        }
    };
}

kinds! {
    (aws, defaults)
    aurora: Target::Aurora { .. } => Aurora::from_config(aws),
    efs: Target::Efs { .. } => Efs::from_config(aws, defaults),
    dynamodb: Target::DynamoDb { .. } | Target::DynamodbPrefix { .. } => DynamoDb::from_config(aws, defaults),
    postgres: Target::Postgres { .. } => Postgres::from_config(aws, defaults),
    secret: Target::Secret { .. } => Secret::from_config(aws),
    parameters: Target::Parameters { .. } => Parameters::from_config(aws),
}
