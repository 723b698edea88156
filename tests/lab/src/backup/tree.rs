//! Copies of directory trees: bytes, names, links, permissions, owners and times. Sockets and pipes are left out, as
//! AWS Backup does.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;
use std::time::SystemTime;

/// Copies the contents of `from` into `to`, which is created if missing, and returns the bytes of all files.
///
/// # Errors
/// The first path that can't be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    let named = |error: io::Error, path: &Path| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let meta = fs::symlink_metadata(from).map_err(|error| named(error, from))?;
    let bytes = if meta.is_symlink() {
        let target = fs::read_link(from).map_err(|error| named(error, from))?;
        symlink(target, to).map_err(|error| named(error, to))?;
        let _ = lchown(to, Some(meta.uid()), Some(meta.gid()));
        0
    } else if meta.is_file() {
        let bytes = fs::copy(from, to).map_err(|error| named(error, from))?;
        keep(&meta, to).map_err(|error| named(error, to))?;
        bytes
    } else if meta.is_dir() {
        fs::create_dir_all(to).map_err(|error| named(error, to))?;
        let mut bytes = 0;
        for entry in fs::read_dir(from).map_err(|error| named(error, from))? {
            let name = entry?.file_name();
            bytes += match copy(&from.join(&name), &to.join(&name)) {
                // Deleted meanwhile: it does not exist at the end.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !from.join(&name).exists() => 0,
                copied => copied?,
            };
        }
        keep(&meta, to).map_err(|error| named(error, to))?;
        bytes
    } else {
        0
    };
    Ok(bytes)
}

/// Gives `to` the owner, permissions and times of the original. Only root can change owners; for anybody else the
/// owner is the user who runs the lab.
fn keep(original: &fs::Metadata, to: &Path) -> io::Result<()> {
    let _ = chown(to, Some(original.uid()), Some(original.gid()));
    let times = fs::FileTimes::new()
        .set_modified(original.modified().unwrap_or(SystemTime::UNIX_EPOCH))
        .set_accessed(original.accessed().unwrap_or(SystemTime::UNIX_EPOCH));
    fs::File::open(to)?.set_times(times)?;
    // Last: a file may be read-only from here on.
    fs::set_permissions(to, fs::Permissions::from_mode(original.mode() & 0o7777))
}

/// Removes every second file of a tree, for an incomplete backup; returns the remaining bytes.
pub(super) fn halve(dir: &Path) -> io::Result<u64> {
    let mut left = 0;
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for (number, entry) in entries.iter().enumerate() {
        let meta = entry.metadata()?;
        if meta.is_dir() {
            left += halve(&entry.path())?;
        } else if number % 2 == 0 {
            fs::remove_file(entry.path())?;
        } else {
            left += meta.len();
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_has_the_bytes_names_links_permissions_and_times() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/é file"), b"bytes\0\xff").unwrap();
        fs::write(from.join("a/empty"), b"").unwrap();
        symlink("b/é file", from.join("a/link")).unwrap();
        symlink("nowhere", from.join("dangling")).unwrap();
        fs::set_permissions(from.join("a/b/é file"), fs::Permissions::from_mode(0o440)).unwrap();
        fs::set_permissions(from.join("a/b"), fs::Permissions::from_mode(0o750)).unwrap();
        nix::unistd::mkfifo(&from.join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        let to = dir.path().join("to");
        assert_eq!(copy(&from, &to).unwrap(), 7);
        assert_eq!(fs::read(to.join("a/b/é file")).unwrap(), b"bytes\0\xff");
        assert_eq!(fs::read(to.join("a/empty")).unwrap(), b"");
        assert_eq!(fs::read_link(to.join("a/link")).unwrap(), Path::new("b/é file"));
        assert_eq!(fs::read_link(to.join("dangling")).unwrap(), Path::new("nowhere"));
        assert!(!to.join("pipe").exists());
        let file = |root: &Path| fs::metadata(root.join("a/b/é file")).unwrap();
        assert_eq!(file(&to).mode() & 0o7777, 0o440);
        assert_eq!(file(&to).modified().unwrap(), file(&from).modified().unwrap());
        assert_eq!(fs::metadata(to.join("a/b")).unwrap().mode() & 0o7777, 0o750);
    }

    #[test]
    fn a_halved_tree_has_fewer_files_and_says_how_many_bytes_are_left() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["1", "2", "3"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        assert_eq!(halve(dir.path()).unwrap(), 1);
        assert!(dir.path().join("2").exists() && !dir.path().join("1").exists());
    }
}
