//! Walks a tree of files, and reports its errors.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::domain::efs_access::directory;
use crate::error::{Error, Result};

/// The result of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub files: u64,
    pub bytes: u64,
    /// Whether no entry was left out because of a limit.
    pub complete: bool,
    /// Directories of restores, which are left out.
    pub restores: u64,
}

/// Counts the regular files under `root`, without the directories of restores in it, and passes each to `visit`: its path
/// relative to `root`, and its size. Files deleted meanwhile are skipped; the walk stops at `until`.
pub fn walk(
    root: &Path,
    most_entries: u64,
    until: Option<Instant>,
    mut visit: impl FnMut(&Path, u64),
) -> Result<Count> {
    let mut count = Count {
        files: 0,
        bytes: 0,
        complete: true,
        restores: 0,
    };
    let mut seen = 0;
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound && directory != root => continue,
            entries => entries.map_err(|error| failed("reading directory", &directory, &error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| failed("reading directory", &directory, &error))?;
            let path = entry.path();
            let Some(metadata) =
                present(entry.metadata()).map_err(|error| failed("reading the metadata of", &path, &error))?
            else {
                continue;
            };
            if directory == root && metadata.is_dir() && is_restores(&entry.file_name()) {
                count.restores += 1;
                continue;
            }
            if seen == most_entries || until.is_some_and(|until| Instant::now() > until) {
                count.complete = false;
                return Ok(count);
            }
            seen += 1;
            if metadata.is_dir() {
                directories.push(path);
            } else if metadata.is_file() {
                count.files += 1;
                count.bytes += metadata.len();
                visit(path.strip_prefix(root).unwrap_or(&path), metadata.len());
            }
        }
    }
    Ok(count)
}

fn is_restores(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| directory::read(name).is_some())
}

/// Size and SHA-256 of a regular file; `None` if there is none.
pub fn read(path: &Path) -> Result<Option<(u64, String)>> {
    let failed = |error: &io::Error| failed("reading", path, error);
    // A link is not followed, and a pipe would never end.
    let metadata = present(fs::symlink_metadata(path)).map_err(|error| failed(&error))?;
    if !metadata.is_some_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let Some(mut file) = present(File::open(path)).map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(n) => {
                hash.update(&part[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(Some((bytes, hex(&hash.finalize()))))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The local path of an absolute path in the file system; `None` if it does not exist, or only through a link.
///
/// # Errors
/// `InvalidInput` for a path that is not absolute, or has `.` or `..` in it.
pub fn inside(mount: &Path, path: &str) -> Result<Option<PathBuf>> {
    let outside = || {
        Error::invalid(
            "root",
            path,
            "an absolute path inside the file system, without . and ..",
        )
    };
    let parts = path.strip_prefix('/').ok_or_else(outside)?;
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !Path::new(parts).components().all(plain) || parts.split('/').any(|part| part == ".") {
        return Err(outside());
    }
    let mount = mount.canonicalize().map_err(|error| {
        Error::NotFound(format!(
            "looking for the file system at {}: {error}. Nothing is mounted there: deploy infra/efs-access.yaml again",
            mount.display()
        ))
    })?;
    let place = mount.join(parts);
    let real = present(place.canonicalize()).map_err(|error| failed("looking for", &place, &error))?;
    Ok(real.filter(|real| *real == place))
}

/// `None` for a path that does not exist, or has a parent that is not a directory.
pub fn present<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Converts an error of the file system.
pub fn failed(doing: &str, path: &Path, error: &io::Error) -> Error {
    let said = format!("{doing} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Error::AccessDenied(format!(
            "{said}. The function has to be root in the file system: check that its access point's user is 0:0, and that its \
             role and the file system's policy allow ClientMount, ClientWrite and ClientRootAccess"
        )),
        ErrorKind::NotFound => Error::NotFound(format!("{said}. Check that the file system is mounted there")),
        _ => Error::Unavailable(format!(
            "{said}. Trying again may help; if this continues, check the file system's mount target"
        )),
    }
}
