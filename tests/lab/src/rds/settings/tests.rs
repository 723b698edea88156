#![allow(clippy::unwrap_used)]
use super::*;

fn applied(form: &str) -> Result<Settings> {
    let mut settings = Settings::defaults("16.8");
    settings.apply(&Query::read(form))?;
    Ok(settings)
}

#[test]
fn what_is_not_said_stays() {
    let before = Settings::defaults("16.8");
    assert_eq!(applied("DBClusterIdentifier=a").unwrap(), before);
    let after = applied("BackupRetentionPeriod=7&VpcSecurityGroupIds.VpcSecurityGroupId.1=sg-1").unwrap();
    assert_eq!(after.retention_days, 7);
    assert_eq!(after.security_groups, ["sg-1"]);
    assert_eq!(after.subnet_group, "default");
}

#[test]
fn log_exports_are_set_by_restores_and_changed_by_modifications() {
    let mut settings = applied("EnableCloudwatchLogsExports.member.1=postgresql").unwrap();
    settings
        .apply(&Query::read(
            "CloudwatchLogsExportConfiguration.EnableLogTypes.member.1=instance\
             &CloudwatchLogsExportConfiguration.DisableLogTypes.member.1=postgresql",
        ))
        .unwrap();
    assert_eq!(settings.log_exports, ["instance"]);
    assert_eq!(
        applied("EnableCloudwatchLogsExports.member.1=audit").unwrap_err().code,
        "InvalidParameterCombination"
    );
}

#[test]
fn values_out_of_range_are_refused() {
    for form in [
        "Port=80",
        "BackupRetentionPeriod=0",
        "BackupRetentionPeriod=36",
        "PreferredBackupWindow=later",
        "StorageType=gp3",
        "EngineMode=serverless",
        "VpcSecurityGroupIds.member.1=default",
        "ServerlessV2ScalingConfiguration.MinCapacity=1",
        "ServerlessV2ScalingConfiguration.MinCapacity=0.3&ServerlessV2ScalingConfiguration.MaxCapacity=2",
        "ServerlessV2ScalingConfiguration.MinCapacity=4&ServerlessV2ScalingConfiguration.MaxCapacity=2",
    ] {
        assert!(applied(form).is_err(), "{form}");
    }
}

#[test]
fn the_standard_storage_type_is_not_named() {
    let xml = |form: &str| {
        let mut xml = Xml::new();
        applied(form).unwrap().write(&mut xml);
        format!("{xml:?}")
    };
    assert!(!xml("StorageType=aurora").contains("StorageType"));
    assert!(xml("StorageType=aurora-iopt1").contains("<StorageType>aurora-iopt1</StorageType>"));
}
