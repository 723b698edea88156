//! DescribeDBEngineVersions, DescribeOrderableDBInstanceOptions and DescribeAccountAttributes.

use crate::rds::catalogue;
use crate::rds::fault::{Fault, Result};
use crate::rds::paging::Page;
use crate::rds::plane::Plane;
use crate::rds::query::Query;
use crate::rds::snapshot::Kind;
use crate::rds::xml::Xml;

/// DescribeDBEngineVersions.
pub fn engine_versions(query: &Query) -> Result<Xml> {
    let wanted = |name: &str, value: &str| query.text(name).is_none_or(|text| text == value);
    let default_only = query.flag("DefaultOnly")?.unwrap_or(false);
    let passes = |version: &&&str| {
        wanted("Engine", catalogue::ENGINE)
            && (wanted("EngineVersion", version) || wanted("EngineVersion", catalogue::major(version)))
            && wanted("DBParameterGroupFamily", &catalogue::family(version))
            && (!default_only || **version == catalogue::DEFAULT_VERSION)
    };
    let found = catalogue::VERSIONS
        .iter()
        .enumerate()
        .filter(|(_, version)| passes(version));
    let page = Page::of(
        query,
        found.map(|(place, version)| (format!("{place:04}"), (place, *version))),
    )?;
    Ok(
        page.write("DBEngineVersions", "DBEngineVersion", |xml, (place, version)| {
            xml.text("Engine", catalogue::ENGINE);
            xml.text("MajorEngineVersion", catalogue::major(version));
            xml.text("EngineVersion", version);
            xml.text("DBParameterGroupFamily", catalogue::family(version));
            xml.text("DBEngineDescription", "Aurora (PostgreSQL)");
            xml.text(
                "DBEngineVersionDescription",
                format!("Aurora PostgreSQL (Compatible with PostgreSQL {version})"),
            );
            xml.elements(
                "ValidUpgradeTarget",
                "UpgradeTarget",
                &catalogue::VERSIONS[place + 1..],
                |xml, target| {
                    xml.text("Engine", catalogue::ENGINE);
                    xml.text("EngineVersion", target);
                    xml.text("AutoUpgrade", false);
                    xml.text("IsMajorVersionUpgrade", false);
                },
            );
            xml.texts("ExportableLogTypes", "member", ["instance", "postgresql"]);
            xml.text("SupportsLogExportsToCloudwatchLogs", true);
            xml.texts("SupportedEngineModes", "member", ["provisioned"]);
            xml.texts("SupportedCACertificateIdentifiers", "member", catalogue::CAS);
            xml.text("Status", "available");
        }),
    )
}

/// DescribeOrderableDBInstanceOptions, of one class: the lab has no list of all.
pub fn orderable(query: &Query) -> Result<Xml> {
    catalogue::engine(query.required("Engine")?)?;
    let version = query.text("EngineVersion").unwrap_or(catalogue::DEFAULT_VERSION);
    let Some(class) = query.text("DBInstanceClass") else {
        return Err(Fault::combination("DBInstanceClass must be specified in the lab."));
    };
    let offered = catalogue::VERSIONS.contains(&version) && catalogue::orderable(class);
    let page = Page::of(query, offered.then_some(("0".to_owned(), class)))?;
    Ok(page.write(
        "OrderableDBInstanceOptions",
        "OrderableDBInstanceOption",
        |xml, class| {
            xml.text("Engine", catalogue::ENGINE);
            xml.text("EngineVersion", version);
            xml.text("DBInstanceClass", class);
            xml.text("LicenseModel", "postgresql-license");
            xml.elements(
                "AvailabilityZones",
                "AvailabilityZone",
                catalogue::ZONES,
                |xml, zone| {
                    xml.text("Name", zone);
                },
            );
            xml.text("Vpc", true);
            xml.text("StorageType", "aurora");
            xml.texts("SupportedEngineModes", "member", ["provisioned"]);
        },
    ))
}

/// DescribeDBProxies: the lab cannot create one.
pub fn proxies(query: &Query) -> Result<Xml> {
    if let Some(name) = query.text("DBProxyName") {
        return Err(Fault::new("DBProxyNotFoundFault", format!("DB proxy {name} not found")));
    }
    let none = Page::of(query, std::iter::empty::<(String, ())>())?;
    Ok(none.write("DBProxies", "member", |_, ()| {}))
}

/// DescribeEventSubscriptions, likewise.
pub fn subscriptions(query: &Query) -> Result<Xml> {
    if let Some(name) = query.text("SubscriptionName") {
        let message = format!("Event Subscription {name} not found.");
        return Err(Fault::new("SubscriptionNotFound", message));
    }
    let none = Page::of(query, std::iter::empty::<(String, ())>())?;
    Ok(none.write("EventSubscriptionsList", "EventSubscription", |_, ()| {}))
}

/// DescribeAccountAttributes: the usage of each quota.
pub fn account_attributes(plane: &Plane) -> Xml {
    let state = plane.state();
    let manual = state
        .snapshots
        .values()
        .filter(|snapshot| snapshot.kind == Kind::Manual)
        .count();
    let quotas = [
        (catalogue::CLUSTERS, state.clusters.len()),
        (catalogue::INSTANCES, state.instances.len()),
        (catalogue::MANUAL_SNAPSHOTS, manual),
        (
            catalogue::CLUSTER_PARAMETER_GROUPS,
            state.cluster_parameter_groups.len(),
        ),
        (
            catalogue::CLUSTER_ROLES,
            state.clusters.values().map(|c| c.roles.len()).max().unwrap_or(0),
        ),
    ];
    let mut xml = Xml::new();
    xml.elements("AccountQuotas", "AccountQuota", quotas, |xml, ((name, most), used)| {
        xml.text("AccountQuotaName", name);
        xml.text("Used", used);
        xml.text("Max", most);
    });
    xml
}
