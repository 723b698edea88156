//! Clusters that Holdfast cannot restore, identified by what RDS describes. Their backup is refused: no one must rely on a set that
//! contains one.
//!
//! DescribeDBClusters also returns clusters of Amazon Neptune, Amazon DocumentDB and Multi-AZ DB clusters of RDS; of the engine
//! modes, a restore only supports `provisioned`; an Aurora Limitless Database has shard groups instead of instances.

/// Engines whose clusters Holdfast can restore: an Aurora cluster, then its instances.
const ENGINES: &[&str] = &["aurora-mysql", "aurora-postgresql"];

/// Why a cluster cannot be restored.
#[derive(Debug, PartialEq)]
pub struct Unsupported {
    /// The unsupported value.
    pub is: String,
    pub allowed: &'static str,
    /// What to do instead of backing it up with Holdfast.
    pub instead: &'static str,
    /// What to do with a backup that exists nevertheless.
    pub by_hand: &'static str,
}

/// `None` for a cluster that can be restored, as far as it is described.
pub fn unsupported(engine: Option<&str>, mode: Option<&str>, scalability: Option<&str>) -> Option<Unsupported> {
    const PROVISIONED: &str = "a provisioned cluster, which may have Serverless v2 instances";
    match (engine, mode, scalability) {
        (Some(engine), ..) if !ENGINES.contains(&engine) => Some(Unsupported {
            is: format!("engine {engine}"),
            allowed: "an Aurora cluster, of engine aurora-postgresql or aurora-mysql",
            instead: "back it up by a plan of AWS Backup, and restore it by hand",
            by_hand: "restore its snapshot by hand",
        }),
        (_, Some("serverless"), _) => Some(Unsupported {
            is: "Aurora Serverless v1".to_owned(),
            allowed: PROVISIONED,
            instead: "migrate it first",
            by_hand: "restore its snapshot by hand and migrate it",
        }),
        (_, Some(mode), _) if mode != "provisioned" => Some(Unsupported {
            is: format!("engine mode {mode}"),
            allowed: PROVISIONED,
            instead: "migrate it first",
            by_hand: "restore its snapshot by hand and migrate it",
        }),
        (_, _, Some("limitless")) => Some(Unsupported {
            is: "Aurora Limitless Database".to_owned(),
            allowed: "a cluster of scalability type standard, whose data is reached through its instances",
            instead: "back it up by a plan of AWS Backup, and restore it with its shard group by hand",
            by_hand: "restore its snapshot with its shard group by hand",
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_brought_back_is_taken() {
        let aurora = Some("aurora-postgresql");
        for (engine, mode, scalability, is) in [
            (aurora, Some("provisioned"), Some("standard"), None),
            (Some("aurora-mysql"), None, None, None),
            (None, None, None, None),
            (Some("neptune"), Some("provisioned"), None, Some("engine neptune")),
            (Some("docdb"), Some("provisioned"), None, Some("engine docdb")),
            (Some("postgres"), Some("provisioned"), None, Some("engine postgres")),
            (Some("mysql"), None, None, Some("engine mysql")),
            (Some("aurora"), None, None, Some("engine aurora")),
            (aurora, Some("serverless"), None, Some("Aurora Serverless v1")),
            (aurora, Some("multimaster"), None, Some("engine mode multimaster")),
            (
                aurora,
                Some("provisioned"),
                Some("limitless"),
                Some("Aurora Limitless Database"),
            ),
        ] {
            let found = unsupported(engine, mode, scalability);
            assert_eq!(
                found.map(|found| found.is).as_deref(),
                is,
                "{engine:?} {mode:?} {scalability:?}"
            );
        }
    }
}
