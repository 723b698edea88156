//! The dumps that the archive has, found without the catalog.

use super::Postgres;
use crate::domain::catalog_rebuild::TaggedPoint;
use crate::domain::kinds::postgres::{Connection, connection};
use crate::domain::resource::Resource;
use crate::domain::transfers::archive_access::{ArchiveRequest, Dumps, ListedDump};
use crate::domain::transfers::{DUMPS, execution_name};
use crate::error::Result;

impl Postgres {
    /// The dumps below a folder.
    pub(super) async fn dumps(&self, folder: String) -> Result<Vec<ListedDump>> {
        let request = ArchiveRequest::ListDumps { folder };
        let listed: Dumps = self.transfers.archive(&request).await?;
        Ok(listed.dumps)
    }

    pub(super) async fn tagged_dumps(&self, known: &[Resource]) -> Result<Vec<TaggedPoint>> {
        let dumps = self.dumps(DUMPS.to_owned()).await?.into_iter();
        Ok(dumps.filter_map(|dump| self.tagged_dump(dump, known)).collect())
    }

    /// `None` for a dump whose database no descriptor names.
    fn tagged_dump(&self, dump: ListedDump, known: &[Resource]) -> Option<TaggedPoint> {
        let resource = known.iter().find(|resource| is_of(&dump, resource))?;
        let name = execution_name(&dump.set, &dump.resource, super::DUMP);
        let recovery_point = self.point(&dump.folder, self.transfers.execution(&name));
        let captured_at = dump.captured_at();
        Some(TaggedPoint {
            deployment: dump.deployment,
            set: dump.set,
            resource: Some(dump.resource),
            target: resource.target.clone(),
            recovery_point,
            captured_at,
            size_bytes: Some(dump.facts.size_bytes),
            sealed: dump.sealed,
        })
    }
}

fn is_of(dump: &ListedDump, resource: &Resource) -> bool {
    connection(&resource.target).is_ok_and(|known| is_of_server(dump, &known))
}

/// Whether a dump is of this database: many servers have one of the same name, also at several ports of one host.
pub(super) fn is_of_server(dump: &ListedDump, known: &Connection<'_>) -> bool {
    (dump.database.as_str(), dump.host.as_str(), dump.port)
        == (known.database, known.server.host.as_str(), known.server.port)
}
