//! CreateDBCluster, and the part that restores share: adding a cluster to the region.

use std::sync::Arc;

use super::describe_clusters;
use crate::postgres::Server;
use crate::rds::catalogue;
use crate::rds::cluster::{Cluster, ManagedSecret, Pending, Phase, Role};
use crate::rds::fault::{Fault, Result};
use crate::rds::job::Job;
use crate::rds::names;
use crate::rds::plane::{self, Plane};
use crate::rds::query::Query;
use crate::rds::secret::new_password;
use crate::rds::settings::Settings;
use crate::rds::tags::{self, Tags};
use crate::rds::xml::Xml;
use crate::service::Call;

/// CreateDBCluster.
pub async fn run(plane: &Arc<Plane>, call: &Call, query: &Query) -> Result<Xml> {
    let mut new = NewCluster::read(query)?;
    catalogue::engine(query.required("Engine")?)?;
    new.settings = Settings::defaults(&catalogue::version(query.text("EngineVersion"))?);
    new.settings.apply(query)?;
    new.settings.http_endpoint = query.flag("EnableHttpEndpoint")?.unwrap_or(false);
    new.settings.database_name = query.text("DatabaseName").map(names::database_name).transpose()?;
    new.settings.master_username = names::master_username(query.required("MasterUsername")?)?;
    let managed = query.flag("ManageMasterUserPassword")?.unwrap_or(false);
    let password = match (query.text("MasterUserPassword"), managed) {
        (Some(password), false) => names::master_password(password)?,
        (None, true) => new_password(),
        (Some(_), true) => {
            return Err(Fault::combination(
                "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled.",
            ));
        }
        (None, false) => {
            return Err(Fault::combination(
                "The parameter MasterUserPassword must be provided, or ManageMasterUserPassword.",
            ));
        }
    };
    new.check(plane)?;
    new.settings.kms_key = plane.new_clusters_key(query).await?;
    if managed {
        let (arn, user) = (new.arn(plane), &new.settings.master_username);
        let key = query.text("MasterUserSecretKmsKeyId");
        new.secret = Some(plane.create_secret(&arn, user, &password, key).await?);
    }
    let job = Job::start(&plane.world, call, plane.world.durations.of(|s| s.cluster_restore));
    let settings = new.settings.clone();
    let (resource_id, xml) = new.add(plane, job)?;
    let postgres = plane.postgres.clone();
    plane.work(resource_id, async move {
        let server = Server::create(&postgres).await?;
        let database = settings.database_name.as_deref().filter(|name| *name != "postgres");
        server
            .create_master(&settings.master_username, &password, database)
            .await?;
        Ok(server)
    });
    Ok(xml)
}

/// A cluster before its creation.
pub struct NewCluster {
    pub id: String,
    pub settings: Settings,
    pub tags: Tags,
    pub roles: Vec<Role>,
    pub secret: Option<ManagedSecret>,
    pub clone_group: Option<String>,
}

impl NewCluster {
    /// The identifier, tags and roles of a create or restore call; the settings are still defaults.
    pub fn read(query: &Query) -> Result<Self> {
        let roles = query.structures("AssociatedRoles");
        let role = |role: &Query| {
            Ok(Role {
                arn: role.required("RoleArn")?.to_owned(),
                feature: role.text("FeatureName").map(str::to_owned),
            })
        };
        Ok(Self {
            id: names::new_identifier("DBClusterIdentifier", query.required("DBClusterIdentifier")?)?,
            settings: Settings::defaults(catalogue::DEFAULT_VERSION),
            tags: tags::requested(query)?.unwrap_or_default(),
            roles: roles.iter().map(role).collect::<Result<_>>()?,
            secret: None,
            clone_group: None,
        })
    }

    fn arn(&self, plane: &Plane) -> String {
        plane.world.arn("rds", &format!("cluster:{}", self.id))
    }

    /// Checks that the name is free, the quota is not reached and the groups exist.
    pub fn check(&self, plane: &Plane) -> Result<()> {
        let state = plane.state();
        if state.clusters.contains_key(&self.id) {
            let message = format!("DB Cluster already exists: {}", self.id);
            return Err(Fault::new("DBClusterAlreadyExistsFault", message));
        }
        if state.clusters.len() >= catalogue::CLUSTERS.1 {
            let message = format!("DB Cluster quota exceeded: {}", catalogue::CLUSTERS.1);
            return Err(Fault::new("DBClusterQuotaExceededFault", message));
        }
        for zone in &self.settings.availability_zones {
            state.offers(&self.settings.subnet_group, zone)?;
        }
        state.check_references(&self.settings)
    }

    /// Adds the cluster, `creating`; returns its resource id, for the work behind it, and the call's result.
    pub fn add(self, plane: &Plane, job: Job) -> Result<(String, Xml)> {
        self.check(plane)?;
        let arn = self.arn(plane);
        let now = plane.now();
        let mut state = plane.state();
        let mut settings = self.settings;
        settings.availability_zones = catalogue::storage_zones(state.order, &self.id, &settings.availability_zones);
        let cluster = Cluster {
            endpoint: state.addresses.endpoint(&self.id, settings.port),
            arn,
            resource_id: plane::resource_id("cluster"),
            created: now,
            settings,
            tags: self.tags,
            roles: self.roles,
            secret: self.secret,
            phase: Phase::Creating(job),
            writer: None,
            server: None,
            backed_up_since: None,
            pending: Pending::default(),
            clone_group: self.clone_group,
            id: self.id,
        };
        let resource_id = cluster.resource_id.clone();
        let xml = describe_clusters::one(&state, &cluster, now);
        state.clusters.insert(cluster.id.clone(), cluster);
        Ok((resource_id, xml))
    }
}
